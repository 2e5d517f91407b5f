//! Themes and keys are read again when their files change; the directory is watched, nothing is polled.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;
use tokio::sync::mpsc::Sender;
use tokio::time::timeout;

use super::Files;
use crate::console::message::Message;

/// An editor writes a file in several steps; it is read once nothing has happened for so long.
const QUIET: Duration = Duration::from_millis(50);

/// Sends themes and keys to `messages` whenever their files have changed, until nobody listens. Where file events cannot be had,
/// they are as they were at the start.
pub async fn follow(files: Files, messages: Sender<Message>) {
    let touched = Arc::new(Notify::new());
    let Some(_watcher) = watch(files.directory(), Arc::clone(&touched)) else {
        return;
    };
    let (mut themes, mut keymap) = (files.themes(), files.keymap());
    loop {
        touched.notified().await;
        while timeout(QUIET, touched.notified()).await.is_ok() {}
        let (themes_now, keymap_now) = (files.themes(), files.keymap());
        let mut news = Vec::new();
        if themes_now != themes {
            themes = themes_now;
            news.push(Message::Themes(themes.0.clone(), themes.1.clone()));
        }
        if keymap_now != keymap {
            keymap = keymap_now;
            news.push(Message::Keys(keymap.clone()));
        }
        for message in news {
            if messages.send(message).await.is_err() {
                return;
            }
        }
    }
}

fn watch(directory: &Path, touched: Arc<Notify>) -> Option<RecommendedWatcher> {
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
        // Reading opens and closes files too. A lost event means "look".
        let look = event.map_or(true, |event| {
            let named = |path: &Path| path.extension().is_some_and(|extension| extension == "toml");
            event.need_rescan() || (!event.kind.is_access() && event.paths.iter().any(|path| named(path)))
        });
        if look {
            touched.notify_one();
        }
    })
    .ok()?;
    watcher.watch(directory, RecursiveMode::Recursive).ok()?;
    Some(watcher)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::keymap::Keymap;

    /// More than a machine under load needs.
    const LIMIT: Duration = Duration::from_secs(20);

    #[tokio::test]
    async fn what_is_written_is_read_and_what_is_broken_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let keys = directory.path().join("keys.toml");
        let (messages, mut received) = tokio::sync::mpsc::channel(8);
        let following = tokio::spawn(follow(Files::below(directory.path()), messages));
        let next = async |received: &mut tokio::sync::mpsc::Receiver<Message>, texts: [&str; 2]| {
            // Written until it is seen, one and the other: nobody says when the watching has begun.
            for text in texts.iter().cycle() {
                std::fs::write(&keys, text).unwrap();
                if let Ok(Some(Message::Keys(keymap))) = timeout(QUIET * 8, received.recv()).await {
                    return keymap;
                }
            }
            unreachable!("texts go round")
        };
        let good = ["[everywhere]\nhelp = [\"f9\"]\n", "[everywhere]\nhelp = [\"f10\"]\n"];
        let keymap = timeout(LIMIT, next(&mut received, good)).await.unwrap();
        assert_ne!(keymap.unwrap(), Keymap::default());
        let bad = ["[everywhere", "[nowhere]"];
        let broken = timeout(LIMIT, next(&mut received, bad)).await.unwrap();
        assert!(broken.unwrap_err().object.ends_with("keys.toml"));
        following.abort();
    }
}
