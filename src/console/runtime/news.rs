//! What happens outside and is to be shown: changes in the database, by whomever, and the engine's end. Neither is polled for.

use std::pin::Pin;
use std::time::Duration;

use tokio::sync::mpsc::Sender;
use tokio::time::{Instant, sleep, sleep_until};

use crate::console::message::{Message, Reply};
use crate::domain::Result;
use crate::ops::watch::Changes;
use crate::ops::{Session, engine_process};

/// Between two looks at what changed: a busy run writes more often than anybody reads. The first is at once, the last is never
/// left out.
const BETWEEN: Duration = Duration::from_millis(100);

/// After a failure, until it is tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// After a change while no engine was seen, until it is looked for once more.
const LOOK: Duration = Duration::from_secs(1);

type Gone = Pin<Box<dyn Future<Output = Result<()>> + Send>>;

/// Sends what happens to `messages` until nobody listens.
pub async fn follow(session: Session, messages: Sender<Message>) {
    let mut changes = loop {
        match Changes::new(&session) {
            Ok(changes) => break changes,
            Err(error) => {
                if messages.send(Message::Reply(Reply::Done(Err(error)))).await.is_err() {
                    return;
                }
                sleep(PAUSE).await;
            }
        }
    };
    let mut engine = arm(&session);
    let mut look = None;
    loop {
        let message = tokio::select! {
            outcome = changes.changed() => {
                if outcome.is_err() {
                    // Whoever reads next is told why it cannot be read.
                    sleep(PAUSE).await;
                }
                Message::Changed
            }
            () = ended(engine.as_mut()) => {
                engine = None;
                Message::EngineChanged
            }
            () = sleep_until(look.unwrap_or_else(Instant::now)), if look.is_some() => Message::EngineChanged,
        };
        if engine.is_none() {
            // An engine that starts writes to the database. One that ends as soon as that may have been seen alive by
            // whoever was told of the change: one more look, and then no more.
            engine = arm(&session);
            look = (engine.is_none() && matches!(message, Message::Changed)).then(|| Instant::now() + LOOK);
        }
        if messages.send(message).await.is_err() {
            return;
        }
        sleep(BETWEEN).await;
    }
}

/// Waits for the end of the engine that runs; `None` when none does.
fn arm(session: &Session) -> Option<Gone> {
    let running = engine_process::is_running(&session.instance.paths).unwrap_or(false);
    running.then(|| Box::pin(engine_process::gone(session)) as Gone)
}

/// An engine that cannot be watched is as good as gone: it is looked for again at the next change.
async fn ended(engine: Option<&mut Gone>) {
    match engine {
        Some(engine) => drop(engine.await),
        None => std::future::pending().await,
    }
}
