//! Tests of the budgets part.
