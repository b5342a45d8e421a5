//! Tests of the rules, by their names.
