//! What contracts read in their surroundings alike: the block's time, and whether a text is a digest.

use cosmwasm_std::Env;

/// The block's time, milliseconds since 1970.
#[must_use]
pub fn time_ms(env: &Env) -> u64 {
    env.block.time.nanos() / 1_000_000
}

/// Whether the text is a SHA-256 digest as contracts write them: 64 lower-case hex digits.
#[must_use]
pub fn is_digest(text: &str) -> bool {
    text.len() == 64
        && text
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}
