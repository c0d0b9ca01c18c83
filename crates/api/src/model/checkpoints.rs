//! What the API answers about checkpoints of the history tree.

use super::HeaderView;
use blockworm_crypto::merkle::InclusionProof;
use blockworm_ledger::Header;
use blockworm_node::Kept;
use blockworm_service::identity::encode_pem;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A checkpoint with everybody who cosigned it, as far as the node knows (docs/formats/checkpoint.md).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CheckpointView {
    /// The note: what is to be kept, and what openssl checks.
    pub note: String,
    /// How many headers: those of the heights below it.
    pub size: u64,
    /// The root over them.
    pub root: String,
    /// Time of the last block in it.
    pub time_ms: u64,
    /// Who cosigned, in the order of the note's lines.
    pub cosigners: Vec<CosignerView>,
}

/// Who cosigned a checkpoint. The node checked the signature and the certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CosignerView {
    /// The name on the line: `blockworm/<organisation>`.
    pub name: String,
    /// Whose node it is.
    pub organisation: String,
    /// The key, as policies name it.
    pub vkey: String,
    /// Its certificate and those between it and the organisation's root, PEM.
    pub chain_pem: String,
    /// When it signed, seconds since 1970, by its own clock.
    pub time_s: u64,
}

impl From<&Kept> for CheckpointView {
    fn from(kept: &Kept) -> Self {
        let cosigners = kept.cosigners.iter().map(|one| CosignerView {
            name: one.name.clone(),
            organisation: one.organisation.to_string(),
            vkey: one.vkey.to_string(),
            chain_pem: encode_pem(&one.chain).unwrap_or_default(),
            time_s: one.time_s,
        });
        Self {
            note: kept.signed.to_string(),
            size: kept.signed.checkpoint.size,
            root: kept.signed.checkpoint.root.to_string(),
            time_ms: kept.time_ms,
            cosigners: cosigners.collect(),
        }
    }
}

/// A header and the proof that it stands in the history tree of a size.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HistoryView {
    /// The header.
    pub header: HeaderView,
    /// Its place in the tree.
    pub inclusion: InclusionView,
}

/// A leaf's place in a tree (docs/formats/merkle.md).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InclusionView {
    /// The leaf, from 0: the header's height.
    pub index: u64,
    /// How many leaves.
    pub size: u64,
    /// Sibling hashes from the leaf upwards.
    pub path: Vec<String>,
}

impl HistoryView {
    /// The header and its proof.
    #[must_use]
    pub fn new(header: &Header, proof: &InclusionProof) -> Self {
        Self {
            header: header.into(),
            inclusion: InclusionView {
                index: proof.index,
                size: proof.size,
                path: proof.path.iter().map(ToString::to_string).collect(),
            },
        }
    }

    /// Both as the ledger's own types; none where a digest or id is not one.
    #[must_use]
    pub fn read(&self) -> Option<(Header, InclusionProof)> {
        let view = &self.header;
        let header = Header {
            version: view.version,
            protocol_version: view.protocol_version,
            ledger: view.ledger.parse().ok()?,
            height: view.height,
            time_ms: view.time_ms,
            parent: view.parent.parse().ok()?,
            history_root: view.history_root.parse().ok()?,
            transactions_root: view.transactions_root.parse().ok()?,
            receipts_root: view.receipts_root.parse().ok()?,
            state_root: view.state_root.parse().ok()?,
            next_validators: view.next_validators.parse().ok()?,
        };
        let path = self.inclusion.path.iter().map(|node| node.parse().ok());
        let proof = InclusionProof {
            index: self.inclusion.index,
            size: self.inclusion.size,
            path: path.collect::<Option<_>>()?,
        };
        Some((header, proof))
    }
}
