//! A destination with limits: whatever is asked of one that hangs (a mount whose server is gone) fails in time, so that a run
//! gives up that copy and goes on with the others.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::time::timeout;

use super::{Destination, Entry, Sink};
use crate::domain::adapter::Probe;
use crate::domain::{Result, units};
use crate::patience::{ask, silent};
use crate::pipeline::chunks::Chunks;

/// Another destination, not waited for longer than a limit.
pub struct Patient {
    inner: Arc<dyn Destination>,
    limit: Duration,
}

impl Patient {
    /// `limit` is for one step of work: a piece written or read, an object made durable, a listing.
    pub fn new(inner: Arc<dyn Destination>, limit: Duration) -> Self {
        Self { inner, limit }
    }
}

async fn within<T>(limit: Duration, work: impl Future<Output = Result<T>>) -> Result<T> {
    let done = timeout(limit, work).await;
    done.unwrap_or_else(|_| Err(silent(&format!("no answer for {}", units::duration(limit)))))
}

#[async_trait]
impl Destination for Patient {
    fn summary(&self) -> String {
        self.inner.summary()
    }

    fn local_path(&self) -> Option<&Path> {
        self.inner.local_path()
    }

    fn directory(&self) -> Option<&Path> {
        self.inner.directory()
    }

    async fn probe(&self) -> Result<Probe> {
        let inner = Arc::clone(&self.inner);
        ask(&self.summary(), async move { inner.probe().await }).await
    }

    async fn reach(&self) -> Result<()> {
        let inner = Arc::clone(&self.inner);
        ask(&self.summary(), async move { inner.reach().await }).await
    }

    async fn write(&self, path: &str) -> Result<Box<dyn Sink>> {
        let sink = within(self.limit, self.inner.write(path)).await?;
        Ok(Box::new(PatientSink {
            inner: sink,
            limit: self.limit,
        }))
    }

    async fn read(&self, path: &str, range: Option<Range<u64>>) -> Result<Chunks> {
        let chunks = within(self.limit, self.inner.read(path, range)).await?;
        Ok(chunks.within(self.limit))
    }

    async fn list(&self, prefix: &str) -> Result<Vec<Entry>> {
        within(self.limit, self.inner.list(prefix)).await
    }

    async fn stat(&self, path: &str) -> Result<Option<u64>> {
        within(self.limit, self.inner.stat(path)).await
    }

    async fn delete(&self, path: &str) -> Result<()> {
        within(self.limit, self.inner.delete(path)).await
    }

    async fn remove_empty_folder(&self, folder: &str) -> Result<()> {
        within(self.limit, self.inner.remove_empty_folder(folder)).await
    }
}

struct PatientSink {
    inner: Box<dyn Sink>,
    limit: Duration,
}

#[async_trait]
impl Sink for PatientSink {
    async fn write(&mut self, chunk: Bytes) -> Result<()> {
        within(self.limit, self.inner.write(chunk)).await
    }

    async fn finish(self: Box<Self>) -> Result<u64> {
        within(self.limit, self.inner.finish()).await
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;
    use crate::pipeline::chunks;
    use crate::pipeline::fan_out::{self, CopySink};
    use crate::pipeline::meter::Meter;

    /// Takes what it is given, or hangs from the first question on.
    struct Place {
        hangs: bool,
    }

    impl Place {
        async fn answer<T>(&self, answer: T) -> Result<T> {
            if self.hangs {
                pending::<()>().await;
            }
            Ok(answer)
        }
    }

    #[async_trait]
    impl Destination for Place {
        fn summary(&self) -> String {
            format!("a place that hangs: {}", self.hangs)
        }

        async fn probe(&self) -> Result<Probe> {
            self.answer(Probe::default()).await
        }

        async fn reach(&self) -> Result<()> {
            self.answer(()).await
        }

        async fn write(&self, _: &str) -> Result<Box<dyn Sink>> {
            Ok(Box::new(Taking {
                hangs: self.hangs,
                taken: 0,
            }))
        }

        async fn read(&self, _: &str, _: Option<Range<u64>>) -> Result<Chunks> {
            let (sender, chunks) = chunks::channel();
            let hangs = self.hangs;
            tokio::spawn(async move {
                if hangs {
                    sender.closed().await;
                }
                sender.finish(Ok(())).await;
            });
            Ok(chunks)
        }

        async fn list(&self, _: &str) -> Result<Vec<Entry>> {
            self.answer(Vec::new()).await
        }

        async fn stat(&self, _: &str) -> Result<Option<u64>> {
            self.answer(None).await
        }

        async fn delete(&self, _: &str) -> Result<()> {
            self.answer(()).await
        }

        async fn remove_empty_folder(&self, _: &str) -> Result<()> {
            self.answer(()).await
        }
    }

    struct Taking {
        hangs: bool,
        taken: u64,
    }

    #[async_trait]
    impl Sink for Taking {
        async fn write(&mut self, chunk: Bytes) -> Result<()> {
            if self.hangs && self.taken > 0 {
                pending::<()>().await;
            }
            self.taken += chunk.len() as u64;
            Ok(())
        }

        async fn finish(self: Box<Self>) -> Result<u64> {
            Ok(self.taken)
        }
    }

    fn place(hangs: bool) -> Patient {
        Patient::new(Arc::new(Place { hangs }), Duration::from_mins(15))
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_that_is_asked_of_a_place_that_hangs_takes_for_ever() {
        let (well, hanging) = (place(false), place(true));
        well.probe().await.unwrap();
        well.list("").await.unwrap();
        assert!(well.read("object", None).await.unwrap().next().await.unwrap().is_none());

        assert_eq!(hanging.probe().await.unwrap_err().message, "no answer within 15 s");
        // The question is out still.
        let again = hanging.reach().await.unwrap_err();
        assert_eq!(again.message, "it has not answered an earlier question yet");
        assert!(again.transient && !again.next.is_empty());
        let late = |error: crate::domain::Error| assert_eq!(error.message, "no answer for 15m 00s");
        late(hanging.list("").await.unwrap_err());
        late(hanging.stat("object").await.unwrap_err());
        late(hanging.delete("object").await.unwrap_err());
        late(hanging.remove_empty_folder("folder").await.unwrap_err());
        let mut chunks = hanging.read("object", None).await.unwrap();
        late(chunks.next().await.unwrap_err());
        let mut chunks = hanging.read("object", None).await.unwrap();
        let (sender, read) = tokio::sync::oneshot::channel();
        std::thread::spawn(move || sender.send(chunks.blocking_next()));
        late(read.await.unwrap().unwrap_err());
    }

    #[tokio::test(start_paused = true)]
    async fn one_copy_that_hangs_in_the_middle_costs_no_other() {
        let (sender, stored) = chunks::channel();
        let mut sinks = Vec::new();
        for (index, hangs) in [false, true].into_iter().enumerate() {
            let sink = place(hangs).write("object").await.unwrap();
            sinks.push(CopySink { index, sink });
        }
        let sent = async {
            for _ in 0..20 {
                sender.send(Bytes::from_static(b"chunk")).await.unwrap();
            }
            sender.finish(Ok(())).await;
        };
        let (outcomes, ()) = tokio::join!(fan_out::write(stored, sinks, Arc::new(Meter::new(2))), sent);
        let outcomes = outcomes.unwrap();
        assert_eq!(*outcomes[0].result.as_ref().unwrap(), 100);
        assert!(
            outcomes[1]
                .result
                .as_ref()
                .unwrap_err()
                .message
                .contains("no answer for")
        );
    }
}
