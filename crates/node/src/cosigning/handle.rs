//! What the rest of the house asks about checkpoints.

use super::book::{Entry, entry_key};
use crate::handle::{LedgerHandle, ReadError};
use blockworm_ledger::{
    OrganisationId, SignedCheckpoint,
    checkpoint::{Cosignature, CosignerKey, KeyMaterial, cosigner_name},
};

/// A checkpoint that this node keeps, with everybody who cosigned it as far as it knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The note.
    pub signed: SignedCheckpoint,
    /// Time of its last block, milliseconds since 1970.
    pub time_ms: u64,
    /// Who cosigned, in the order of the note's lines.
    pub cosigners: Vec<KeptCosigner>,
}

/// Who cosigned a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptCosigner {
    /// The name on the line: `blockworm/<organisation>`.
    pub name: String,
    /// Whose node it is.
    pub organisation: OrganisationId,
    /// The key; its text is what policies name.
    pub vkey: CosignerKey,
    /// The chain of its certificate as it was announced, DER, the organisation's root left out.
    pub chain: Vec<u8>,
    /// When it signed, seconds since 1970, by its own clock.
    pub time_s: u64,
}

impl LedgerHandle {
    /// A cosigned checkpoint: the earliest kept one that covers the header of this height and that
    /// 2f+1 cosigned; where there is none, that with the most cosigners; where none covers it, or no
    /// height is given, the newest. None where nobody cosigned any.
    ///
    /// # Errors
    /// When the store fails.
    pub fn signed_checkpoint(&self, covering: Option<u64>) -> Result<Option<Kept>, ReadError> {
        let ledger = self.ledger();
        let voting = ledger.succession.current().validators.len();
        let quorum = voting - voting.saturating_sub(1) / 3;
        match ledger.checkpoints.covering(covering, quorum) {
            Some(size) => self.kept_checkpoint(size),
            None => Ok(None),
        }
    }

    /// The cosigned checkpoint of this size, if it is kept.
    ///
    /// # Errors
    /// When the store fails.
    pub fn kept_checkpoint(&self, size: u64) -> Result<Option<Kept>, ReadError> {
        let ledger = self.ledger();
        let entry = match ledger.checkpoints.open(size) {
            Some(entry) => entry,
            None => match self.access().side_row(&entry_key(size))? {
                Some(bytes) => borsh::from_slice(&bytes)
                    .map_err(|_| ReadError(format!("the checkpoint of size {size} is damaged")))?,
                None => return Ok(None),
            },
        };
        Ok(Some(self.assemble(size, entry)))
    }

    /// How many cosigned the newest checkpoint but one: the newest is still being cosigned.
    #[must_use]
    pub fn cosigners_lately(&self) -> usize {
        self.ledger().checkpoints.cosigners_lately()
    }

    /// Keeps a checkpoint whatever its age; false where it is not kept here, or too many are kept so.
    #[must_use]
    pub fn pin_checkpoint(&self, size: u64) -> bool {
        self.ledger().checkpoints.pin(size)
    }

    fn assemble(&self, size: u64, entry: Entry) -> Kept {
        let ledger = self.ledger();
        let mut cosignatures = Vec::new();
        let mut cosigners = Vec::new();
        for line in &entry.lines {
            // A chain that was forgotten leaves nobody to show for the line.
            let Some(chain) = ledger.checkpoints.chain(&line.chain) else {
                continue;
            };
            let Ok(organisation) = chain.organisation.parse() else {
                continue;
            };
            let vkey = CosignerKey {
                name: cosigner_name(&chain.organisation),
                key: KeyMaterial::Ed25519(line.key),
            };
            cosignatures.push(Cosignature {
                name: vkey.name.clone(),
                key_id: vkey.key_id(),
                bytes: [&line.time_s.to_be_bytes()[..], &line.signature].concat(),
            });
            cosigners.push(KeptCosigner {
                name: vkey.name.clone(),
                organisation,
                vkey,
                chain: chain.der,
                time_s: line.time_s,
            });
        }
        Kept {
            signed: SignedCheckpoint {
                checkpoint: entry.checkpoint(self.id(), size),
                cosignatures,
            },
            time_ms: entry.time_ms,
            cosigners,
        }
    }
}
