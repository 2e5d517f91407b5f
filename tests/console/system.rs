//! Tests of the system part.
