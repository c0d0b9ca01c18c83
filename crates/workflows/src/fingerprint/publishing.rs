//! A key holder's public key on the registry's ledger, by which every bank checks its answers.

use crate::receivable::{
    Request,
    steps::{On, StepError, request},
};
use blockworm_crypto::oprf::EvaluationKey;
use blockworm_ledger::{ContractName, MemberId};
use serde::Serialize;

/// The registry's message.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Message {
    PublishKey { version: u32, public_key: String },
}

/// The holder's admin publishes one version of its public key. A version is in force once both holders
/// have published it.
///
/// # Errors
/// [`StepError::Json`].
pub fn publish(
    registry: &ContractName,
    admin: &MemberId,
    key: &EvaluationKey,
) -> Result<Request, StepError> {
    let message = Message::PublishKey {
        version: key.version().0,
        public_key: key.public_key().to_string(),
    };
    request(On::Registry, admin, registry, &message)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use blockworm_crypto::{SecretKey, oprf::KeyVersion};

    #[test]
    fn the_message_is_the_registrys() {
        let seed = SecretKey::from_ed25519_seed([3; 32]);
        let key = EvaluationKey::derive(&seed, KeyVersion(2)).unwrap();
        let registry = "registry".parse().unwrap();
        let request = publish(&registry, &"notary/admin".parse().unwrap(), &key).unwrap();
        let message: serde_json::Value = serde_json::from_slice(&request.message).unwrap();
        let public = key.public_key().to_string();
        let expected = serde_json::json!({ "publish_key": { "version": 2, "public_key": public } });
        assert_eq!(message, expected);
        assert_eq!((request.on, request.contract), (On::Registry, registry));
    }
}
