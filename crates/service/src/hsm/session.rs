//! The one session that this process keeps with each token, begun anew when it is lost.

use super::{HsmError, HsmSettings};
use blockworm_crypto::{Digest, sha256};
use cryptoki::{
    context::{CInitializeArgs, CInitializeFlags, Pkcs11},
    error::{Error, RvError},
    mechanism::MechanismType,
    session::{Session, UserType},
    slot::Slot,
    types::AuthPin,
};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

/// A module is begun once in a process, whoever uses it; one use after the other.
static MODULES: Mutex<BTreeMap<PathBuf, Module>> = Mutex::new(BTreeMap::new());

#[derive(Default)]
struct Module {
    /// Dropped before the library.
    sessions: BTreeMap<String, Session>,
    library: Option<Pkcs11>,
    /// By token, digests of PINs that were refused: they are not tried again, or the token locks.
    refused: BTreeMap<String, Digest>,
}

/// A module and token as they answer now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenStatus {
    /// What the module calls itself.
    pub library: String,
    /// The token's label.
    pub token: String,
    /// Who made it.
    pub manufacturer: String,
    /// Its model.
    pub model: String,
    /// Its serial number.
    pub serial: String,
    /// Whether it signs by ECDSA on digests.
    pub p256: bool,
    /// Whether it signs by Ed25519.
    pub ed25519: bool,
}

/// Asks module and token who they are, and logs in.
///
/// # Errors
/// [`HsmError`].
pub fn status(settings: &HsmSettings) -> Result<TokenStatus, HsmError> {
    within(settings, |session| session.status())
}

/// A session with a token, for one use.
pub(super) struct Use<'a> {
    pub session: &'a Session,
    pub token: &'a str,
    library: &'a Pkcs11,
    slot: Slot,
}

impl Use<'_> {
    /// What the module said, in this token's words.
    pub fn refused(&self, error: &Error) -> HsmError {
        HsmError::of(self.token, error)
    }

    pub fn can(&self, mechanism: MechanismType) -> Result<bool, HsmError> {
        let all = self.library.get_mechanism_list(self.slot);
        Ok(all
            .map_err(|error| self.refused(&error))?
            .contains(&mechanism))
    }

    fn status(&self) -> Result<TokenStatus, HsmError> {
        let refused = |error: Error| self.refused(&error);
        let library = self.library.get_library_info().map_err(refused)?;
        let token = self.library.get_token_info(self.slot).map_err(refused)?;
        Ok(TokenStatus {
            library: library.library_description().trim().to_owned(),
            token: self.token.to_owned(),
            manufacturer: token.manufacturer_id().trim().to_owned(),
            model: token.model().trim().to_owned(),
            serial: token.serial_number().trim().to_owned(),
            p256: self.can(MechanismType::ECDSA)?,
            ed25519: self.can(MechanismType::EDDSA)?,
        })
    }
}

/// Does something in the session with a token, opening it where needed. What fails for a reason that
/// may pass is tried once more, after the module was begun anew.
pub(super) fn within<T>(
    settings: &HsmSettings,
    work: impl Fn(&Use<'_>) -> Result<T, HsmError>,
) -> Result<T, HsmError> {
    let mut modules = MODULES.lock().unwrap_or_else(PoisonError::into_inner);
    let module = modules.entry(settings.module.clone()).or_default();
    match module.attempt(settings, &work) {
        Err(error) if error.may_pass() => {
            tracing::warn!(code = error.code(), %error, "beginning anew with the security module");
            module.end();
            module.attempt(settings, &work)
        }
        done => done,
    }
}

impl Module {
    fn attempt<T>(
        &mut self,
        settings: &HsmSettings,
        work: impl Fn(&Use<'_>) -> Result<T, HsmError>,
    ) -> Result<T, HsmError> {
        let token = &settings.token;
        let library = match &self.library {
            Some(library) => library.clone(),
            None => self.library.insert(begin(&settings.module)?).clone(),
        };
        let slot = slot_of(&library, token)?;
        if !self.sessions.contains_key(token) {
            let pin = settings.pin()?;
            let digest = sha256(&[pin.as_bytes()]);
            if self.refused.get(token) == Some(&digest) {
                return Err(HsmError::Pin {
                    token: token.clone(),
                    reason: "the token refused it before, and it did not change since".into(),
                });
            }
            let opened = open(&library, slot, token, &pin).inspect_err(|error| {
                if matches!(error, HsmError::Pin { .. }) {
                    self.refused.insert(token.clone(), digest);
                }
            })?;
            self.refused.remove(token);
            self.sessions.insert(token.clone(), opened);
        }
        let Some(session) = self.sessions.get(token) else {
            return Err(HsmError::TokenAbsent {
                token: token.clone(),
            });
        };
        let using = Use {
            session,
            token,
            library: &library,
            slot,
        };
        let done = work(&using);
        if matches!(&done, Err(error) if error.may_pass()) {
            self.sessions.remove(token);
        }
        done
    }

    /// Leaves the module: some find tokens that come and go only when they begin.
    fn end(&mut self) {
        self.sessions.clear();
        if let Some(library) = self.library.take()
            && let Err(error) = library.finalize()
        {
            tracing::debug!(%error, "the security module did not end well");
        }
    }
}

fn begin(path: &Path) -> Result<Pkcs11, HsmError> {
    let unusable = |error: Error| HsmError::Module {
        path: path.to_owned(),
        reason: error.to_string(),
    };
    let library = Pkcs11::new(path).map_err(unusable)?;
    match library.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => Ok(library),
        Err(error) => Err(unusable(error)),
    }
}

fn slot_of(library: &Pkcs11, token: &str) -> Result<Slot, HsmError> {
    let refused = |error: Error| HsmError::of(token, &error);
    for slot in library.get_slots_with_token().map_err(refused)? {
        let named = library.get_token_info(slot);
        if named.is_ok_and(|info| info.token_initialized() && info.label().trim_end() == token) {
            return Ok(slot);
        }
    }
    Err(HsmError::TokenAbsent {
        token: token.to_owned(),
    })
}

fn open(library: &Pkcs11, slot: Slot, token: &str, pin: &str) -> Result<Session, HsmError> {
    let refused = |error: Error| HsmError::of(token, &error);
    let session = library.open_rw_session(slot).map_err(refused)?;
    match session.login(UserType::User, Some(&AuthPin::new(pin.to_owned().into()))) {
        Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(session),
        Err(error) => Err(refused(error)),
    }
}
