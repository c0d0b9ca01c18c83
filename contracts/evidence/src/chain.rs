//! What chains a matter's entries: each link is the digest of a text that holds the link before and all that the entry says.

use crate::state::Entry;
use cosmwasm_std::HexBinary;
use sha2::{Digest as _, Sha256};

/// First line of what is hashed; a change of what follows changes the number in it.
pub const DOMAIN: &str = "blockworm/evidence/link/1";

/// What the first entry follows.
pub const START: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The text of an entry's link: whoever has the row can write it down and hash it with `sha256sum`.
#[must_use]
pub fn text(previous: &str, matter: &str, entry: &Entry) -> String {
    let (number, size) = (entry.number.to_string(), entry.size.to_string());
    let captured = entry.captured_ms.to_string();
    let lines = [
        DOMAIN,
        previous,
        matter,
        &number,
        &entry.phase,
        &entry.kind,
        &entry.commitment,
        &size,
        &entry.capture,
        &entry.method,
        &captured,
        &entry.by,
    ];
    lines.map(|line| format!("{line}\n")).concat()
}

/// The link itself, 64 lower-case hex digits.
#[must_use]
pub fn link(previous: &str, matter: &str, entry: &Entry) -> String {
    let digest = Sha256::digest(text(previous, matter, entry));
    HexBinary::from(digest.as_slice()).to_hex()
}

#[cfg(test)]
mod tests {
    use super::*;
    use cosmwasm_std::Uint64;

    /// `printf 'blockworm/evidence/link/1\n0…0\nmatter-1\n1\ncontract\npdf\naa…\n10\nbb…\nupload\n1795000000000\nbank/maker\n' | sha256sum`
    #[test]
    fn a_link_is_what_sha256sum_says() {
        let mut entry = Entry {
            number: 1,
            phase: "contract".into(),
            kind: "pdf".into(),
            commitment: "aa".repeat(32),
            size: Uint64::new(10),
            capture: "bb".repeat(32),
            method: "upload".into(),
            captured_ms: Uint64::new(1_795_000_000_000),
            by: "bank/maker".into(),
            organisation: "bank".into(),
            height: 7,
            time_ms: Uint64::new(1_795_000_000_001),
            transaction: "cc".repeat(32),
            link: String::new(),
            erased: None,
        };
        let first = link(START, "matter-1", &entry);
        assert_eq!(
            first,
            "96705fdf6b2b1b830476eace0a7af1c7f94555dc035ca8f3e138179d75be204b"
        );
        // What the ledger adds does not count: it is proved otherwise.
        entry.erased = Some(3);
        entry.height = 8;
        assert_eq!(link(START, "matter-1", &entry), first);
        entry.number = 2;
        assert_ne!(link(START, "matter-1", &entry), first);
        assert_ne!(
            link(&first, "matter-1", &entry),
            link(START, "matter-1", &entry)
        );
    }
}
