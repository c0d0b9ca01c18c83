//! A member who signs transactions with its own key.

use crate::{
    cli::{Signing, SigningKey},
    failure::{Failure, Result},
};
use blockworm_crypto::SecretKey;
use blockworm_ledger::{ContractName, LedgerId, MemberId, Transaction, TransactionBody};
use blockworm_service::{
    identity::{self, IdentityError, Passphrase},
    key_holder::{EvaluationRequest, SignedRequest},
    network::{ConsortiumFolder, clock},
};
use blockworm_workflows::fingerprint::asking::Asker;
use std::time::Duration;

/// How long a signed transaction may wait for its block.
const EXPIRY: Duration = Duration::from_secs(60);

/// A member and its key.
pub struct Signer {
    member: MemberId,
    key: SecretKey,
}

impl Signer {
    /// A member whose key is in memory.
    pub const fn new(member: MemberId, key: SecretKey) -> Self {
        Self { member, key }
    }

    /// Opens the key that the flags name, or the member's key in the folder.
    pub fn open(folder: &ConsortiumFolder, member: &MemberId, signing: &Signing) -> Result<Self> {
        Self::open_key(folder, member, &signing.key)
    }

    /// The same for what waits for no receipt.
    pub fn open_key(
        folder: &ConsortiumFolder,
        member: &MemberId,
        signing: &SigningKey,
    ) -> Result<Self> {
        let opened = match (&signing.key, &signing.passphrase_file) {
            (Some(key), Some(passphrase_file)) => Passphrase::read(passphrase_file)
                .and_then(|passphrase| identity::read_key(key, &passphrase)),
            _ => identity::load(folder, member).map(|identity| identity.key),
        };
        match opened {
            Ok(key) => Ok(Self::new(member.clone(), key)),
            Err(error) => Err(key_failure(folder, member, &error)),
        }
    }

    /// Opens the member's key in the folder.
    pub fn of_folder(folder: &ConsortiumFolder, member: &MemberId) -> Result<Self> {
        identity::load(folder, member)
            .map(|identity| Self::new(member.clone(), identity.key))
            .map_err(|error| key_failure(folder, member, &error))
    }

    /// With which key.
    pub const fn key(&self) -> &SecretKey {
        &self.key
    }

    /// Who signs.
    pub const fn member(&self) -> &MemberId {
        &self.member
    }

    /// Signs a message to a contract, good for a minute.
    pub fn sign(
        &self,
        ledger: LedgerId,
        contract: &ContractName,
        message: Vec<u8>,
    ) -> Result<Transaction> {
        let mut nonce = [0; 16];
        getrandom::fill(&mut nonce)
            .map_err(|error| Failure::new("system.random", format!("no random bytes: {error}")))?;
        let body = TransactionBody {
            ledger,
            sender: self.member.clone(),
            key: self.key.public_key(),
            contract: contract.clone(),
            message,
            nonce,
            expires_at_ms: now_ms().saturating_add(EXPIRY.as_millis() as u64),
        };
        Ok(body.sign(&self.key))
    }
}

impl Asker for Signer {
    fn member(&self) -> &MemberId {
        &self.member
    }

    fn sign(&self, request: EvaluationRequest) -> SignedRequest {
        request.sign(&self.key)
    }
}

fn key_failure(folder: &ConsortiumFolder, member: &MemberId, error: &IdentityError) -> Failure {
    let failure = Failure::of("key.unusable", error).during(format!("cannot sign as {member}"));
    match error {
        IdentityError::Exposed { path, .. } => {
            failure.next(format!("chmod 600 {}", path.display()))
        }
        IdentityError::Unreadable { .. } => failure.next(format!(
            "its key is not in {}: give --key and --passphrase-file, or register the member",
            folder.keys(&member.organisation()).display()
        )),
        _ => failure.next("blockworm doctor"),
    }
}

/// Now, milliseconds since 1970: the machine's clock, or the moved one of the command's folder.
pub fn now_ms() -> u64 {
    clock::current_ms()
}
