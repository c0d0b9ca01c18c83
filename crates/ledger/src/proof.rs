//! The proof of a transaction: that it stands in a final block and what came of it.

pub use crate::chain::Pin;
use crate::{
    block::Header,
    chain::{CertifiedHeaders, Origin},
    genesis::Genesis,
    names::LedgerId,
    receipt::Receipt,
    report::{Checks, VerificationReport},
    state_claim::{StateClaim, check_states},
    transaction::{TransactionView, transaction_namespace},
};
use blockworm_crypto::{Digest, merkle::InclusionProof};
use borsh::{BorshDeserialize, BorshSerialize};

/// Most bytes of a proof in either form.
pub const PROOF_MAX_BYTES: usize = 32 << 20;

/// The bytes or the text are not a proof.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// More than 32 MiB.
    #[error("the proof has {0} bytes; at most 33554432 are read")]
    Oversized(usize),
    /// Not the layout of docs/formats/proof.md.
    #[error("the proof is malformed: {0}")]
    Malformed(String),
    /// A format that this program does not read.
    #[error("the format {found:?} is none of {}", .expected.join(", "))]
    UnknownFormat {
        /// What the file says.
        found: String,
        /// What is read.
        expected: [&'static str; 3],
    },
    /// The file names its genesis and does not hold it, and none was given.
    #[error("the proof does not hold its genesis {0}: it is checked with the file of that genesis")]
    GenesisMissing(Digest),
}

impl ProofError {
    /// The stable code of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Oversized(_) => "proof.oversized",
            Self::Malformed(_) => "proof.malformed",
            Self::UnknownFormat { .. } => "proof.unknown_format",
            Self::GenesisMissing(_) => "proof.genesis_missing",
        }
    }
}

/// That a transaction stands in a final block, with its receipt, and optionally what the state held.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct TransactionProof {
    /// The ledger.
    pub ledger: LedgerId,
    /// Digest of the genesis.
    pub genesis_digest: Digest,
    /// The encoded transaction.
    pub transaction: Vec<u8>,
    /// Its place under the `transactions_root` of the first header.
    pub inclusion: InclusionProof,
    /// What came of it.
    pub receipt: Receipt,
    /// The receipt's place under the `receipts_root` of the header `root_lag` later.
    pub receipt_inclusion: InclusionProof,
    /// From the transaction's block to a certified one, at least `root_lag` later.
    pub chain: CertifiedHeaders,
    /// What the state held, if the proof speaks of it.
    pub states: Vec<StateClaim>,
    /// The genesis; it counts only when the verifier pinned its digest.
    pub genesis: Genesis,
}

impl TransactionProof {
    /// Checks everything; see docs/formats/proof.md for the names of the checks.
    #[must_use]
    pub fn verify(&self, pin: Option<&Pin>) -> VerificationReport {
        let origin = Origin {
            genesis: &self.genesis,
            ledger: &self.ledger,
            genesis_digest: &self.genesis_digest,
        };
        let mut checks = Checks::default();
        let anchor = self.chain.check(origin, pin, &mut checks);
        self.check_transaction(&mut checks);
        self.check_receipt(&mut checks);
        check_states(&self.states, &self.chain, &anchor, &mut checks);
        self.chain.report(origin, checks)
    }

    /// The canonical bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        borsh::to_vec(self).expect("invariant: writing to memory does not fail")
    }

    /// Reads the canonical bytes; nothing may follow them.
    ///
    /// # Errors
    /// `proof.oversized`, `proof.malformed`.
    pub fn decode(bytes: &[u8]) -> Result<Self, ProofError> {
        if bytes.len() > PROOF_MAX_BYTES {
            return Err(ProofError::Oversized(bytes.len()));
        }
        borsh::from_slice(bytes).map_err(|error| ProofError::Malformed(error.to_string()))
    }

    /// The header of the transaction's block.
    fn block_header(&self) -> Result<&Header, String> {
        self.chain
            .headers
            .first()
            .ok_or_else(|| "the proof has no headers".into())
    }

    fn check_transaction(&self, checks: &mut Checks) {
        let view = match TransactionView::parse(&self.transaction) {
            Ok(view) => view,
            Err(error) => return checks.note("transaction.encoding", Err(error.to_string())),
        };
        checks.note(
            "transaction.encoding",
            Ok(format!("the transaction has the id {}", view.id())),
        );
        checks.note(
            "transaction.ledger",
            if view.ledger() == self.ledger {
                Ok(format!(
                    "the transaction was made for ledger {}",
                    self.ledger
                ))
            } else {
                Err(format!(
                    "the transaction was made for ledger {}",
                    view.ledger()
                ))
            },
        );
        checks.note("transaction.signature", check_signature(&view));
        checks.note("transaction.included", self.check_included(&view));
        checks.note("receipt.transaction", self.check_receipt_names(&view));
    }

    fn check_included(&self, view: &TransactionView<'_>) -> Result<String, String> {
        let header = self.block_header()?;
        if !self
            .inclusion
            .verify(&view.leaf(), &header.transactions_root)
        {
            return Err(format!(
                "the path does not lead to the transactions root of header {}",
                header.height
            ));
        }
        Ok(format!(
            "the transaction stands at place {} in block {}",
            self.inclusion.index, header.height
        ))
    }

    fn check_receipt_names(&self, view: &TransactionView<'_>) -> Result<String, String> {
        let receipt = &self.receipt;
        let height = self.block_header()?.height;
        if receipt.transaction != view.id() {
            return Err(format!(
                "the receipt is for transaction {}",
                receipt.transaction
            ));
        }
        if receipt.height != height || u64::from(receipt.index) != self.inclusion.index {
            return Err(format!(
                "the receipt is for place {} in block {}",
                receipt.index, receipt.height
            ));
        }
        Ok(format!(
            "the receipt is this transaction's: {}",
            receipt.code
        ))
    }

    fn check_receipt(&self, checks: &mut Checks) {
        checks.note("receipt.included", self.check_receipt_included());
    }

    fn check_receipt_included(&self) -> Result<String, String> {
        let height = self.block_header()?.height;
        let at = height
            .checked_add(self.genesis.parameters.root_lag)
            .ok_or_else(|| String::from("the height is out of range"))?;
        let header = self.chain.header(at).ok_or_else(|| {
            format!("header {at}, which carries the receipts of block {height}, is missing")
        })?;
        let same_place = self.receipt_inclusion.index == self.inclusion.index
            && self.receipt_inclusion.size == self.inclusion.size;
        if !same_place {
            return Err("transaction and receipt stand at different places".into());
        }
        if !self
            .receipt_inclusion
            .verify(&self.receipt.leaf(), &header.receipts_root)
        {
            return Err(format!(
                "the path does not lead to the receipts root of header {at}"
            ));
        }
        Ok(format!(
            "header {at} carries the receipts root that holds the receipt"
        ))
    }
}

fn check_signature(view: &TransactionView<'_>) -> Result<String, String> {
    view.check_signature().map_err(|error| error.to_string())?;
    let namespace = transaction_namespace(&view.ledger());
    let by = format!("{} signed with {}", view.sender(), view.key());
    // The ledger's rule decides; the reader is told when a stricter tool would disagree.
    Ok(
        match view
            .key()
            .verify_strict(&namespace, &view.id(), view.signature())
        {
            Ok(()) => by,
            Err(error) => format!("{by}; {error}"),
        },
    )
}
