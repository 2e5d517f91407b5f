//! The console: a terminal over [`ops`](crate::ops). A pure core, in which a message changes the model and leaves effects, and a
//! view draws the model; and a runtime around it, which brings in keys, changes and answers, carries out the effects, and
//! draws at most one frame for each batch of them.
//!
//! ```text
//!  keys, pastes, resizes ─┐                      ┌─▶ view ─▶ terminal
//!  database changed ──────┼─▶ update(Model) ─────┤
//!  answers of ops ────────┘         ▲            └─▶ effects ─▶ ops
//!                                   └──────────────────────────┘
//! ```

pub mod command;
pub mod config;
pub mod key;
pub mod keymap;
pub mod layer;
pub mod message;
pub mod model;
pub mod pane;
pub mod theme;
pub mod ui;
pub mod update;
pub mod view;
pub mod widget;
pub mod work;
