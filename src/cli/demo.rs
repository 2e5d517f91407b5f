//! `backstay demo`
use super::Cx;
use crate::domain::Result;
use clap::Args;
/// Arguments of `demo`.
#[derive(Debug, Args)]
pub struct Demo {}
/// Carries it out.
#[expect(clippy::unused_async, reason = "soon")]
pub async fn run(_arguments: Demo, _cx: &Cx) -> Result<u8> {
    Ok(0)
}
