//! The byte path: dump → compress → seal → digest → every destination at once, and the way back. Constant memory; each
//! stage ends with a verdict of its own.

pub mod chunks;
