//! Proofs as JSON files, readable by people and by other programs: `blockworm-proof/1` and
//! `blockworm-state/1`, `/2` of each where the validators have changed since the genesis, and `/3`
//! where the genesis stands in a file of its own.

use crate::{
    chain::CertifiedHeaders,
    genesis::Genesis,
    names::{ContractName, LedgerId, MemberId},
    proof::{PROOF_MAX_BYTES, Pin, ProofError, TransactionProof},
    receipt::Receipt,
    report::VerificationReport,
    state_claim::{StateAnswerProof, StateClaim},
    transaction::{Transaction, TransactionBody, TransactionView},
};
use blockworm_crypto::{Digest, PublicKey, Signature, merkle::InclusionProof};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

/// The format fields of a transaction proof: with its genesis and without handovers, with both,
/// without its genesis.
pub const PROOF_FORMATS: [&str; 3] = [
    "blockworm-proof/1",
    "blockworm-proof/2",
    "blockworm-proof/3",
];
/// The format fields of a state answer, likewise.
pub const STATE_FORMATS: [&str; 3] = [
    "blockworm-state/1",
    "blockworm-state/2",
    "blockworm-state/3",
];

/// A verifier that knows no handovers must not be asked to read one, and one that expects the
/// genesis inside not a file without it; each reads all else.
fn format_for(
    formats: [&'static str; 3],
    chain: &CertifiedHeaders,
    genesis: Option<&Genesis>,
) -> &'static str {
    match (genesis, chain.handovers.is_empty()) {
        (None, _) => formats[2],
        (Some(_), false) => formats[1],
        (Some(_), true) => formats[0],
    }
}

/// A proof file of either kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProofFile {
    /// `blockworm-proof/1`, `/2` or `/3`.
    Transaction(Box<TransactionProof>),
    /// `blockworm-state/1`, `/2` or `/3`.
    State(Box<StateAnswerProof>),
}

impl ProofFile {
    /// Reads a file of either kind that holds its genesis.
    ///
    /// # Errors
    /// `proof.oversized`, `proof.malformed`, `proof.unknown_format`, `proof.genesis_missing`.
    pub fn from_json(text: &str) -> Result<Self, ProofError> {
        Self::from_json_with(text, None)
    }

    /// Reads a file of either kind. A proof that does not hold its genesis takes this one, and
    /// whether it is the one that the proof names is for [`Self::verify`] to say.
    ///
    /// # Errors
    /// `proof.oversized`, `proof.malformed`, `proof.unknown_format`, `proof.genesis_missing`.
    pub fn from_json_with(text: &str, genesis: Option<&Genesis>) -> Result<Self, ProofError> {
        match format_of(&parse(text)?).as_str() {
            format if STATE_FORMATS.contains(&format) => {
                StateAnswerProof::read(text, genesis).map(|proof| Self::State(Box::new(proof)))
            }
            _ => TransactionProof::read(text, genesis)
                .map(|proof| Self::Transaction(Box::new(proof))),
        }
    }

    /// Checks everything; see docs/formats/proof.md for the names of the checks.
    #[must_use]
    pub fn verify(&self, pin: Option<&Pin>) -> VerificationReport {
        match self {
            Self::Transaction(proof) => proof.verify(pin),
            Self::State(proof) => proof.verify(pin),
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    genesis: Option<Genesis>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StateAnswerFile {
    format: String,
    ledger: LedgerId,
    genesis_digest: Digest,
    states: Vec<StateClaim>,
    chain: CertifiedHeaders,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    genesis: Option<Genesis>,
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
    /// The file form with the genesis, indented JSON.
    ///
    /// # Errors
    /// `proof.malformed` when the bytes inside are no transaction.
    pub fn to_json(&self) -> Result<String, ProofError> {
        self.write(Some(self.genesis.clone()))
    }

    /// The file form without the genesis, for use beside a file of it.
    ///
    /// # Errors
    /// `proof.malformed` when the bytes inside are no transaction.
    pub fn to_json_without_genesis(&self) -> Result<String, ProofError> {
        self.write(None)
    }

    fn write(&self, genesis: Option<Genesis>) -> Result<String, ProofError> {
        let proof = self.clone();
        print(&TransactionProofFile {
            format: format_for(PROOF_FORMATS, &proof.chain, genesis.as_ref()).into(),
            ledger: proof.ledger,
            genesis_digest: proof.genesis_digest,
            transaction: TransactionFile::from_bytes(&proof.transaction)?,
            inclusion: proof.inclusion,
            receipt: proof.receipt,
            receipt_inclusion: proof.receipt_inclusion,
            chain: proof.chain,
            states: proof.states,
            genesis,
        })
    }

    /// Reads the file form with the genesis. Only the one canonical spelling of every value is
    /// read: no unknown fields, no upper-case hex; white space and the order of fields are free.
    ///
    /// # Errors
    /// `proof.oversized`, `proof.malformed`, `proof.unknown_format`, `proof.genesis_missing`.
    pub fn from_json(text: &str) -> Result<Self, ProofError> {
        Self::read(text, None)
    }

    fn read(text: &str, genesis: Option<&Genesis>) -> Result<Self, ProofError> {
        let file: TransactionProofFile =
            read(text, PROOF_FORMATS, |file: &TransactionProofFile| {
                (&file.chain, file.genesis.as_ref())
            })?;
        Ok(Self {
            genesis: inside_or_given(file.genesis, genesis, file.genesis_digest)?,
            ledger: file.ledger,
            genesis_digest: file.genesis_digest,
            transaction: file.transaction.into_bytes(),
            inclusion: file.inclusion,
            receipt: file.receipt,
            receipt_inclusion: file.receipt_inclusion,
            chain: file.chain,
            states: file.states,
        })
    }
}

impl StateAnswerProof {
    /// The file form with the genesis, indented JSON.
    ///
    /// # Errors
    /// Never in practice; the same type as for transactions.
    pub fn to_json(&self) -> Result<String, ProofError> {
        self.write(Some(self.genesis.clone()))
    }

    /// The file form without the genesis, for use beside a file of it.
    ///
    /// # Errors
    /// Never in practice; the same type as for transactions.
    pub fn to_json_without_genesis(&self) -> Result<String, ProofError> {
        self.write(None)
    }

    fn write(&self, genesis: Option<Genesis>) -> Result<String, ProofError> {
        let proof = self.clone();
        print(&StateAnswerFile {
            format: format_for(STATE_FORMATS, &proof.chain, genesis.as_ref()).into(),
            ledger: proof.ledger,
            genesis_digest: proof.genesis_digest,
            states: proof.states,
            chain: proof.chain,
            genesis,
        })
    }

    /// Reads the file form with the genesis, by the same rules as a transaction proof.
    ///
    /// # Errors
    /// `proof.oversized`, `proof.malformed`, `proof.unknown_format`, `proof.genesis_missing`.
    pub fn from_json(text: &str) -> Result<Self, ProofError> {
        Self::read(text, None)
    }

    fn read(text: &str, genesis: Option<&Genesis>) -> Result<Self, ProofError> {
        let file: StateAnswerFile = read(text, STATE_FORMATS, |file: &StateAnswerFile| {
            (&file.chain, file.genesis.as_ref())
        })?;
        Ok(Self {
            genesis: inside_or_given(file.genesis, genesis, file.genesis_digest)?,
            ledger: file.ledger,
            genesis_digest: file.genesis_digest,
            states: file.states,
            chain: file.chain,
        })
    }
}

/// The genesis of a file: its own, or else the one that was given beside it.
fn inside_or_given(
    inside: Option<Genesis>,
    given: Option<&Genesis>,
    named: Digest,
) -> Result<Genesis, ProofError> {
    inside
        .or_else(|| given.cloned())
        .ok_or(ProofError::GenesisMissing(named))
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
    formats: [&'static str; 3],
    parts: impl Fn(&T) -> (&CertifiedHeaders, Option<&Genesis>),
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
    let (chain, genesis) = parts(&file);
    if found != format_for(formats, chain, genesis) {
        let reason = "version 2 is for proofs with handovers, version 1 for those without, version 3 for those without their genesis";
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
