//! What every business contract shares: caller, error codes, amounts and dates.
