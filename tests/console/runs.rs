//! Tests of the runs part.
