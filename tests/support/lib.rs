//! What tests that cross layers stand on: real servers, the real binary in a home of its own, dump tools that misbehave on
//! demand. A test file takes it in by `#[path = "support/lib.rs"] mod support;`.

#![allow(dead_code, reason = "every test binary compiles all of this and uses a part")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper that cannot do its work fails the test; clippy exempts only the test functions themselves"
)]

pub mod engine;
pub mod fakes;
pub mod home;
pub mod postgres;
pub mod process;
pub mod shape;
pub mod shop;
pub mod svg;
pub mod terminal;
