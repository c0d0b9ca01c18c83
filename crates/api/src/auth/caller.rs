//! A caller: nobody in particular, the holder of a key, or a member of an organisation.

use super::Need;
use crate::{
    keys::{KeyRecord, Scope},
    problem::Failure,
    routes::directory,
};
use axum::{
    extract::FromRequestParts,
    http::{StatusCode, request::Parts},
};
use blockworm_crypto::identity::MemberCertificate;
use blockworm_ledger::{LedgerId, OrganisationId};
use blockworm_node::LedgerHandle;
use blockworm_service::users::SignedIn;
use std::{collections::BTreeSet, sync::Arc};

/// A member's certificate that a client showed in its handshake.
#[derive(Debug)]
pub(crate) struct Shown {
    member: MemberCertificate,
    id: String,
}

impl Shown {
    pub(crate) fn new(member: MemberCertificate) -> Self {
        let id = format!("{}/{}", member.organisation, member.name);
        Self { member, id }
    }
}

/// Who asks; on every request that reaches a handler.
#[derive(Clone, Debug)]
pub(crate) enum Caller {
    /// Anybody: the listener does not ask.
    Open,
    /// The holder of a key.
    Key(Arc<KeyRecord>),
    /// A member, on those ledgers where it is in good standing.
    Member {
        shown: Arc<Shown>,
        ledgers: Arc<[LedgerId]>,
    },
    /// A person who signed in at the console.
    User(Arc<SignedIn>),
}

impl Caller {
    /// The member whose certificate was shown, as the ledgers know it now: it must be registered
    /// with the certificate's own key, neither revoked nor expired, its organisation not suspended.
    pub(super) async fn of_member(
        shown: &Arc<Shown>,
        ledgers: &[LedgerHandle],
        now_ms: u64,
    ) -> Result<Self, Failure> {
        let refused = |code, detail: String| Failure::new(StatusCode::FORBIDDEN, code, detail);
        let id = &shown.id;
        // The handshake checked this too, but a connection may outlive its certificate.
        if now_ms > shown.member.not_after_ms {
            let detail = format!("the certificate of {id} has expired");
            return Err(refused("api.certificate_expired", detail));
        }
        let mut standing = Vec::new();
        for ledger in ledgers {
            if is_in_standing(ledger, shown).await? {
                standing.push(ledger.id());
            }
        }
        if standing.is_empty() {
            let detail = format!(
                "no ledger of this node knows {id} with the certificate's key as a member in good standing"
            );
            return Err(refused("api.member_refused", detail));
        }
        Ok(Self::Member {
            shown: shown.clone(),
            ledgers: standing.into(),
        })
    }

    /// Whether the caller may use a route of the node of `organisation`.
    pub(super) fn meets(&self, need: Need, organisation: &OrganisationId) -> Result<(), Failure> {
        let missing = |detail: String| {
            Err(Failure::new(
                StatusCode::FORBIDDEN,
                "api.scope_missing",
                detail,
            ))
        };
        match (self, need) {
            (Self::Open, _) | (_, Need::Nothing | Need::Anyone) => Ok(()),
            // Members read and submit on their ledgers; about the node as a whole its own
            // organisation alone may ask.
            (Self::Member { .. }, Need::Scope(_)) => Ok(()),
            (Self::Member { shown, .. }, Need::Whole(_) | Need::Page) => {
                if shown.member.organisation == organisation.as_str() {
                    return Ok(());
                }
                missing(format!("only members of {organisation} may ask for this"))
            }
            (Self::Key(key), need) => {
                let need = need.of_program();
                let who = format!("the key {}", key.name);
                meets(need, &who, &key.scopes, &key.ledgers).or_else(missing)
            }
            (Self::User(user), need) => {
                let need = need.of_person();
                let who = format!("the user {}", user.user);
                meets(need, &who, &user.scopes, &user.ledgers).or_else(missing)
            }
        }
    }

    /// Whether the caller may know of a ledger at all; the others are not there for it.
    pub(crate) fn sees(&self, ledger: &LedgerHandle) -> bool {
        match self {
            Self::Open => true,
            Self::Key(key) => are_named(&key.ledgers, ledger),
            Self::User(user) => are_named(&user.ledgers, ledger),
            Self::Member { ledgers, .. } => ledgers.contains(&ledger.id()),
        }
    }

    /// Whether this caller may still do all that `before` might.
    pub(super) fn covers(&self, before: &Self) -> bool {
        match (self, before) {
            (Self::Key(now), Self::Key(before)) => {
                now.scopes.is_superset(&before.scopes) && now.ledgers == before.ledgers
            }
            (Self::Member { ledgers: now, .. }, Self::Member { ledgers, .. }) => {
                ledgers.iter().all(|ledger| now.contains(ledger))
            }
            (Self::User(now), Self::User(before)) => now.covers(before),
            _ => matches!(self, Self::Open),
        }
    }

    /// For the log and for telling callers apart; never a secret.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Open => "anybody".into(),
            Self::Key(key) => format!("key {}", key.name),
            Self::Member { shown, .. } => format!("member {}", shown.id),
            Self::User(user) => format!("user {}", user.user),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let caller = parts.extensions.get::<Self>().cloned();
        caller.ok_or_else(|| Failure::internal("a route answers without asking who asks"))
    }
}

async fn is_in_standing(ledger: &LedgerHandle, shown: &Shown) -> Result<bool, Failure> {
    let organisation = &shown.member.organisation;
    let standing = directory::standing(ledger, &shown.id, organisation).await?;
    Ok(standing.is_some_and(|member| member.active && member.key == shown.member.public_key))
}

/// Whether scopes and ledgers suffice for a route; else what is missing.
fn meets(need: Need, who: &str, held: &BTreeSet<Scope>, ledgers: &[String]) -> Result<(), String> {
    match need {
        Need::Nothing | Need::Anyone => Ok(()),
        Need::Scope(scopes) if scopes.iter().any(|scope| held.contains(scope)) => Ok(()),
        Need::Scope(scopes) => Err(format!("{who} lacks the scope {}", either(scopes))),
        Need::Whole(scope) if !held.contains(&scope) => {
            Err(format!("{who} lacks the scope {scope}"))
        }
        Need::Whole(_) if ledgers.is_empty() => Ok(()),
        Need::Whole(_) | Need::Page => Err(format!(
            "this tells about all ledgers, and {who} is limited to some"
        )),
    }
}

/// Whether a ledger is among those named; all are when none is.
fn are_named(ledgers: &[String], ledger: &LedgerHandle) -> bool {
    let id = ledger.id().to_string();
    let name = &ledger.genesis().name;
    ledgers.is_empty() || ledgers.iter().any(|text| *text == id || text == name)
}

fn either(scopes: &[Scope]) -> String {
    let names: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
    names.join(" or ")
}
