//! Backstay.
fn main() {}
