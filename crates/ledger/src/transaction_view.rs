//! A transaction read in place: what nodes do with every transaction, without copying it.

use crate::{
    names::{self, ContractName, LedgerId, MemberId},
    transaction::{
        SIGNATURE_BYTES, Transaction, TransactionBody, TransactionError, TransactionId,
        transaction_leaf, transaction_namespace,
    },
};
use blockworm_crypto::{Digest, PublicKey, Signature, sha256};

/// An encoded transaction read in place. Parsing checks the whole layout and every name and hashes
/// the body once; it does not check the signature.
#[derive(Clone, Copy, Debug)]
pub struct TransactionView<'a> {
    bytes: &'a [u8],
    id: TransactionId,
    ledger: LedgerId,
    sender: &'a str,
    key: PublicKey,
    contract: &'a str,
    message: &'a [u8],
    nonce: &'a [u8; 16],
    expires_at_ms: u64,
    signature: Signature,
}

impl<'a> TransactionView<'a> {
    /// Reads one transaction that fills `bytes` exactly.
    ///
    /// # Errors
    /// `transaction.malformed`.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, TransactionError> {
        let mut cursor = Cursor(bytes);
        let ledger = LedgerId(*cursor.array()?);
        let sender = cursor.text(names::MEMBER_ID_BYTES)?;
        names::check_member(sender).map_err(|_| TransactionError::Malformed("sender"))?;
        let key = match cursor.array::<1>()? {
            [0] => PublicKey::Ed25519(*cursor.array()?),
            [1] => PublicKey::P256(*cursor.array()?),
            _ => return Err(TransactionError::Malformed("key")),
        };
        let contract = cursor.text(names::SLUG_BYTES)?;
        names::check_contract(contract).map_err(|_| TransactionError::Malformed("contract"))?;
        let message = cursor.text(usize::MAX)?.as_bytes();
        let nonce = cursor.array()?;
        let expires_at_ms = u64::from_le_bytes(*cursor.array()?);
        let body = &bytes[..bytes.len() - cursor.0.len()];
        let signature = match cursor.array::<1>()? {
            [0] => Signature::Ed25519(*cursor.array()?),
            [1] => Signature::P256(*cursor.array()?),
            _ => return Err(TransactionError::Malformed("signature")),
        };
        if !cursor.0.is_empty() {
            return Err(TransactionError::Malformed("bytes after the end"));
        }
        let id = sha256(&[body]);
        Ok(Self {
            bytes,
            id,
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

    /// The encoded transaction.
    #[must_use]
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// SHA-256 of the body, computed while parsing.
    #[must_use]
    pub const fn id(&self) -> TransactionId {
        self.id
    }

    /// The only ledger that may accept it.
    #[must_use]
    pub const fn ledger(&self) -> LedgerId {
        self.ledger
    }

    /// The sender's member id, already checked against the rule of names.
    #[must_use]
    pub const fn sender(&self) -> &'a str {
        self.sender
    }

    /// The sender's member id, owned.
    #[must_use]
    pub fn sender_id(&self) -> MemberId {
        self.sender
            .try_into()
            .expect("invariant: parse checked the name")
    }

    /// The sender's organisation.
    #[must_use]
    pub fn organisation(&self) -> &'a str {
        self.sender
            .split_once('/')
            .map_or("", |(organisation, _)| organisation)
    }

    /// The key that signs.
    #[must_use]
    pub const fn key(&self) -> &PublicKey {
        &self.key
    }

    /// The contract's name, already checked against the rule of names.
    #[must_use]
    pub const fn contract(&self) -> &'a str {
        self.contract
    }

    /// The contract's name, owned.
    #[must_use]
    pub fn contract_name(&self) -> ContractName {
        self.contract
            .try_into()
            .expect("invariant: parse checked the name")
    }

    /// The contract's message; UTF-8.
    #[must_use]
    pub const fn message(&self) -> &'a [u8] {
        self.message
    }

    /// The nonce.
    #[must_use]
    pub const fn nonce(&self) -> &'a [u8; 16] {
        self.nonce
    }

    /// Block time in milliseconds from which it counts no more.
    #[must_use]
    pub const fn expires_at_ms(&self) -> u64 {
        self.expires_at_ms
    }

    /// The signature.
    #[must_use]
    pub const fn signature(&self) -> &Signature {
        &self.signature
    }

    /// The leaf hash of the transactions tree: RFC 6962 over id ‖ borsh(signature).
    #[must_use]
    pub fn leaf(&self) -> Digest {
        transaction_leaf(&self.id, &self.bytes[self.bytes.len() - SIGNATURE_BYTES..])
    }

    /// Checks the signature against the key inside the body.
    ///
    /// # Errors
    /// `transaction.bad_signature`.
    pub fn check_signature(&self) -> Result<(), TransactionError> {
        self.key
            .verify(
                &transaction_namespace(&self.ledger),
                &self.id,
                &self.signature,
            )
            .map_err(|_| TransactionError::BadSignature)
    }

    /// An owned copy.
    #[must_use]
    pub fn to_transaction(&self) -> Transaction {
        Transaction {
            body: TransactionBody {
                ledger: self.ledger,
                sender: self.sender_id(),
                key: self.key,
                contract: self.contract_name(),
                message: self.message.to_vec(),
                nonce: *self.nonce,
                expires_at_ms: self.expires_at_ms,
            },
            signature: self.signature,
        }
    }
}

/// What is left to read.
struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn array<const N: usize>(&mut self) -> Result<&'a [u8; N], TransactionError> {
        let (head, tail) = self
            .0
            .split_first_chunk()
            .ok_or(TransactionError::Malformed("ends too early"))?;
        self.0 = tail;
        Ok(head)
    }

    fn text(&mut self, limit: usize) -> Result<&'a str, TransactionError> {
        let length = u32::from_le_bytes(*self.array()?) as usize;
        if length > limit || length > self.0.len() {
            return Err(TransactionError::Malformed("a length is out of bounds"));
        }
        let (head, tail) = self.0.split_at(length);
        self.0 = tail;
        std::str::from_utf8(head).map_err(|_| TransactionError::Malformed("text is not UTF-8"))
    }
}
