//! Tests of the backups part.
