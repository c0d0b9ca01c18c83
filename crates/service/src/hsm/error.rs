//! What goes wrong between this program and a security module, by stable code.

use crate::network::folder::FolderError;
use blockworm_crypto::{Algorithm, SigningError};
use cryptoki::error::{Error, RvError};
use std::path::PathBuf;

/// Why a key in a security module cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HsmError {
    /// The organisation's folder names no security module.
    #[error("{} is not there, so no security module is known", path.display())]
    NoSettings {
        /// `hsm.toml`.
        path: PathBuf,
    },
    /// A file of settings or a reference breaks its rules.
    #[error("{} cannot be used: {reason}", path.display())]
    Settings {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The module, a library, cannot be loaded or does not begin.
    #[error("the PKCS#11 module {} cannot be used: {reason}", path.display())]
    Module {
        /// The library.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// No token of that label is there.
    #[error("the token {token:?} is not there")]
    TokenAbsent {
        /// Its label.
        token: String,
    },
    /// The token refused the PIN, or it cannot be read.
    #[error("the PIN of the token {token:?} does not work: {reason}")]
    Pin {
        /// The token's label.
        token: String,
        /// What is wrong; never the PIN.
        reason: String,
    },
    /// The module stopped answering in the middle.
    #[error("the session with the token {token:?} was lost: {reason}")]
    SessionLost {
        /// The token's label.
        token: String,
        /// What the module said.
        reason: String,
    },
    /// The key is not on the token.
    #[error("the key {label:?} is not on the token {token:?}")]
    KeyAbsent {
        /// The key's label.
        label: String,
        /// The token's label.
        token: String,
    },
    /// A key of that label is there already.
    #[error(
        "a key {label:?} is on the token {token:?} already, or a reference to one in the folder"
    )]
    KeyExists {
        /// The key's label.
        label: String,
        /// The token's label.
        token: String,
    },
    /// The key on the token is not the one that the reference names.
    #[error("the key {label:?} on the token {token:?} is not the one that the reference names")]
    OtherKey {
        /// The key's label.
        label: String,
        /// The token's label.
        token: String,
    },
    /// The token cannot do the algorithm.
    #[error("the token {token:?} does not sign with {algorithm}")]
    Unsupported {
        /// The token's label.
        token: String,
        /// What was asked for.
        algorithm: Algorithm,
    },
    /// The folder could not be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
}

impl HsmError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoSettings { .. } => "hsm.no_settings",
            Self::Settings { .. } => "hsm.settings",
            Self::Module { .. } => "hsm.module",
            Self::TokenAbsent { .. } => "hsm.token_absent",
            Self::Pin { .. } => "hsm.pin",
            Self::SessionLost { .. } => "hsm.session_lost",
            Self::KeyAbsent { .. } => "hsm.key_absent",
            Self::KeyExists { .. } => "hsm.key_exists",
            Self::OtherKey { .. } => "hsm.other_key",
            Self::Unsupported { .. } => "hsm.unsupported",
            Self::Folder(_) => "hsm.folder",
        }
    }

    /// What to do next.
    #[must_use]
    pub fn next(&self) -> String {
        match self {
            Self::NoSettings { path } | Self::Settings { path, .. } => {
                format!("write {} as docs/hsm.md shows", path.display())
            }
            Self::Module { .. } => "install the module, or correct `module` in hsm.toml".into(),
            Self::TokenAbsent { .. } => {
                "connect the token, or correct `token` in hsm.toml; nothing else is needed".into()
            }
            Self::Pin { .. } => {
                "correct the PIN's file; a locked token is unlocked by its security officer".into()
            }
            Self::SessionLost { .. } => "look whether the module is reachable, then repeat".into(),
            Self::KeyAbsent { .. } | Self::OtherKey { .. } => {
                "blockworm hsm keys shows what is on the token; restore the key from its backup"
                    .into()
            }
            Self::KeyExists { .. } => "choose another name".into(),
            Self::Unsupported { .. } => "choose the other algorithm; p256 is the usual one".into(),
            Self::Folder(_) => "look at the owner and the free space of the folder".into(),
        }
    }

    /// Whether beginning anew with the module may help. A PIN is never tried twice: the token would
    /// lock itself.
    pub(super) const fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::SessionLost { .. } | Self::TokenAbsent { .. } | Self::KeyAbsent { .. }
        )
    }

    /// Of what the module said in a session with a token.
    pub(super) fn of(token: &str, error: &Error) -> Self {
        let token = token.to_owned();
        match error {
            Error::Pkcs11(
                RvError::PinIncorrect
                | RvError::PinInvalid
                | RvError::PinLenRange
                | RvError::PinExpired
                | RvError::PinLocked
                | RvError::UserPinNotInitialized,
                _,
            )
            | Error::PinNotSet => Self::Pin {
                token,
                reason: error.to_string(),
            },
            Error::Pkcs11(
                RvError::TokenNotPresent
                | RvError::TokenNotRecognized
                | RvError::DeviceRemoved
                | RvError::SlotIdInvalid,
                _,
            ) => Self::TokenAbsent { token },
            other => Self::SessionLost {
                token,
                reason: other.to_string(),
            },
        }
    }
}

impl From<&HsmError> for SigningError {
    fn from(error: &HsmError) -> Self {
        Self::new(format!("{}: {error}", error.code()))
    }
}
