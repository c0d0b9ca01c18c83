//! Ordered key-value state with an authenticated root.
