//! Everything that touches a key: the master key and what is sealed with it, the sealed stream that backups are stored as,
//! the manifest's MAC, and the recovery kit. [`stream`] describes the stored bytes; nothing else in Backstay knows them.

pub mod exposure;
pub mod kit;
pub mod mac;
pub mod master;
pub mod sealed;
pub mod stream;

mod derive;
mod key;

pub use key::{Key, KeyId};
pub use master::MasterKey;
pub use stream::{OpenReader, SealWriter};
