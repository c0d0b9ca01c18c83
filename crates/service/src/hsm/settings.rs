//! Which security module an organisation has, and which of its keys lie there: small files among its keys.

use super::HsmError;
use crate::{
    identity::check_private,
    network::folder::{ConsortiumFolder, write_whole},
};
use blockworm_crypto::PublicKey;
use blockworm_ledger::OrganisationId;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{
    fs, io,
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

/// No file of settings is larger.
const LARGEST_BYTES: u64 = 16 << 10;
/// No PIN is longer.
const LONGEST_PIN: u64 = 255;

/// `keys/hsm.toml` of an organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HsmSettings {
    /// The PKCS#11 library of the module's maker.
    pub module: PathBuf,
    /// The token's label.
    pub token: String,
    /// The file with the PIN alone, which only its owner may read; relative to the settings.
    pub pin_file: PathBuf,
}

/// `keys/<name>.hsm.toml`: a key on the token in place of `<name>.key.pem`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyReference {
    /// The key's label on the token.
    pub label: String,
    /// The key's id on the token, hex.
    pub id: String,
    /// Its public half: what comes from the token must fit it.
    pub public_key: PublicKey,
}

/// Where an organisation's settings lie.
#[must_use]
pub fn settings_file(folder: &ConsortiumFolder, organisation: &OrganisationId) -> PathBuf {
    folder.keys(organisation).join("hsm.toml")
}

/// Where the reference to one of its keys lies.
#[must_use]
pub fn reference_file(
    folder: &ConsortiumFolder,
    organisation: &OrganisationId,
    name: &str,
) -> PathBuf {
    folder.keys(organisation).join(format!("{name}.hsm.toml"))
}

impl HsmSettings {
    /// Reads an organisation's settings.
    ///
    /// # Errors
    /// [`HsmError::NoSettings`] or [`HsmError::Settings`].
    pub fn read(
        folder: &ConsortiumFolder,
        organisation: &OrganisationId,
    ) -> Result<Self, HsmError> {
        let path = settings_file(folder, organisation);
        let mut read: Self =
            read_toml(&path)?.ok_or_else(|| HsmError::NoSettings { path: path.clone() })?;
        if read.token.is_empty() || read.token.len() > 32 {
            let reason = "`token` has 1 to 32 characters".into();
            return Err(HsmError::Settings { path, reason });
        }
        if !read.module.is_absolute() {
            let reason = "`module` is an absolute path".into();
            return Err(HsmError::Settings { path, reason });
        }
        if let Some(beside) = path.parent() {
            read.pin_file = beside.join(&read.pin_file);
        }
        Ok(read)
    }

    /// The PIN, read anew each time it is needed.
    pub(super) fn pin(&self) -> Result<Zeroizing<String>, HsmError> {
        let unusable = |reason: String| HsmError::Pin {
            token: self.token.clone(),
            reason: format!("{}: {reason}", self.pin_file.display()),
        };
        check_private(&self.pin_file).map_err(|error| unusable(error.to_string()))?;
        let length = fs::metadata(&self.pin_file).map(|of| of.len());
        if length.is_ok_and(|length| length > LONGEST_PIN + 2) {
            return Err(unusable(format!("more than {LONGEST_PIN} bytes")));
        }
        let text = fs::read_to_string(&self.pin_file);
        let text = Zeroizing::new(text.map_err(|error| unusable(error.to_string()))?);
        let pin = text.trim_end_matches(['\r', '\n']);
        if pin.is_empty() {
            return Err(unusable("it is empty".into()));
        }
        Ok(Zeroizing::new(pin.to_owned()))
    }
}

impl KeyReference {
    /// The reference to a key of this name, where there is one.
    ///
    /// # Errors
    /// [`HsmError::Settings`].
    pub fn read(
        folder: &ConsortiumFolder,
        organisation: &OrganisationId,
        name: &str,
    ) -> Result<Option<Self>, HsmError> {
        let path = reference_file(folder, organisation, name);
        let read: Option<Self> = read_toml(&path)?;
        let bad = |of: &Self| hex::decode(&of.id).is_err() || of.label.is_empty();
        if read.as_ref().is_some_and(bad) {
            let reason = "`label` is not empty and `id` is hex".into();
            return Err(HsmError::Settings { path, reason });
        }
        Ok(read)
    }

    /// Writes the reference in one step.
    ///
    /// # Errors
    /// [`HsmError::Folder`].
    pub fn write(
        &self,
        folder: &ConsortiumFolder,
        organisation: &OrganisationId,
        name: &str,
    ) -> Result<(), HsmError> {
        let path = reference_file(folder, organisation, name);
        let text = toml::to_string(self).map_err(|error| HsmError::Settings {
            path: path.clone(),
            reason: error.to_string(),
        })?;
        Ok(write_whole(&path, text.as_bytes(), 0o600)?)
    }

    pub(super) fn id_bytes(&self) -> Vec<u8> {
        hex::decode(&self.id).unwrap_or_default()
    }
}

fn read_toml<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, HsmError> {
    let refused = |reason: String| HsmError::Settings {
        path: path.to_owned(),
        reason,
    };
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(refused(error.to_string())),
        Ok(of) if of.len() > LARGEST_BYTES => {
            return Err(refused(format!("more than {LARGEST_BYTES} bytes")));
        }
        Ok(_) => {}
    }
    let text = fs::read_to_string(path).map_err(|error| refused(error.to_string()))?;
    toml::from_str(&text)
        .map(Some)
        .map_err(|error| refused(error.message().to_owned()))
}
