//! Tests of the overview part.
