//! Holdings.
#![deny(clippy::float_arithmetic, clippy::iter_over_hash_type)]
