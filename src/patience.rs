//! Patience with what may never answer. A file system whose server is gone holds whoever touches it, for good, on a thread
//! that nothing frees: so a question has a limit, and while one is out no other is asked.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio_util::task::AbortOnDropHandle;

use crate::domain::{Error, Result};

/// How long an answer to "are you there?" may take.
pub const LIMIT: Duration = Duration::from_secs(15);

/// Questions that were not answered in time, by who was asked. Each is there as long as it is out.
static UNANSWERED: Mutex<BTreeMap<String, Weak<()>>> = Mutex::new(BTreeMap::new());

/// Asks `whom` a question that is answered at once, or never. One that is not answered in time goes on by itself, and until it
/// comes back every other question to `whom` fails without being asked. Dropping this takes the question back, as far as it can
/// be taken back.
pub async fn ask<T: Send + 'static>(
    whom: &str,
    question: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<T> {
    if unanswered().get(whom).is_some_and(|out| out.strong_count() > 0) {
        return Err(silent("it has not answered an earlier question yet"));
    }
    let out = Arc::new(());
    let mark = Arc::downgrade(&out);
    let mut asked = AbortOnDropHandle::new(tokio::spawn(async move {
        let answer = question.await;
        drop(out);
        answer
    }));
    if let Ok(answer) = tokio::time::timeout(LIMIT, &mut asked).await {
        return answer.unwrap_or_else(|error| Err(Error::failed(format!("the question broke off: {error}"))));
    }
    unanswered().insert(whom.to_owned(), mark);
    drop(asked.detach());
    Err(silent(&format!("no answer within {} s", LIMIT.as_secs())))
}

/// The error for who does not answer.
pub fn silent(how: &str) -> Error {
    Error::failed(how)
        .next("see whether the server or the mount it lies on is there")
        .transient()
}

fn unanswered() -> MutexGuard<'static, BTreeMap<String, Weak<()>>> {
    UNANSWERED.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_does_not_answer_is_asked_no_more_until_the_answer_comes() {
        let (answer, waits) = oneshot::channel();
        let never = async move { waits.await.map_err(|_| Error::failed("dropped")) };
        let first = ask("a dead mount", never).await.unwrap_err();
        assert_eq!(first.message, "no answer within 15 s");
        let second = ask("a dead mount", async { Ok(()) }).await.unwrap_err();
        assert_eq!(second.message, "it has not answered an earlier question yet");
        assert_eq!(ask("another", async { Ok(1) }).await.unwrap(), 1);

        answer.send(()).unwrap();
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert_eq!(ask("a dead mount", async { Ok(2) }).await.unwrap(), 2);
    }
}
