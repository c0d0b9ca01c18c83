//! Where people sign in: one desk for each node, shared by the API's guard and the console's pages.

use super::{
    NewSession, PasskeyError, SessionView, SignedIn, UserFile, UserRecord, UsersError,
    attempts::Attempts, challenges::Challenges, recovery, sessions::Sessions,
};
use crate::private_file::Stamp;
use std::{
    net::IpAddr,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Why somebody is not signed in.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// Name, password or code do not fit; which of them is not told.
    #[error("name, password or code is wrong")]
    Wrong,
    /// Too many attempts failed.
    #[error("too many attempts failed")]
    Wait {
        /// For so long.
        seconds: u64,
    },
    /// A passkey's answer does not count.
    #[error(transparent)]
    Passkey(#[from] PasskeyError),
    /// They signed in too long ago for this.
    #[error("this needs a sign-in of the last minutes")]
    SignInAgain,
    /// The file cannot be used.
    #[error("the file of users cannot be used")]
    Unavailable(#[from] UsersError),
}

/// The users of a node.
pub struct Users {
    pub(super) path: PathBuf,
    loaded: Mutex<Loaded>,
    pub(super) sessions: Mutex<Sessions>,
    pub(super) attempts: Mutex<Attempts>,
    pub(super) challenges: Mutex<Challenges>,
}

/// What was read last, and from which version of the file.
#[derive(Default)]
struct Loaded {
    stamp: Option<Stamp>,
    /// None while the file cannot be used: then nobody is let in.
    file: Option<Arc<UserFile>>,
}

impl Users {
    /// Reads the file for the first time; it is read again whenever it changes.
    ///
    /// # Errors
    /// A file that cannot be used.
    pub fn open(path: PathBuf) -> Result<Self, UsersError> {
        UserFile::read(&path)?;
        Ok(Self {
            path,
            loaded: Mutex::default(),
            sessions: Mutex::default(),
            attempts: Mutex::default(),
            challenges: Mutex::default(),
        })
    }

    /// Signs in by password and a code of the app, or a recovery code instead of it. It takes a
    /// tenth of a second and 64 MiB, whatever is shown.
    ///
    /// # Errors
    /// [`Refused`]; the same for a user who is not there as for a wrong password.
    pub fn sign_in(
        &self,
        name: &str,
        password: &str,
        code: &str,
        address: IpAddr,
        now_ms: u64,
    ) -> Result<NewSession, Refused> {
        let begun = held(&self.attempts).begin(name, address, now_ms);
        begun.map_err(|wait_ms| {
            tracing::warn!(user = self.known(name), %address, "sign-in refused: too many failures");
            wait(wait_ms)
        })?;
        let file = self.file()?;
        let nobody = UserRecord::nobody();
        let user = file.find(name).unwrap_or(&nobody);
        let code: String = code.chars().filter(|of| !of.is_whitespace()).collect();
        // Each is looked at, whatever came of the others.
        let by_password = user.password.is_of(password);
        let step = user.totp_secret.step_of(&code, now_ms, user.totp_last_step);
        let spare = recovery::place_of(&code, &user.recovery);
        let fits = by_password & (step.is_some() | spare.is_some()) & !user.disabled;
        let spent = if fits {
            self.spend(user, &code, now_ms)?
        } else {
            None
        };
        let Some(by) = spent else {
            tracing::warn!(user = self.known(name), %address, "sign-in failed");
            return Err(Refused::Wrong);
        };
        held(&self.attempts).succeeded(Some(name), address);
        self.begin(user, by, address, now_ms)
    }

    /// Writes down that a code was used; none when another request was faster, or the user changed.
    fn spend(
        &self,
        read: &UserRecord,
        code: &str,
        now_ms: u64,
    ) -> Result<Option<&'static str>, UsersError> {
        UserFile::change(&self.path, |file| {
            let same = |user: &&mut UserRecord| {
                user.handle == read.handle && user.password == read.password && !user.disabled
            };
            let Some(user) = file.user(&read.name).ok().filter(same) else {
                return Ok(None);
            };
            let last = user.totp_last_step;
            if let Some(step) = user.totp_secret.step_of(code, now_ms, last) {
                user.totp_last_step = step;
                return Ok(Some("password and code"));
            }
            let Some(place) = recovery::place_of(code, &user.recovery) else {
                return Ok(None);
            };
            user.recovery.remove(place);
            Ok(Some("password and recovery code"))
        })
    }

    pub(super) fn begin(
        &self,
        user: &UserRecord,
        by: &'static str,
        address: IpAddr,
        now_ms: u64,
    ) -> Result<NewSession, Refused> {
        let session = held(&self.sessions).begin(user, by, address, now_ms)?;
        tracing::info!(user = user.name, %address, by, "signed in");
        Ok(session)
    }

    /// Who holds this secret, and keeps the session alive.
    #[must_use]
    pub fn session(&self, secret: &str, now_ms: u64) -> Option<Arc<SignedIn>> {
        let (digest, name) = held(&self.sessions).user_of(secret)?;
        let file = self.file().ok()?;
        held(&self.sessions).signed_in(digest, file.find(&name), true, now_ms)
    }

    /// Whoever signed in before, as the file knows them now; this does not keep the session alive.
    #[must_use]
    pub fn still(&self, before: &SignedIn, now_ms: u64) -> Option<Arc<SignedIn>> {
        let file = self.file().ok()?;
        let user = file.find(&before.user);
        held(&self.sessions).signed_in(before.digest(), user, false, now_ms)
    }

    /// Ends one of one's own sessions; whether there was one.
    pub fn end_session(&self, who: &SignedIn, session: &str) -> bool {
        let ended = held(&self.sessions).end(&who.user, session);
        if ended {
            tracing::info!(user = who.user, session, "signed out");
        }
        ended
    }

    /// One's own sessions, the newest first.
    #[must_use]
    pub fn sessions_of(&self, who: &SignedIn, now_ms: u64) -> Vec<SessionView> {
        held(&self.sessions).list(&who.user, now_ms)
    }

    /// One's own record.
    ///
    /// # Errors
    /// A file that cannot be used or no longer has the user.
    pub fn record(&self, who: &SignedIn) -> Result<UserRecord, UsersError> {
        let file = self.file()?;
        let found = file.find(&who.user).cloned();
        found.ok_or_else(|| UsersError::Unknown {
            name: who.user.clone(),
        })
    }

    /// The file as it is now; asking for its stamp costs a microsecond.
    pub(super) fn file(&self) -> Result<Arc<UserFile>, UsersError> {
        let stamp = Stamp::of(&self.path);
        let mut loaded = held(&self.loaded);
        if stamp.is_some()
            && loaded.stamp == stamp
            && let Some(file) = &loaded.file
        {
            return Ok(file.clone());
        }
        let read = UserFile::read(&self.path).inspect_err(|error| {
            if loaded.stamp != stamp {
                tracing::error!(%error, "nobody signs in until the file can be used again");
            }
        });
        let file = read.map(|file| Arc::new(file.unwrap_or_default()));
        *loaded = Loaded {
            stamp,
            file: file.as_ref().ok().cloned(),
        };
        file
    }

    /// A name for the log: people type passwords into the wrong field.
    fn known<'a>(&self, name: &'a str) -> &'a str {
        let known = self.file().is_ok_and(|file| file.find(name).is_some());
        if known { name } else { "(unknown)" }
    }
}

pub(super) fn wait(wait_ms: u64) -> Refused {
    Refused::Wait {
        seconds: wait_ms.div_ceil(1000),
    }
}

pub(super) fn held<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
