//! Members of a scenario who sign with the keys of its folder.

use super::Consortium;
use blockworm_crypto::SecretKey;
use blockworm_ledger::{LedgerId, MemberId, Transaction, TransactionBody};
use blockworm_service::identity;
use serde_json::Value;
use std::sync::atomic::{AtomicU64, Ordering};

/// A member and its key.
#[derive(Clone)]
pub struct Signer {
    pub member: MemberId,
    pub key: SecretKey,
    pub ledger: LedgerId,
}

impl Consortium {
    /// A member whose key lies in the folder.
    pub fn signer(&self, member: &str) -> Signer {
        let member: MemberId = member.parse().unwrap();
        let key = identity::load(&self.folder, &member).unwrap().key;
        Signer {
            member,
            key,
            ledger: self.ledger().parse().unwrap(),
        }
    }
}

impl Signer {
    /// A transaction that is good for a minute.
    pub fn sign(&self, contract: &str, message: &Value) -> Transaction {
        self.body(contract, message).sign(&self.key)
    }

    /// Its unsigned part, for scenarios that change it.
    pub fn body(&self, contract: &str, message: &Value) -> TransactionBody {
        TransactionBody {
            ledger: self.ledger,
            sender: self.member.clone(),
            key: self.key.public_key(),
            contract: contract.parse().unwrap(),
            message: message.to_string().into_bytes(),
            nonce: nonce(),
            expires_at_ms: now_ms() + 60_000,
        }
    }
}

/// A nonce that no other transaction of this process has.
fn nonce() -> [u8; 16] {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let mut nonce = [0; 16];
    nonce[..8].copy_from_slice(&NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    nonce[8..].copy_from_slice(&now_ms().to_be_bytes());
    nonce
}

/// Now, by the moved clock of a scenario that lives by one.
pub fn now_ms() -> u64 {
    blockworm_service::network::clock::current_ms()
}
