//! A member who signs transactions with its own key.

use crate::{
    cli::{self, SigningKey},
    failure::{Failure, Result},
};
use blockworm_crypto::{SecretKey, Signing, SigningError};
use blockworm_execution::invitation::Invitation;
use blockworm_ledger::{
    ContractName, Genesis, LedgerId, MemberId, Transaction, TransactionBody,
    transaction::transaction_namespace,
};
use blockworm_service::{
    consortium::invitation::InvitationFile,
    hsm::{self, HsmError, HsmKey},
    identity::{self, IdentityError, Passphrase},
    key_holder::{EvaluationRequest, SignedRequest},
    network::{ConsortiumFolder, clock},
};
use blockworm_workflows::fingerprint::asking::Asker;
use std::{sync::Arc, time::Duration};

/// How long a signed transaction may wait for its block.
const EXPIRY: Duration = Duration::from_secs(60);

/// A member and its key.
pub struct Signer {
    member: MemberId,
    key: MemberKey,
}

/// Where a member's key lies.
enum MemberKey {
    /// In memory, from a file.
    Here(SecretKey),
    /// In the organisation's security module.
    Token(HsmKey),
    /// Wherever the folder holds it.
    Held(Arc<dyn Signing>),
}

impl Signer {
    /// A member whose key is in memory.
    pub const fn new(member: MemberId, key: SecretKey) -> Self {
        let key = MemberKey::Here(key);
        Self { member, key }
    }

    /// A member whose key the folder holds, wherever it lies.
    pub const fn held(member: MemberId, key: Arc<dyn Signing>) -> Self {
        let key = MemberKey::Held(key);
        Self { member, key }
    }

    /// The member whose key the folder says to be in a security module.
    fn on_token(folder: &ConsortiumFolder, member: &MemberId) -> Result<Option<Self>> {
        let found = hsm::open(folder, &member.organisation(), member.name());
        let found = found.map_err(|error| hsm_failure(member, &error))?;
        Ok(found.map(|key| Self {
            member: member.clone(),
            key: MemberKey::Token(key),
        }))
    }

    /// Opens the key that the flags name, or the member's key in the folder.
    pub fn open(
        folder: &ConsortiumFolder,
        member: &MemberId,
        signing: &cli::Signing,
    ) -> Result<Self> {
        Self::open_key(folder, member, &signing.key)
    }

    /// The same for what waits for no receipt.
    pub fn open_key(
        folder: &ConsortiumFolder,
        member: &MemberId,
        signing: &SigningKey,
    ) -> Result<Self> {
        if signing.key.is_none()
            && let Some(signer) = Self::on_token(folder, member)?
        {
            return Ok(signer);
        }
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
        if let Some(signer) = Self::on_token(folder, member)? {
            return Ok(signer);
        }
        identity::load(folder, member)
            .map(|identity| Self::new(member.clone(), identity.key))
            .map_err(|error| key_failure(folder, member, &error))
    }

    /// With which key.
    pub fn key(&self) -> &dyn Signing {
        match &self.key {
            MemberKey::Here(key) => key,
            MemberKey::Token(key) => key,
            MemberKey::Held(key) => &**key,
        }
    }

    /// Signs an invitation of this member.
    pub fn invite(&self, invitation: Invitation, genesis: Vec<Genesis>) -> Result<InvitationFile> {
        let signed = InvitationFile::sign(invitation, genesis, self.key());
        signed.map_err(|error| not_signed(&error))
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
            key: self.key().public_key(),
            contract: contract.clone(),
            message,
            nonce,
            expires_at_ms: now_ms().saturating_add(EXPIRY.as_millis() as u64),
        };
        match &self.key {
            MemberKey::Here(key) => Ok(body.sign(key)),
            MemberKey::Token(key) => {
                let signed = key.try_sign(&transaction_namespace(&body.ledger), &body.id());
                let signature = signed.map_err(|error| hsm_failure(&self.member, &error))?;
                Ok(Transaction { body, signature })
            }
            MemberKey::Held(key) => {
                let signed = key.sign(&transaction_namespace(&body.ledger), &body.id());
                let signature = signed.map_err(|error| not_signed(&error))?;
                Ok(Transaction { body, signature })
            }
        }
    }
}

impl Asker for Signer {
    fn member(&self) -> &MemberId {
        &self.member
    }

    fn sign(&self, request: EvaluationRequest) -> std::result::Result<SignedRequest, SigningError> {
        request.sign_with(self.key())
    }
}

/// A key that lies elsewhere did not sign.
fn not_signed(error: &SigningError) -> Failure {
    Failure::of("key.not_signed", error).next("blockworm hsm status --org ORG")
}

fn hsm_failure(member: &MemberId, error: &HsmError) -> Failure {
    Failure::of(error.code(), error)
        .during(format!("cannot sign as {member}"))
        .next(error.next())
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
