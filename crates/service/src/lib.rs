//! The management modules; today network and identity of a local consortium.
