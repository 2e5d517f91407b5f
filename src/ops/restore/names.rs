//! Names under which databases can be restored beside those that are there.

use crate::catalog::endpoints;
use crate::domain::secret::Redactor;
use crate::domain::{Error, Result};
use crate::ops::Session;
use crate::source::Source;
use crate::store::adapters;

/// The longest name that every engine takes, in bytes.
const LONGEST: usize = 63;

/// Tries before a name is given up.
const TRIES: u32 = 100;

/// For each database a name of its own that nothing on the source `to` has yet: its name with `suffix`, and a number where
/// that is taken. Changes nothing.
pub async fn free_names(session: &Session, to: &str, databases: &[String], suffix: &str) -> Result<Vec<String>> {
    let adapter = session.instance.store.read(|db| adapters::find(db, to))?;
    let opened = endpoints::source(&session.instance, adapter.id)?;
    let redactor = Redactor::new(opened.secrets.iter().cloned());
    let mut free = Vec::new();
    for database in databases {
        let name = free_name(opened.driver.as_ref(), database, suffix, &free).await;
        let on_adapter = |error: Error| opened.explain(error.or_on(format!("adapter {}", adapter.name)));
        free.push(name.map_err(|error| redactor.mask_error(&on_adapter(error)))?);
    }
    Ok(free)
}

async fn free_name(source: &dyn Source, database: &str, suffix: &str, taken: &[String]) -> Result<String> {
    for number in 1..=TRIES {
        let name = candidate(database, suffix, number);
        if !taken.contains(&name) && !source.target(&name).await?.exists {
            return Ok(name);
        }
    }
    Err(
        Error::failed(format!("{TRIES} names like {database}{suffix} are taken"))
            .next("drop copies that nobody needs, or give a name of your own"),
    )
}

/// `shop_2026_03_09`, `shop_2026_03_09_2`; what is too long loses its end before the suffix.
fn candidate(database: &str, suffix: &str, number: u32) -> String {
    let tail = match number {
        1 => suffix.to_owned(),
        number => format!("{suffix}_{number}"),
    };
    let mut kept = database.len().min(LONGEST.saturating_sub(tail.len()));
    while !database.is_char_boundary(kept) {
        kept -= 1;
    }
    database.get(..kept).unwrap_or_default().to_owned() + &tail
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_would_be_too_long_loses_its_end_and_keeps_what_tells_it_apart() {
        assert_eq!(candidate("shop", "_2026_03_09", 1), "shop_2026_03_09");
        assert_eq!(candidate("shop", "_2026_03_09", 3), "shop_2026_03_09_3");
        let long = candidate(&"ä".repeat(60), "_2026_03_09", 2);
        assert!(long.ends_with("ä_2026_03_09_2"), "{long}");
        assert!(long.len() <= LONGEST);
    }
}
