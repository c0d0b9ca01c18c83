//! How far an authority's time and the ledger's lie apart.

/// How far a token's time lies outside of what it can be: it was made after the checkpoint's last
/// block and after it was asked for, and before the answer came. Positive where the authority is
/// ahead of this node, negative where it is behind the block or this node.
#[must_use]
pub fn drift_ms(block_ms: u64, asked_ms: u64, answered_ms: u64, token_ms: u64) -> i64 {
    let earliest = block_ms.max(asked_ms);
    // A block of the future alone makes this pair disordered; then the block counts.
    let latest = answered_ms.max(earliest);
    let signed = |apart: u64| i64::try_from(apart).unwrap_or(i64::MAX);
    if token_ms < earliest {
        -signed(earliest - token_ms)
    } else {
        signed(token_ms.saturating_sub(latest))
    }
}

#[cfg(test)]
mod tests {
    use super::drift_ms;

    #[test]
    fn a_token_between_its_block_and_its_receipt_has_no_drift() {
        assert_eq!(drift_ms(1_000, 5_000, 5_200, 5_100), 0);
        // An old block is no drift: the ledger rested.
        assert_eq!(drift_ms(0, 9_000_000, 9_000_100, 9_000_050), 0);
        assert_eq!(drift_ms(1_000, 5_000, 5_200, 4_000), -1_000);
        assert_eq!(drift_ms(1_000, 5_000, 5_200, 7_200), 2_000);
        // A block that says a later time than the authority.
        assert_eq!(drift_ms(60_000, 5_000, 5_200, 5_100), -54_900);
        assert_eq!(drift_ms(0, 0, 0, u64::MAX), i64::MAX);
    }
}
