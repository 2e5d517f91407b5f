//! The byte path: dump → compress → seal → digest → every destination at once, and the way back. Constant memory; each
//! stage ends with a verdict of its own.

pub mod chunks;
pub mod encode;
pub mod fan_out;
pub mod meter;
pub mod open;
pub mod sink;
