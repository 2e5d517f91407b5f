//! What stages hand to each other: a bounded queue of byte chunks that ends with a verdict. A queue that merely closes,
//! because its producer died, is an error to whoever reads it; end of bytes alone is never success.

use std::io::{self, BufRead, Read};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use super::meter::Meter;
use crate::domain::{Error, Result, units};

/// Bytes in one chunk, where the producer can choose. 1 MiB keeps the queue's cost per byte out of sight.
pub const CHUNK_BYTES: usize = 1 << 20;

/// Chunks in flight between two stages. With [`CHUNK_BYTES`] this bounds the memory of a stage.
const QUEUE: usize = 4;

enum Item {
    Data(Bytes),
    Failed(Error),
    Finished,
}

/// The producing end.
pub struct ChunkSender {
    queue: mpsc::Sender<Item>,
}

/// The reading end.
pub struct Chunks {
    queue: mpsc::Receiver<Item>,
    finished: bool,
    meter: Option<Arc<Meter>>,
    ending: Ending,
    limit: Option<Limit>,
}

/// How long a reader waits for the next chunk.
struct Limit {
    after: Duration,
    runtime: Handle,
}

/// How a stream ended, for whoever handed it to a consumer: unset while it goes on, then nothing or what it failed with. Tells
/// a bad stream from a consumer that failed by itself.
pub type Ending = Arc<OnceLock<Option<Error>>>;

/// The reader of a queue, as those see it who work for it. Keeps the queue from closing while it is held.
pub struct Reader {
    queue: mpsc::Sender<Item>,
    runtime: Handle,
}

/// A new queue.
pub fn channel() -> (ChunkSender, Chunks) {
    let (sender, receiver) = mpsc::channel(QUEUE);
    let chunks = Chunks {
        queue: receiver,
        finished: false,
        meter: None,
        ending: Arc::new(OnceLock::new()),
        limit: None,
    };
    (ChunkSender { queue: sender }, chunks)
}

/// The reader of a queue went away; the producer has nobody to work for and should stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone;

impl From<Gone> for Error {
    fn from(_: Gone) -> Self {
        Error::interrupted("the reading side stopped")
    }
}

impl ChunkSender {
    /// Hands on one chunk; waits while the queue is full.
    pub async fn send(&self, chunk: Bytes) -> Result<(), Gone> {
        self.queue.send(Item::Data(chunk)).await.map_err(|_| Gone)
    }

    /// The same from a thread of its own.
    pub fn blocking_send(&self, chunk: Bytes) -> Result<(), Gone> {
        self.queue.blocking_send(Item::Data(chunk)).map_err(|_| Gone)
    }

    /// Whether the reader went away, for a producer that is busy with something other than sending.
    pub fn is_gone(&self) -> bool {
        self.queue.is_closed()
    }

    /// Resolves when the reader has gone away, for producers that may be waiting for something else just then.
    pub fn closed(&self) -> impl Future<Output = ()> + Send + use<> {
        let queue = self.queue.clone();
        async move { queue.closed().await }
    }

    /// A handle on the reader, for a thread that works for it.
    pub fn reader(&self) -> Reader {
        Reader {
            queue: self.queue.clone(),
            runtime: Handle::current(),
        }
    }

    /// Ends the stream with its verdict. `Ok` says: every byte was sent and the producer is known to have succeeded.
    pub async fn finish(self, verdict: Result<()>) {
        // A reader that is gone does not need the verdict.
        let _ = self.queue.send(Self::last(verdict)).await;
    }

    /// The same from a thread of its own.
    pub fn blocking_finish(self, verdict: Result<()>) {
        let _ = self.queue.blocking_send(Self::last(verdict));
    }

    fn last(verdict: Result<()>) -> Item {
        match verdict {
            Ok(()) => Item::Finished,
            Err(error) => Item::Failed(error),
        }
    }
}

impl Chunks {
    /// Counts what is read as plain bytes.
    #[must_use]
    pub fn metered(mut self, meter: Arc<Meter>) -> Self {
        self.meter = Some(meter);
        self
    }

    /// Fails when the next chunk does not come within `after`. Called on a runtime.
    #[must_use]
    pub fn within(mut self, after: Duration) -> Self {
        let runtime = Handle::current();
        self.limit = Some(Limit { after, runtime });
        self
    }

    /// Where the stream's end will be told.
    pub fn ending(&self) -> Ending {
        Arc::clone(&self.ending)
    }

    /// The next chunk; `None` only after the producer declared success.
    pub async fn next(&mut self) -> Result<Option<Bytes>> {
        if self.finished {
            return Ok(None);
        }
        let item = match &self.limit {
            None => self.queue.recv().await,
            Some(limit) => limit.wait(self.queue.recv()).await,
        };
        self.take(item)
    }

    /// The same from a thread of its own.
    pub fn blocking_next(&mut self) -> Result<Option<Bytes>> {
        if self.finished {
            return Ok(None);
        }
        let item = match &self.limit {
            None => self.queue.blocking_recv(),
            Some(limit) => limit.runtime.block_on(limit.wait(self.queue.recv())),
        };
        self.take(item)
    }

    /// The same, given up when `reader` goes away: a producer that hangs must not be waited for when nobody wants its work.
    pub fn blocking_next_for(&mut self, reader: &Reader) -> Result<Option<Bytes>> {
        if self.finished {
            return Ok(None);
        }
        let item = reader.runtime.block_on(async {
            tokio::select! {
                biased;
                () = reader.queue.closed() => Err(Gone),
                item = self.queue.recv() => Ok(item),
            }
        });
        self.take(item?)
    }

    fn take(&mut self, item: Option<Item>) -> Result<Option<Bytes>> {
        let error = match item {
            Some(Item::Data(chunk)) => {
                if let Some(meter) = &self.meter {
                    meter.add_plain(chunk.len());
                }
                return Ok(Some(chunk));
            }
            Some(Item::Finished) => {
                self.finished = true;
                self.ending.get_or_init(|| None);
                return Ok(None);
            }
            Some(Item::Failed(error)) => error,
            None => Error::failed("the stream ended without a verdict"),
        };
        self.ending.get_or_init(|| Some(error.clone()));
        Err(error)
    }
}

impl Limit {
    async fn wait(&self, item: impl Future<Output = Option<Item>>) -> Option<Item> {
        let came = tokio::time::timeout(self.after, item).await;
        came.unwrap_or_else(|_| {
            let how = format!("no answer for {}", units::duration(self.after));
            Some(Item::Failed(Error::failed(how).transient()))
        })
    }
}

/// Reads a queue as `std::io::Read`, for decoders that run in a thread of their own. The error behind an I/O error is kept:
/// [`ChunkReader::into_error`].
pub struct ChunkReader {
    chunks: Chunks,
    current: Bytes,
    failed: Option<Error>,
}

impl ChunkReader {
    /// Reads `chunks`.
    pub fn new(chunks: Chunks) -> Self {
        Self {
            chunks,
            current: Bytes::new(),
            failed: None,
        }
    }

    /// What is left of the chunk being read.
    pub fn buffered(&self) -> &[u8] {
        &self.current
    }

    /// Why reading failed, if the producer said so.
    pub fn into_error(self) -> Option<Error> {
        self.failed
    }
}

impl Read for ChunkReader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        read_buffered(self, into)
    }
}

impl BufRead for ChunkReader {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.current.is_empty() {
            match self.chunks.blocking_next() {
                Ok(Some(chunk)) => self.current = chunk,
                Ok(None) => break,
                Err(error) => {
                    let told = io::Error::other(error.to_string());
                    self.failed = Some(error);
                    return Err(told);
                }
            }
        }
        Ok(&self.current)
    }

    fn consume(&mut self, amount: usize) {
        self.current.advance(amount.min(self.current.len()));
    }
}

/// `Read::read` of what buffers anyway.
pub fn read_buffered(from: &mut impl BufRead, into: &mut [u8]) -> io::Result<usize> {
    let read = from.fill_buf()?.read(into)?;
    from.consume(read);
    Ok(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_producer_that_dies_is_not_an_end() {
        let (sender, mut chunks) = channel();
        sender.send(Bytes::from_static(b"half")).await.unwrap();
        drop(sender);
        assert_eq!(chunks.next().await.unwrap().unwrap(), "half");
        assert!(chunks.next().await.unwrap_err().message.contains("without a verdict"));
    }

    #[tokio::test]
    async fn a_producer_that_hangs_is_given_up_with_the_reader() {
        let (hanging, mut from) = channel();
        let (onward, to) = channel();
        let reader = onward.reader();
        let worker = tokio::task::spawn_blocking(move || from.blocking_next_for(&reader));
        drop(to);
        assert_eq!(
            worker.await.unwrap().unwrap_err().kind,
            crate::domain::Kind::Interrupted
        );
        hanging.closed().await;
    }

    #[tokio::test]
    async fn the_verdict_comes_after_the_bytes() {
        let (sender, mut chunks) = channel();
        sender.send(Bytes::from_static(b"all")).await.unwrap();
        sender.finish(Err(Error::failed("exit status 1"))).await;
        assert!(chunks.next().await.unwrap().is_some());
        assert_eq!(chunks.next().await.unwrap_err().message, "exit status 1");
    }
}
