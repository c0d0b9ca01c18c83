//! What the engine tells us: final blocks in order, the tip, and the votes of others.

use crate::{consensus::block::SealedBlock, ledger::Ledger, mempool::Now, metrics::add};
use blockworm_crypto::Digest;
use commonware_actor::Feedback;
use commonware_consensus::{
    Reporter,
    marshal::Update,
    simplex::{scheme::ed25519::Scheme, types::Activity},
    types::Epoch,
};
use commonware_cryptography::{Digested, sha256::Digest as EngineDigest};
use commonware_utils::{Participant, acknowledgement::Exact, ordered::Quorum as _};
use std::sync::Arc;
use tokio::sync::mpsc;

/// A final block to execute.
pub struct Job {
    /// The block.
    pub block: Digested<SealedBlock>,
    /// Given back once the block is durable; the engine holds a bounded number of them.
    pub ack: Exact,
}

/// Takes final blocks from the engine. The queue is bounded by the engine, which delivers only so
/// many blocks ahead of their acknowledgements.
#[derive(Clone)]
pub struct Blocks {
    ledger: Arc<Ledger>,
    jobs: mpsc::UnboundedSender<Job>,
}

impl Blocks {
    /// Passes blocks to `jobs`.
    #[must_use]
    pub fn new(ledger: Arc<Ledger>, jobs: mpsc::UnboundedSender<Job>) -> Self {
        Self { ledger, jobs }
    }
}

impl Reporter for Blocks {
    type Activity = Update<SealedBlock>;

    fn report(&mut self, update: Self::Activity) -> Feedback {
        match update {
            Update::Tip(_, height, _) => {
                self.ledger.tip.send_if_modified(|tip| {
                    let higher = height.get() > *tip;
                    *tip = height.get().max(*tip);
                    higher
                });
                Feedback::Ok
            }
            Update::Block(block, ack) => match self.jobs.send(Job { block, ack }) {
                Ok(()) => Feedback::Ok,
                Err(_) => Feedback::Closed,
            },
        }
    }
}

/// Counts what happens among the validators.
#[derive(Clone)]
pub struct Votes {
    ledger: Arc<Ledger>,
    now: Now,
}

impl Votes {
    /// Counts for this ledger.
    #[must_use]
    pub fn new(ledger: Arc<Ledger>, now: Now) -> Self {
        Self { ledger, now }
    }

    /// `payload` is the digest of the header voted for.
    fn hear(&self, epoch: Epoch, signer: Participant, payload: Option<&EngineDigest>) {
        let committee = self.ledger.succession.of(epoch);
        let Some(key) = committee
            .as_ref()
            .and_then(|committee| committee.keys.key(signer))
        else {
            return;
        };
        let digest = payload.and_then(|payload| Some(Digest(payload.as_ref().try_into().ok()?)));
        let height = digest.and_then(|digest| self.ledger.chain.height(&digest));
        let now_ms = (self.now)();
        self.ledger.presence.hear(key, now_ms, height);
    }
}

impl Reporter for Votes {
    type Activity = Activity<Scheme, EngineDigest>;

    fn report(&mut self, activity: Self::Activity) -> Feedback {
        match activity {
            Activity::Notarize(vote) => {
                let epoch = vote.proposal.round.epoch();
                self.hear(epoch, vote.attestation.signer, Some(&vote.proposal.payload));
            }
            Activity::Finalize(vote) => {
                let epoch = vote.proposal.round.epoch();
                self.hear(epoch, vote.attestation.signer, Some(&vote.proposal.payload));
            }
            Activity::Nullify(vote) => self.hear(vote.round.epoch(), vote.attestation.signer, None),
            Activity::Nullification(_) => add(&self.ledger.counters.nullified_views, 1),
            Activity::ConflictingNotarize(_)
            | Activity::ConflictingFinalize(_)
            | Activity::NullifyFinalize(_) => {
                tracing::warn!(ledger = %self.ledger.rules.id, "a validator cast contradicting votes");
                add(&self.ledger.counters.conflicting_votes, 1);
            }
            _ => {}
        }
        Feedback::Ok
    }
}
