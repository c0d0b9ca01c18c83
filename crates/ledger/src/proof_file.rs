//! Proofs as JSON files, readable by people and by other programs: `blockworm-proof/1` and
//! `blockworm-state/1`, and `/2` of each where the validators have changed since the genesis.

use crate::{
    chain::CertifiedHeaders,
    genesis::Genesis,
    names::{ContractName, LedgerId, MemberId},
    proof::{PROOF_MAX_BYTES, ProofError, TransactionProof},
    receipt::Receipt,
    state_claim::{StateAnswerProof, StateClaim},
    transaction::{Transaction, TransactionBody, TransactionView},
};
use blockworm_crypto::{Digest, PublicKey, Signature, merkle::InclusionProof};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

/// The format fields of a transaction proof: without handovers, and with them.
pub const PROOF_FORMATS: [&str; 2] = ["blockworm-proof/1", "blockworm-proof/2"];
/// The format fields of a state answer, likewise.
pub const STATE_FORMATS: [&str; 2] = ["blockworm-state/1", "blockworm-state/2"];

/// A verifier that knows no handovers must not be asked to read one, and reads all else.
fn format_for(formats: [&'static str; 2], chain: &CertifiedHeaders) -> &'static str {
    formats[usize::from(!chain.handovers.is_empty())]
}

/// A proof file of either kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProofFile {
    /// `blockworm-proof/1` or `/2`.
    Transaction(Box<TransactionProof>),
    /// `blockworm-state/1` or `/2`.
    State(Box<StateAnswerProof>),
}

impl ProofFile {
    /// Reads a file of either kind.
    ///
    /// # Errors
    /// `proof.oversized`, `proof.malformed`, `proof.unknown_format`.
    pub fn from_json(text: &str) -> Result<Self, ProofError> {
        match format_of(&parse(text)?).as_str() {
            format if STATE_FORMATS.contains(&format) => {
                StateAnswerProof::from_json(text).map(|proof| Self::State(Box::new(proof)))
            }
            _ => TransactionProof::from_json(text).map(|proof| Self::Transaction(Box::new(proof))),
        }
    }
}

/// The transaction with its message as exact text: what was signed can be rebuilt byte for byte.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TransactionFile {
    ledger: LedgerId,
    sender: MemberId,
    key: PublicKey,
    contract: ContractName,
    message: String,
    #[serde(with = "crate::json_bytes::hex_array")]
    nonce: [u8; 16],
    expires_at_ms: u64,
    signature: Signature,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TransactionProofFile {
    format: String,
    ledger: LedgerId,
    genesis_digest: Digest,
    transaction: TransactionFile,
    inclusion: InclusionProof,
    receipt: Receipt,
    receipt_inclusion: InclusionProof,
    chain: CertifiedHeaders,
    states: Vec<StateClaim>,
    genesis: Genesis,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StateAnswerFile {
    format: String,
    ledger: LedgerId,
    genesis_digest: Digest,
    states: Vec<StateClaim>,
    chain: CertifiedHeaders,
    genesis: Genesis,
}

impl TransactionFile {
    fn from_bytes(bytes: &[u8]) -> Result<Self, ProofError> {
        let view = TransactionView::parse(bytes)
            .map_err(|error| ProofError::Malformed(error.to_string()))?;
        let Transaction { body, signature } = view.to_transaction();
        let message = String::from_utf8(body.message)
            .map_err(|error| ProofError::Malformed(error.to_string()))?;
        let TransactionBody {
            ledger,
            sender,
            key,
            contract,
            nonce,
            expires_at_ms,
            ..
        } = body;
        Ok(Self {
            ledger,
            sender,
            key,
            contract,
            message,
            nonce,
            expires_at_ms,
            signature,
        })
    }

    fn into_bytes(self) -> Vec<u8> {
        let Self {
            ledger,
            sender,
            key,
            contract,
            message,
            nonce,
            expires_at_ms,
            signature,
        } = self;
        let message = message.into_bytes();
        let body = TransactionBody {
            ledger,
            sender,
            key,
            contract,
            message,
            nonce,
            expires_at_ms,
        };
        Transaction { body, signature }.encode()
    }
}

impl TransactionProof {
    /// The file form, indented JSON.
    ///
    /// # Errors
    /// `proof.malformed` when the bytes inside are no transaction.
    pub fn to_json(&self) -> Result<String, ProofError> {
        let proof = self.clone();
        print(&TransactionProofFile {
            format: format_for(PROOF_FORMATS, &proof.chain).into(),
            ledger: proof.ledger,
            genesis_digest: proof.genesis_digest,
            transaction: TransactionFile::from_bytes(&proof.transaction)?,
            inclusion: proof.inclusion,
            receipt: proof.receipt,
            receipt_inclusion: proof.receipt_inclusion,
            chain: proof.chain,
            states: proof.states,
            genesis: proof.genesis,
        })
    }

    /// Reads the file form. Only the one canonical spelling of every value is read: no unknown
    /// fields, no upper-case hex; white space and the order of fields are free.
    ///
    /// # Errors
    /// `proof.oversized`, `proof.malformed`, `proof.unknown_format`.
    pub fn from_json(text: &str) -> Result<Self, ProofError> {
        let file: TransactionProofFile =
            read(text, PROOF_FORMATS, |file: &TransactionProofFile| {
                &file.chain
            })?;
        Ok(Self {
            ledger: file.ledger,
            genesis_digest: file.genesis_digest,
            transaction: file.transaction.into_bytes(),
            inclusion: file.inclusion,
            receipt: file.receipt,
            receipt_inclusion: file.receipt_inclusion,
            chain: file.chain,
            states: file.states,
            genesis: file.genesis,
        })
    }
}

impl StateAnswerProof {
    /// The file form, indented JSON.
    ///
    /// # Errors
    /// Never in practice; the same type as for transactions.
    pub fn to_json(&self) -> Result<String, ProofError> {
        let proof = self.clone();
        print(&StateAnswerFile {
            format: format_for(STATE_FORMATS, &proof.chain).into(),
            ledger: proof.ledger,
            genesis_digest: proof.genesis_digest,
            states: proof.states,
            chain: proof.chain,
            genesis: proof.genesis,
        })
    }

    /// Reads the file form, by the same rules as a transaction proof.
    ///
    /// # Errors
    /// `proof.oversized`, `proof.malformed`, `proof.unknown_format`.
    pub fn from_json(text: &str) -> Result<Self, ProofError> {
        let file: StateAnswerFile =
            read(text, STATE_FORMATS, |file: &StateAnswerFile| &file.chain)?;
        Ok(Self {
            ledger: file.ledger,
            genesis_digest: file.genesis_digest,
            states: file.states,
            chain: file.chain,
            genesis: file.genesis,
        })
    }
}

fn malformed(error: &serde_json::Error) -> ProofError {
    ProofError::Malformed(error.to_string())
}

fn parse(text: &str) -> Result<Value, ProofError> {
    if text.len() > PROOF_MAX_BYTES {
        return Err(ProofError::Oversized(text.len()));
    }
    serde_json::from_str(text).map_err(|error| malformed(&error))
}

fn format_of(value: &Value) -> String {
    value
        .get("format")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

fn read<T: DeserializeOwned + Serialize>(
    text: &str,
    formats: [&'static str; 2],
    chain: impl Fn(&T) -> &CertifiedHeaders,
) -> Result<T, ProofError> {
    let value = parse(text)?;
    let found = format_of(&value);
    if !formats.contains(&found.as_str()) {
        return Err(ProofError::UnknownFormat {
            found,
            expected: formats,
        });
    }
    let file: T = serde_json::from_str(text).map_err(|error| malformed(&error))?;
    if found != format_for(formats, chain(&file)) {
        let reason = "version 2 is for proofs with handovers, version 1 for those without";
        return Err(ProofError::Malformed(reason.into()));
    }
    // A second spelling of the same value would let two different files pass for one proof.
    let canonical = serde_json::to_value(&file).map_err(|error| malformed(&error))?;
    if canonical != value {
        return Err(ProofError::Malformed(
            "a value is not in its canonical spelling".into(),
        ));
    }
    Ok(file)
}

fn print<T: Serialize>(file: &T) -> Result<String, ProofError> {
    let mut text = serde_json::to_string_pretty(file).map_err(|error| malformed(&error))?;
    text.push('\n');
    Ok(text)
}
