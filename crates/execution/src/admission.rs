//! The checks before any contract is called: in a block, and on a transaction's arrival.

use crate::{
    directory::Standing,
    error::{ExecutionError, Refusal},
    executor::Shared,
    replay::mark,
    system::System,
};
use blockworm_ledger::{codes, transaction::TransactionView};
use blockworm_state::Store;
use std::sync::{Arc, PoisonError, atomic::Ordering};

/// Checks transactions on arrival, on any thread, against the state after the last executed block.
pub struct Admission<S: Store>(Arc<Shared<S>>);

impl<S: Store> Clone for Admission<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S: Store> Admission<S> {
    pub(crate) const fn new(shared: Arc<Shared<S>>) -> Self {
        Self(shared)
    }

    /// Whether the transaction could enter a block of this time now, in the same order as execution
    /// checks it. The signature is not checked here.
    ///
    /// # Errors
    /// The refusal that its receipt would carry, or `node.unavailable` when the store fails.
    pub fn check(&self, view: &TransactionView<'_>, block_time_ms: u64) -> Result<(), Refusal> {
        let shared = &*self.0;
        check_window(shared, view, block_time_ms)?;
        check_sender(shared, view, block_time_ms).map_err(|verdict| match verdict {
            Verdict::Refused(refusal) => refusal,
            Verdict::Failed(error) => Refusal::new("node.unavailable", error.to_string()),
        })?;
        check_open(shared, view)?;
        let replay = shared.replay.read().unwrap_or_else(PoisonError::into_inner);
        if replay.contains(&mark(&view.id()), view.expires_at_ms()) {
            return Err(replayed());
        }
        drop(replay);
        if shared.contracts.get(view.contract()).is_none() {
            let message = format!("this ledger has no contract {}", view.contract());
            return Err(Refusal::new(codes::CONTRACT_UNKNOWN, message));
        }
        Ok(())
    }
}

/// Why a sender may not go on.
pub(crate) enum Verdict {
    Refused(Refusal),
    Failed(ExecutionError),
}

/// Ledger and expiry: what the transaction and the block's time decide by themselves.
pub(crate) fn check_window<S: Store>(
    shared: &Shared<S>,
    view: &TransactionView<'_>,
    time_ms: u64,
) -> Result<(), Refusal> {
    let refuse = |code, message: &str| Err(Refusal::new(code, message));
    if view.ledger() != shared.ledger {
        return refuse(
            codes::TRANSACTION_WRONG_LEDGER,
            "the transaction was made for another ledger",
        );
    }
    if view.expires_at_ms() <= time_ms {
        return refuse(
            codes::TRANSACTION_EXPIRED,
            "block time has reached the expiry",
        );
    }
    let window_ms = shared.genesis.parameters.expiry_window_ms;
    if view.expires_at_ms() > time_ms.saturating_add(window_ms) {
        return refuse(
            codes::TRANSACTION_EXPIRY_TOO_FAR,
            "the expiry lies further ahead than the ledger allows",
        );
    }
    Ok(())
}

/// The sender's record: there, of this key, and in good standing.
pub(crate) fn check_sender<S: Store>(
    shared: &Shared<S>,
    view: &TransactionView<'_>,
    time_ms: u64,
) -> Result<(), Verdict> {
    let sender = view.sender();
    let found = shared
        .directory
        .find(sender, &shared.state)
        .map_err(Verdict::Failed)?;
    let (code, message) = match found {
        None => (
            codes::MEMBER_UNKNOWN,
            format!("{sender} is not registered on this ledger"),
        ),
        Some(known) if known.member.key != *view.key() => (
            codes::MEMBER_KEY_MISMATCH,
            format!("the transaction is not signed with the registered key of {sender}"),
        ),
        Some(known) => match known.standing(time_ms) {
            Standing::Active => return Ok(()),
            Standing::Revoked => (codes::MEMBER_REVOKED, format!("{sender} is revoked")),
            Standing::Expired => (
                "member.expired",
                format!("the certificate of {sender} has expired"),
            ),
            Standing::OrganisationRemoved => (
                codes::ORGANISATION_REMOVED,
                format!(
                    "the organisation {} left the consortium",
                    known.organisation_id
                ),
            ),
            Standing::OrganisationSuspended => (
                codes::ORGANISATION_SUSPENDED,
                format!("the organisation {} is suspended", known.organisation_id),
            ),
        },
    };
    Err(Verdict::Refused(Refusal::new(code, message)))
}

/// An archived ledger takes nothing but proposals and votes, by which it is opened again.
pub(crate) fn check_open<S: Store>(
    shared: &Shared<S>,
    view: &TransactionView<'_>,
) -> Result<(), Refusal> {
    if !shared.archived.load(Ordering::Acquire) || view.contract() == System::Proposals.name() {
        return Ok(());
    }
    Err(Refusal::new(
        codes::LEDGER_ARCHIVED,
        "the consortium archived this ledger; it takes nothing but proposals and votes",
    ))
}

/// The refusal of a transaction that stands in the ledger already.
pub(crate) fn replayed() -> Refusal {
    Refusal::new(
        codes::TRANSACTION_REPLAYED,
        "the same transaction already stands in an earlier block or place",
    )
}
