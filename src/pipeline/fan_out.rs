//! One encoded stream to several destinations at once. Queues are bounded, so the slowest sets the pace; a copy that fails
//! is left behind and does not stop the others.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::chunks::Chunks;
use super::meter::Meter;
use super::sink::Sink;
use crate::domain::{Error, Result};

/// Chunks that wait for one destination. 1 MiB each.
const QUEUE: usize = 4;

/// One copy being written.
pub struct CopySink {
    /// Its place in the run's list of destinations, and in the meter.
    pub index: usize,
    /// The object at that destination.
    pub sink: Box<dyn Sink>,
}

/// How one copy came out.
pub struct CopyOutcome {
    /// Its place in the run's list of destinations.
    pub index: usize,
    /// Bytes written and made durable.
    pub result: Result<u64>,
}

/// Writes the stream everywhere. The error is the stream's own, in which case nothing was made visible anywhere, or that
/// no destination is left. A failing copy is reported in its outcome.
pub async fn write(mut stored: Chunks, sinks: Vec<CopySink>, meter: Arc<Meter>) -> Result<Vec<CopyOutcome>> {
    let mut tasks = JoinSet::new();
    let mut queues = Vec::new();
    for copy in sinks {
        let (queue, chunks) = mpsc::channel(QUEUE);
        queues.push(Some(queue));
        tasks.spawn(write_one(copy, chunks, Arc::clone(&meter)));
    }
    while let Some(chunk) = stored.next().await? {
        let mut alive = false;
        for slot in &mut queues {
            if let Some(queue) = slot {
                if queue.send(Feed::Chunk(chunk.clone())).await.is_ok() {
                    alive = true;
                } else {
                    *slot = None;
                }
            }
        }
        if !alive {
            break;
        }
    }
    for queue in queues.into_iter().flatten() {
        // A copy that has failed by itself is told about by its task.
        let _ = queue.send(Feed::End).await;
    }
    let mut outcomes = Vec::new();
    while let Some(joined) = tasks.join_next().await {
        outcomes.push(joined.map_err(|error| Error::failed(format!("a writer stopped: {error}")))?);
    }
    outcomes.sort_by_key(|outcome| outcome.index);
    Ok(outcomes)
}

enum Feed {
    Chunk(Bytes),
    End,
}

async fn write_one(copy: CopySink, chunks: mpsc::Receiver<Feed>, meter: Arc<Meter>) -> CopyOutcome {
    CopyOutcome {
        index: copy.index,
        result: drain(copy, chunks, &meter).await,
    }
}

async fn drain(mut copy: CopySink, mut chunks: mpsc::Receiver<Feed>, meter: &Meter) -> Result<u64> {
    let mut sent = 0;
    loop {
        match chunks.recv().await {
            Some(Feed::Chunk(chunk)) => {
                let length = chunk.len();
                copy.sink.write(chunk).await?;
                sent += length as u64;
                meter.add_copy(copy.index, length);
            }
            Some(Feed::End) => break,
            // The stream failed: dropping the sink takes back what was written.
            None => return Err(Error::interrupted("the stream failed before its end")),
        }
    }
    let stored = copy.sink.finish().await?;
    if stored == sent {
        Ok(stored)
    } else {
        Err(Error::failed(format!("{sent} bytes were sent and {stored} arrived")))
    }
}
