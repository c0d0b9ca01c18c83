//! Checkpoints over what was collected, the earliest timestamped ones, and lists of revocations.

use super::{
    collect::Collected,
    error::ExportError,
    source::{CheckpointAnswer, HistoryAnswer, Source, StampAnswer},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use std::collections::{BTreeMap, BTreeSet};

/// A checkpoint and what vouches for it.
#[derive(Clone, Debug)]
pub struct Covering {
    /// The checkpoint with its cosigners.
    pub checkpoint: CheckpointAnswer,
    /// Its timestamp.
    pub stamp: Option<Stamp>,
    /// Headers in its tree.
    pub history: BTreeMap<u64, HistoryAnswer>,
}

/// A timestamp of a checkpoint.
#[derive(Clone, Debug)]
pub struct Stamp {
    /// RFC 3161.
    pub token: Vec<u8>,
    /// RFC 4998.
    pub record: Option<Vec<u8>>,
    /// The authority's chain, PEM.
    pub chain: Option<String>,
}

impl Collected {
    /// Finds for every height the earliest timestamped checkpoint, or the earliest at all.
    pub(super) async fn cover<S: Source>(
        &mut self,
        source: &mut S,
    ) -> Result<(), ExportError<S::Error>> {
        for height in self.heights() {
            let known = self
                .checkpoints
                .iter()
                .find(|(size, one)| **size > height && one.stamp.is_some());
            let size = match known {
                Some((size, _)) => Some(*size),
                None => self.covering(source, height).await?,
            };
            let Some(size) = size else { continue };
            let history = source
                .history(height, size)
                .await
                .map_err(ExportError::Source)?;
            if let Some(checkpoint) = self.checkpoints.get_mut(&size) {
                checkpoint.history.insert(height, history);
                self.covered.insert(height, size);
            }
        }
        Ok(())
    }

    async fn covering<S: Source>(
        &mut self,
        source: &mut S,
        height: u64,
    ) -> Result<Option<u64>, ExportError<S::Error>> {
        let stamped = source.stamped(height).await.map_err(ExportError::Source)?;
        let wanted = stamped
            .as_ref()
            .map_or(height, |stamp| stamp.size.saturating_sub(1));
        let kept = source
            .checkpoint(wanted)
            .await
            .map_err(ExportError::Source)?;
        let kept = kept.filter(|one| one.size > height);
        let (checkpoint, stamp) = match (stamped, kept) {
            (Some(stamp), kept) => {
                let cosigned = kept.filter(|one| one.size == stamp.size);
                let checkpoint = cosigned.unwrap_or_else(|| CheckpointAnswer {
                    note: stamp.note.clone(),
                    size: stamp.size,
                    cosigners: Vec::new(),
                });
                (checkpoint, Some(Stamp::decode(stamp)?))
            }
            (None, Some(kept)) => (kept, None),
            (None, None) => return Ok(None),
        };
        let size = checkpoint.size;
        let history = BTreeMap::new();
        self.checkpoints.entry(size).or_insert(Covering {
            checkpoint,
            stamp,
            history,
        });
        Ok(Some(size))
    }

    /// The blocks in which something of the matter was written, ascending.
    fn heights(&self) -> BTreeSet<u64> {
        let entries = self.entries.iter().map(|one| one.row.height);
        let attestations = self.attestations.iter().map(|one| one.row.height);
        let acts = self.acts.iter().map(|one| one.row.height);
        entries.chain(attestations).chain(acts).collect()
    }

    pub(super) async fn revocations<S: Source>(
        &mut self,
        source: &mut S,
    ) -> Result<(), ExportError<S::Error>> {
        // A list is checked under its issuer's certificate, which stands in the chain of whoever signed.
        let signers = self.members.keys().filter_map(|id| id.split('/').next());
        let cosigners = self
            .checkpoints
            .values()
            .flat_map(|one| &one.checkpoint.cosigners);
        let cosigners = cosigners.filter(|one| one.chain_pem.is_some());
        let issuers: BTreeSet<String> = signers
            .chain(cosigners.map(|one| one.organisation.as_str()))
            .map(str::to_owned)
            .collect();
        for slug in self
            .organisations
            .keys()
            .filter(|slug| issuers.contains(*slug))
        {
            let list = source
                .revocations(slug)
                .await
                .map_err(ExportError::Source)?;
            if let Some(list) = list {
                self.revocations.insert(slug.clone(), list);
            }
        }
        Ok(())
    }
}

impl Stamp {
    fn decode<E>(answer: StampAnswer) -> Result<Self, ExportError<E>> {
        let bytes = |text: &str| {
            BASE64_STANDARD
                .decode(text)
                .map_err(|error| ExportError::Strange(format!("a timestamp: {error}")))
        };
        Ok(Self {
            token: bytes(&answer.token)?,
            record: answer.evidence_record.as_deref().map(bytes).transpose()?,
            chain: answer.tsa_chain_pem,
        })
    }
}
