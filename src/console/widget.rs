//! Pieces that several panes are made of.

pub mod bar;
pub mod diff;
pub mod failure;
pub mod field;
pub mod filter;
pub mod form;
pub mod log;
pub mod paged;
pub mod rest;
pub mod rows;
pub mod scroll;
pub mod selection;
pub mod sheet;
pub mod spark;
pub mod split;
pub mod table;
