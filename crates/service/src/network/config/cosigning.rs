//! The key with which a node cosigns checkpoints: where it lies, and how a node is handed it.

use super::NodeConfigFile;
use crate::identity::{COSIGNER, IdentityError, OrganisationKey, Passphrase, read_certificate};
use blockworm_crypto::{identity::describe, keyfile};
use blockworm_node::Cosigner;
use std::{path::PathBuf, sync::Arc};

pub(super) fn key_file() -> PathBuf {
    PathBuf::from("keys").join(format!("{COSIGNER}.key.pem"))
}

pub(super) fn certificate_file() -> PathBuf {
    PathBuf::from("keys").join(format!("{COSIGNER}.cert.pem"))
}

impl NodeConfigFile {
    /// The node's cosigner. Without a usable key the node runs on and cosigns nothing, and the log
    /// says why: no ledger waits for cosignatures.
    pub(super) fn cosigner(&self, passphrase: &Passphrase) -> Option<Cosigner> {
        let path = self.cosigner_key_file.display();
        if !self.cosigner_key_file.exists() {
            tracing::warn!(
                %path,
                "this node has no cosigner's key and cosigns no checkpoints; `blockworm certificate issue cosigner` makes one"
            );
            return None;
        }
        match self.open_cosigner(passphrase) {
            Ok(cosigner) => Some(cosigner),
            Err(error) => {
                let why = crate::operations::chain(&error);
                tracing::warn!(%path, why, "the cosigner's key cannot be used: this node cosigns no checkpoints");
                None
            }
        }
    }

    fn open_cosigner(&self, passphrase: &Passphrase) -> Result<Cosigner, IdentityError> {
        let (path, certificate) = (&self.cosigner_key_file, &self.cosigner_certificate_file);
        let key = keyfile::read_encrypted(path, passphrase.as_bytes()).map_err(|source| {
            IdentityError::KeyFile {
                path: path.clone(),
                source,
            }
        })?;
        let chain = read_certificate(certificate)?;
        let described = describe(&chain).map_err(|source| IdentityError::Certificate {
            subject: certificate.display().to_string(),
            source,
        })?;
        if described.public_key != key.public_key()
            || described.profile != Some(OrganisationKey::Cosigner.profile())
        {
            return Err(IdentityError::OtherKey { path: path.clone() });
        }
        let renewed = certificate.clone();
        Ok(Cosigner {
            key: Arc::new(key),
            // Renewal writes the file anew while the node runs.
            chain: Arc::new(move || read_certificate(&renewed).ok()),
        })
    }
}
