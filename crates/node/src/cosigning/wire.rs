//! What nodes say to each other about checkpoints.

use blockworm_crypto::Digest;
use borsh::{BorshDeserialize, BorshSerialize};

/// Most bytes of a message.
pub const MESSAGE_BYTES: usize = 64 << 10;
/// Most cosignatures of a message; each may bring a chain of 8 KiB, and most bring one or two.
pub const LINES: usize = 16;
/// Most keys that a question names as known.
pub const KNOWN: usize = 256;

/// A cosignature on its way, with what shows whose it is.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Told {
    /// The chain of the cosigner's certificate, DER, the organisation's root left out.
    pub chain: Vec<u8>,
    /// When it was signed, seconds since 1970.
    pub time_s: u64,
    /// The signature.
    pub signature: [u8; 64],
}

/// A message of the channel.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Message {
    /// These cosigned the tree of this size and root.
    Tell {
        /// How many headers.
        size: u64,
        /// The root over them.
        root: Digest,
        /// Who cosigned.
        lines: Vec<Told>,
    },
    /// Who else cosigned the tree of this size?
    Ask {
        /// How many headers.
        size: u64,
        /// The first bytes of the keys that the asking node has already.
        known: Vec<[u8; 4]>,
    },
}

impl Message {
    /// The bytes to send. Lines beyond the message's bounds are left out: they are asked for again.
    #[must_use]
    pub fn encode(mut self) -> Vec<u8> {
        match &mut self {
            Self::Tell { lines, .. } => {
                lines.truncate(LINES);
                let mut bytes = 64;
                lines.retain(|line| {
                    bytes += line.chain.len() + 76;
                    bytes <= MESSAGE_BYTES
                });
            }
            Self::Ask { known, .. } => known.truncate(KNOWN),
        }
        borsh::to_vec(&self).expect("invariant: writing to memory does not fail")
    }

    /// Reads a message; `None` for what is none or beyond the bounds.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > MESSAGE_BYTES {
            return None;
        }
        let message: Self = borsh::from_slice(bytes).ok()?;
        let fits = match &message {
            Self::Tell { lines, .. } => lines.len() <= LINES,
            Self::Ask { known, .. } => known.len() <= KNOWN,
        };
        fits.then_some(message)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn tell(lines: usize, chain: usize) -> Message {
        let line = Told {
            chain: vec![1; chain],
            time_s: 5,
            signature: [2; 64],
        };
        Message::Tell {
            size: 9,
            root: Digest::ZERO,
            lines: vec![line; lines],
        }
    }

    #[test]
    fn a_message_reads_back_and_stays_within_its_bounds() {
        let message = tell(3, 1_500);
        assert_eq!(Message::decode(&message.clone().encode()), Some(message));
        let long = tell(40, 8_192).encode();
        assert!(long.len() <= MESSAGE_BYTES);
        assert!(Message::decode(&long).is_some());
        let many = borsh::to_vec(&tell(LINES + 1, 10)).unwrap();
        assert_eq!(Message::decode(&many), None);
        let ask = Message::Ask {
            size: 1,
            known: vec![[0; 4]; KNOWN + 1],
        };
        assert_eq!(Message::decode(&borsh::to_vec(&ask).unwrap()), None);
        assert_eq!(Message::decode(&vec![0; MESSAGE_BYTES + 1]), None);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..2_000)) {
            let _ = Message::decode(&bytes);
        }
    }
}
