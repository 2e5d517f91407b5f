//! What lies at destinations, joined with what the database knows: opening adapters from their rows, finding keys by their
//! id, reading and writing manifests, and reading objects back. Engine and use cases both stand on this.

pub mod copies;
pub mod endpoints;
pub mod import;
pub mod keys;
pub mod manifest;
