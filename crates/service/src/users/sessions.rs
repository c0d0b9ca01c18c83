//! Who is signed in: sessions in memory, known by the digest of what the browser holds.

use super::{Scope, UserRecord, UsersError, random};
use blockworm_crypto::{Digest, sha256};
use std::{
    collections::{BTreeSet, HashMap},
    net::IpAddr,
    sync::Arc,
};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

const MINUTE_MS: u64 = 60_000;
/// A session that is not used so long ends.
pub const IDLE_MS: u64 = 30 * MINUTE_MS;
/// A session ends so long after it began.
pub const ABSOLUTE_MS: u64 = 12 * 60 * MINUTE_MS;
/// Most sessions at once.
pub const MAX_SESSIONS: usize = 1_024;
/// Most of one person; the one that was not used longest goes first.
pub const SESSIONS_OF_ONE: usize = 8;

/// A person who signed in, as a request sees them.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// Who.
    pub user: String,
    /// What they may do.
    pub scopes: BTreeSet<Scope>,
    /// Ids or names of the ledgers that they are limited to; all when empty.
    pub ledgers: Vec<String>,
    /// Tells this session from the user's others; no secret.
    pub session: String,
    /// What every form of this session must carry.
    pub token: Zeroizing<String>,
    /// When they signed in.
    pub started_ms: u64,
    /// By what.
    pub by: &'static str,
    digest: Digest,
}

impl SignedIn {
    /// Whether a form was made for this session; in constant time.
    #[must_use]
    pub fn is_token(&self, shown: &str) -> bool {
        bool::from(self.token.as_bytes().ct_eq(shown.as_bytes()))
    }

    /// Whether this may do all that `before` might.
    #[must_use]
    pub fn covers(&self, before: &Self) -> bool {
        self.scopes.is_superset(&before.scopes) && self.ledgers == before.ledgers
    }
}

/// A session that just began.
#[derive(Debug)]
pub struct NewSession {
    /// What the browser keeps; it exists nowhere else.
    pub secret: Zeroizing<String>,
    /// Who signed in.
    pub user: String,
}

/// A session as its owner sees it in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionView {
    /// See [`SignedIn::session`].
    pub session: String,
    /// From where it began.
    pub address: IpAddr,
    /// See [`SignedIn::by`].
    pub by: &'static str,
    /// When it began.
    pub started_ms: u64,
    /// When it was used last.
    pub used_ms: u64,
}

#[derive(Debug)]
struct Session {
    user: String,
    handle: String,
    token: Zeroizing<String>,
    view: SessionView,
}

/// All sessions of this process.
#[derive(Debug, Default)]
pub(super) struct Sessions(HashMap<Digest, Session>);

impl Sessions {
    /// Begins a session of `user`.
    pub fn begin(
        &mut self,
        user: &UserRecord,
        by: &'static str,
        address: IpAddr,
        now_ms: u64,
    ) -> Result<NewSession, UsersError> {
        self.0.retain(|_, session| session.view.lives(now_ms));
        while self.of(&user.name).count() >= SESSIONS_OF_ONE {
            self.end_oldest(|session| session.user == user.name);
        }
        if self.0.len() >= MAX_SESSIONS {
            self.end_oldest(|_| true);
        }
        let secret = Zeroizing::new(hex::encode(*random::<32>()?));
        let view = SessionView {
            session: hex::encode(*random::<8>()?),
            address,
            by,
            started_ms: now_ms,
            used_ms: now_ms,
        };
        let session = Session {
            user: user.name.clone(),
            handle: user.handle.clone(),
            token: Zeroizing::new(hex::encode(*random::<16>()?)),
            view,
        };
        self.0.insert(digest(&secret), session);
        let user = user.name.clone();
        Ok(NewSession { secret, user })
    }

    /// The user's name of the session of this secret, for whom the file is asked then.
    pub fn user_of(&self, secret: &str) -> Option<(Digest, String)> {
        let digest = digest(secret);
        let session = self.0.get(&digest)?;
        Some((digest, session.user.clone()))
    }

    /// The session, if it still counts for the user as the file has them now; `used` keeps it alive.
    pub fn signed_in(
        &mut self,
        digest: Digest,
        user: Option<&UserRecord>,
        used: bool,
        now_ms: u64,
    ) -> Option<Arc<SignedIn>> {
        let session = self.0.get_mut(&digest)?;
        let user = user.filter(|user| {
            !user.disabled
                && user.handle == session.handle
                && user.changed_at_ms <= session.view.started_ms
        });
        let Some(user) = user.filter(|_| session.view.lives(now_ms)) else {
            self.0.remove(&digest);
            return None;
        };
        if used {
            session.view.used_ms = session.view.used_ms.max(now_ms);
        }
        Some(Arc::new(SignedIn {
            user: user.name.clone(),
            scopes: user.scopes.clone(),
            ledgers: user.ledgers.clone(),
            session: session.view.session.clone(),
            token: session.token.clone(),
            started_ms: session.view.started_ms,
            by: session.view.by,
            digest,
        }))
    }

    /// Ends a session of a user; whether there was one.
    pub fn end(&mut self, user: &str, session: &str) -> bool {
        let before = self.0.len();
        self.0
            .retain(|_, of| of.user != user || of.view.session != session);
        self.0.len() < before
    }

    /// The sessions of a user, the newest first.
    pub fn list(&self, user: &str, now_ms: u64) -> Vec<SessionView> {
        let mut views: Vec<_> = self.of(user).map(|(_, of)| of.view.clone()).collect();
        views.retain(|view| view.lives(now_ms));
        views.sort_by_key(|view| std::cmp::Reverse((view.started_ms, view.session.clone())));
        views
    }

    fn of(&self, user: &str) -> impl Iterator<Item = (&Digest, &Session)> {
        self.0
            .iter()
            .filter(move |(_, session)| session.user == user)
    }

    fn end_oldest(&mut self, among: impl Fn(&Session) -> bool) {
        let oldest = self.0.iter().filter(|(_, session)| among(session));
        let oldest = oldest
            .min_by_key(|(_, session)| session.view.used_ms)
            .map(|(key, _)| *key);
        if let Some(oldest) = oldest {
            self.0.remove(&oldest);
        }
    }
}

impl SessionView {
    fn lives(&self, now_ms: u64) -> bool {
        now_ms < self.used_ms.saturating_add(IDLE_MS)
            && now_ms < self.started_ms.saturating_add(ABSOLUTE_MS)
    }
}

impl SignedIn {
    pub(super) const fn digest(&self) -> Digest {
        self.digest
    }
}

fn digest(secret: &str) -> Digest {
    sha256(&[b"blockworm console session ", secret.as_bytes()])
}
