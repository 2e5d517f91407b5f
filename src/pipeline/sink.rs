//! Where the byte path ends: an object being written at a destination.

use async_trait::async_trait;
use bytes::Bytes;

use crate::domain::Result;

/// An object being written. Dropping it without [`Sink::finish`] leaves nothing behind.
#[async_trait]
pub trait Sink: Send {
    /// Appends.
    async fn write(&mut self, chunk: Bytes) -> Result<()>;

    /// Makes the object durable and visible; gives its size in bytes.
    async fn finish(self: Box<Self>) -> Result<u64>;
}
