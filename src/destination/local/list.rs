//! Listing: every regular file below a folder, symbolic links not followed.

use std::path::Path;

use super::super::Entry;
use super::place::Place;
use crate::domain::Result;
use crate::domain::error::Context as _;

/// Every object below `prefix`, sorted by path.
pub(super) fn list(place: &Place, prefix: &str) -> Result<Vec<Entry>> {
    place.check()?;
    let prefix = prefix.trim_end_matches('/');
    let start = if prefix.is_empty() {
        place.refuse_links(place.root())?;
        place.root().to_owned()
    } else {
        place.resolve(prefix)?
    };
    let mut entries = Vec::new();
    let mut folders = vec![start];
    while let Some(folder) = folders.pop() {
        // A folder that went away since its parent was read has no objects any more.
        let Some(listing) = place.unless_gone(std::fs::read_dir(&folder), "cannot list the folder", &folder)? else {
            continue;
        };
        for item in listing {
            let item = item.doing("cannot list the folder", folder.display())?;
            let at = item.path();
            let Some(found) = place.unless_gone(item.metadata(), "cannot look at it", &at)? else {
                continue;
            };
            if found.is_dir() {
                folders.push(at);
            } else if found.is_file() && at != place.mark() {
                entries.extend(below(place.root(), &at).map(|path| Entry {
                    path,
                    size: found.len(),
                }));
            }
        }
    }
    entries.sort();
    Ok(entries)
}

/// The path below the root. Objects have names in UTF-8, so a file with any other is a stranger's and no object.
fn below(root: &Path, at: &Path) -> Option<String> {
    at.strip_prefix(root).ok()?.to_str().map(str::to_owned)
}
