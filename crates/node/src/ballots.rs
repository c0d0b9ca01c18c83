//! Whether this node may vote in an epoch: never in one whose votes it may have forgotten.
//!
//! The votes of an epoch are journaled before they are sent, and journals of epochs long past are
//! removed. A node that finds neither its journals nor the record kept beside them, though it may
//! have voted before, was restored without them: it watches until no vote of its own can be missing.

use crate::storage;
use blockworm_ledger::LedgerId;
use borsh::{BorshDeserialize, BorshSerialize};
use commonware_consensus::types::Epoch;
use commonware_runtime::{Clock, Metrics, Storage};
use commonware_storage::metadata::{self, Metadata};
use commonware_utils::sequence::U64;

/// Key of the one record.
const RECORD: u64 = 0;

/// What is kept beside the journals.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
struct Record {
    /// The last epoch entered.
    entered: Option<u64>,
    /// True while votes may be missing.
    doubtful: bool,
    /// The first epoch in which so many others were heard, after the doubt arose, that no quorum can
    /// have been beyond the next one before.
    witnessed: Option<u64>,
}

impl Record {
    const fn new(never_voted: bool) -> Self {
        Self {
            entered: None,
            doubtful: !never_voted,
            witnessed: None,
        }
    }

    /// Notes that the others were heard in an epoch.
    fn witness(&mut self, epoch: u64) {
        if self.doubtful {
            self.witnessed.get_or_insert(epoch);
        }
    }

    /// Enters an epoch; true if this node may vote in it.
    fn enter(&mut self, epoch: u64) -> bool {
        // Had we voted two epochs beyond a witnessed one, a quorum would have ended the one between,
        // and too few would have been left to be heard in the first.
        if self.witnessed.is_some_and(|seen| epoch >= seen + 2) {
            self.doubtful = false;
            self.witnessed = None;
        }
        // The journals before the last two epochs are gone: blocks were lost, votes were not.
        let journal_removed = self.entered.is_some_and(|last| epoch + 1 < last);
        self.entered = self.entered.max(Some(epoch));
        !self.doubtful && !journal_removed
    }
}

/// How many others must be heard in an epoch to witness that no quorum has gone far beyond it:
/// more than 2f of n validators, where f = (n - 1) / 3.
#[must_use]
pub const fn witnesses(validators: usize) -> usize {
    2 * (validators.saturating_sub(1) / 3) + 1
}

/// See the module.
pub struct Ballots<E: Clock + Metrics + Storage> {
    store: Metadata<E, U64, Vec<u8>>,
    record: Record,
}

impl<E: Clock + Metrics + Storage> Ballots<E> {
    /// Opens the record, or begins one: without doubt only where `never_voted` says so.
    ///
    /// # Errors
    /// What the storage says.
    pub async fn open(
        context: E,
        prefix: &str,
        ledger: &LedgerId,
        never_voted: bool,
    ) -> Result<Self, metadata::Error> {
        let config = metadata::Config {
            partition: format!("{prefix}{}", storage::ballots_partition(ledger)),
            codec_config: ((0..=1_024).into(), ()),
        };
        let store: Metadata<E, U64, Vec<u8>> = Metadata::init(context, config).await?;
        let known = store.get(&U64::new(RECORD));
        let record = match known.map(|bytes| Record::try_from_slice(bytes)) {
            Some(Ok(record)) => record,
            Some(Err(error)) => return Err(metadata::Error::Corruption(error.to_string())),
            None => Record::new(never_voted),
        };
        Self { store, record }.save().await
    }

    async fn save(mut self) -> Result<Self, metadata::Error> {
        let bytes =
            borsh::to_vec(&self.record).expect("invariant: writing to memory does not fail");
        self.store = self.store.put_sync(U64::new(RECORD), bytes).await?;
        Ok(self)
    }

    /// Notes that [`witnesses`] of the others were heard in an epoch.
    pub fn witness(&mut self, epoch: Epoch) {
        self.record.witness(epoch.get());
    }

    /// Enters an epoch, durably; true if this node may vote in it.
    ///
    /// # Errors
    /// What the storage says; then no vote may be cast.
    pub async fn enter(mut self, epoch: Epoch) -> Result<(Self, bool), metadata::Error> {
        let may_vote = self.record.enter(epoch.get());
        Ok((self.save().await?, may_vote))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_that_never_voted_votes_at_once_and_after_every_restart() {
        let mut record = Record::new(true);
        assert!(record.enter(0) && record.enter(1) && record.enter(1) && record.enter(2));
        assert!(record.enter(1), "the journal of the epoch before is there");
        assert!(!record.enter(0), "that of two before is not");
    }

    #[test]
    fn a_restored_node_watches_until_two_epochs_after_it_has_heard_the_others() {
        let mut record = Record::new(false);
        for epoch in 0..7 {
            assert!(!record.enter(epoch), "catching up, in {epoch}");
        }
        record.witness(6);
        record.witness(7);
        assert!(!record.enter(7));
        assert!(record.enter(8) && record.enter(9));
    }

    #[test]
    fn more_than_twice_the_faulty_must_be_heard() {
        let found: Vec<usize> = [1, 3, 4, 6, 7, 10].map(witnesses).into();
        assert_eq!(found, [1, 1, 3, 3, 5, 7]);
    }
}
