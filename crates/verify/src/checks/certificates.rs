//! Every certificate and list of revocations that lies in the package belongs to whom its name says.

use super::Case;
use crate::pem;
use blockworm_crypto::timestamp::{EvidenceRecord, Token};
use blockworm_crypto::{
    PublicKey,
    cms::{Purpose, read_revocation_list, verify_path},
    identity::{Profile, describe, verify_chain},
};
use blockworm_ledger::report::Checks;

const FOLDER: &str = "data/certificates/";

impl Case<'_> {
    pub(super) fn check_certificates(&self, checks: &mut Checks) {
        let stamping = self.token_certificates();
        for path in self.files.paths() {
            if let Some(name) = path.strip_prefix(FOLDER) {
                checks.note(
                    format!("certificate:{path}"),
                    self.check_certificate(path, name, &stamping),
                );
            }
            if path.starts_with("data/revocation/") {
                checks.note(format!("revocation:{path}"), self.check_list(path));
            }
        }
    }

    fn check_certificate(
        &self,
        path: &str,
        name: &str,
        stamping: &[Vec<u8>],
    ) -> Result<String, String> {
        let chain = pem::certificates(&self.files.read(path)?)?;
        if name.starts_with("tsa-") {
            return if stamping.contains(&chain[0]) {
                Ok("a timestamp authority's, which signed a token of the package".into())
            } else {
                Err("no token of the package is signed with it".into())
            };
        }
        let der = chain.concat();
        let said = describe(&der).map_err(|error| error.to_string())?;
        if !name.starts_with(&format!("{}-", said.organisation)) {
            return Err(format!("it is {}'s", said.organisation));
        }
        let roots = self.roots(&said.organisation)?;
        if roots.contains(&der) {
            return Ok(format!("the root of {}", said.organisation));
        }
        let at_ms = self
            .index
            .exported_ms
            .clamp(said.validity.not_before_ms, said.validity.not_after_ms);
        let (leaf, above) = chain.split_first().ok_or("it is empty")?;
        let document = |purpose| {
            verify_path(leaf, above, &roots, at_ms, purpose, &[])
                .map(|_| ())
                .map_err(|error| error.to_string())
        };
        match said.profile {
            None => Err("an authority that is not the organisation's root".into()),
            Some(Profile::Timestamping) => document(Purpose::Timestamping),
            Some(Profile::DocumentSigning) => document(Purpose::DocumentSigning),
            Some(Profile::Member) => {
                let held = roots
                    .iter()
                    .any(|root| verify_chain(&der, root, at_ms).is_ok());
                held.then_some(())
                    .ok_or_else(|| "no path leads to the organisation's root".into())
            }
            Some(_) => self.check_cosigner(&said.public_key),
        }?;
        Ok(format!("{} of {}", said.name, said.organisation))
    }

    /// The certificates inside the tokens and records of the package.
    fn token_certificates(&self) -> Vec<Vec<u8>> {
        let mut found = Vec::new();
        for item in &self.index.checkpoints {
            let read =
                |path: &Option<String>| path.as_ref().and_then(|path| self.files.read(path).ok());
            if let Some(token) = read(&item.token).and_then(|der| Token::parse(&der).ok()) {
                found.extend_from_slice(token.certificates());
            }
            if let Some(record) =
                read(&item.record).and_then(|der| EvidenceRecord::parse(&der).ok())
            {
                found.extend(
                    record
                        .tokens()
                        .flat_map(|token| token.certificates().to_vec()),
                );
            }
        }
        found
    }

    /// A cosigner's certificate is of the key that operators.json and the policy name.
    fn check_cosigner(&self, key: &PublicKey) -> Result<(), String> {
        let pinned = self.pins.policy.iter().flat_map(|policy| &policy.witnesses);
        let mut keys: Vec<_> = pinned.filter_map(|witness| witness.key.ed25519()).collect();
        keys.extend(self.cosigner_keys().iter().filter_map(|key| key.ed25519()));
        if keys.contains(key) {
            Ok(())
        } else {
            Err("its key is no cosigner's".into())
        }
    }

    /// A list is read, and signed by the organisation that its name says.
    fn check_list(&self, path: &str) -> Result<String, String> {
        let list = self.files.read(path)?;
        let listed = self.index.organisations.iter();
        let owner = listed
            .clone()
            .find(|item| item.crl.as_deref() == Some(path));
        let Some(owner) = owner else {
            return Ok("a timestamp authority's; it counts where a token's path meets it".into());
        };
        let mut authorities = self.roots(&owner.slug)?;
        let prefix = format!("{FOLDER}{}-", owner.slug);
        for file in self.files.paths().filter(|file| file.starts_with(&prefix)) {
            let chain = self
                .files
                .read(file)
                .and_then(|text| pem::certificates(&text));
            authorities.extend(chain.unwrap_or_default());
        }
        read_revocation_list(&list, &authorities)
            .map(|count| format!("{count} certificates of {} are revoked", owner.slug))
            .map_err(|error| error.to_string())
    }
}
