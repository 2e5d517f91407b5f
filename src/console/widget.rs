//! Pieces that several panes are made of.

pub mod bar;
pub mod field;
pub mod form;
pub mod paged;
pub mod selection;
pub mod spark;
pub mod table;
