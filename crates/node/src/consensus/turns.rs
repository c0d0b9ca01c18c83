//! Who leads which view of an epoch: each validator in turn, those who voted in the epoch before first.
//!
//! A validator that is new in an epoch may not be there yet: its node has to catch up, or restarts
//! with its next key. Were it to lead the first view, everybody would wait for it in vain. Once
//! a quorum has been heard in the epoch, a leader that is silent is skipped at once.

use commonware_consensus::{
    simplex::{
        elector::{Config, Elector, Scheduled, Terms},
        scheme::ed25519::Scheme,
    },
    types::{Epoch, Participant, Round},
};
use commonware_cryptography::ed25519::PublicKey;
use commonware_utils::ordered::Set;

/// The turns of an epoch, before its validators are put in order.
#[derive(Clone, Debug)]
pub struct Turns {
    /// The epoch; each begins with another leader.
    pub epoch: Epoch,
    /// Who voted in the epoch before; in the first epoch, who votes in it.
    pub before: Set<PublicKey>,
}

impl Config<Scheme> for Turns {
    type Elector = Order;

    fn build(self, participants: &Set<PublicKey>) -> Order {
        assert!(!participants.is_empty(), "invariant: somebody votes");
        let stays = |key: &PublicKey| self.before.position(key).is_some();
        let (mut order, newcomers): (Vec<_>, Vec<_>) = participants
            .iter()
            .enumerate()
            .map(|(index, key)| (Participant::from_usize(index), key))
            .partition(|(_, key)| stays(key));
        let staying = u64::try_from(order.len()).unwrap_or(u64::MAX).max(1);
        let first = usize::try_from(self.epoch.get() % staying).unwrap_or(0);
        order.rotate_left(first);
        order.extend(newcomers);
        Order(
            order
                .into_iter()
                .map(|(participant, _)| participant)
                .collect(),
        )
    }
}

/// The validators in the order in which they lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order(Vec<Participant>);

impl Elector<Scheme> for Order {
    type Mode = Scheduled;

    fn terms(&self) -> Terms {
        Terms::rotating()
    }

    fn elect(&self, round: Round, _: ()) -> Participant {
        let turns = u64::try_from(self.0.len()).unwrap_or(u64::MAX);
        // Views count from 1.
        let turn = round.view().get().saturating_sub(1) % turns;
        self.0[usize::try_from(turn).unwrap_or(0)]
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use commonware_consensus::types::View;
    use commonware_cryptography::{Signer as _, ed25519::PrivateKey};

    fn keys(seeds: &[u64]) -> Set<PublicKey> {
        Set::from_iter_dedup(
            seeds
                .iter()
                .map(|seed| PrivateKey::from_seed(*seed).public_key()),
        )
    }

    /// Who leads the first views of an epoch.
    fn leaders(epoch: u64, before: &[u64], now: &[u64], views: u64) -> Vec<PublicKey> {
        let (epoch, participants) = (Epoch::new(epoch), keys(now));
        let before = keys(before);
        let order = Turns { epoch, before }.build(&participants);
        let leads = |view| order.elect(Round::new(epoch, View::new(view)), ());
        (1..=views)
            .map(|view| participants[usize::from(leads(view))].clone())
            .collect()
    }

    #[test]
    fn everybody_leads_in_turn() {
        let first = leaders(0, &[1, 2, 3, 4], &[1, 2, 3, 4], 8);
        assert_eq!(first[..4], first[4..]);
        assert_eq!(
            Set::from_iter_dedup(first[..4].to_vec()),
            keys(&[1, 2, 3, 4])
        );
        let next = leaders(1, &[1, 2, 3, 4], &[1, 2, 3, 4], 4);
        assert_eq!(next[0], first[1], "each epoch begins with another");
    }

    #[test]
    fn newcomers_lead_last() {
        for epoch in 1..9 {
            let order = leaders(epoch, &[1, 2, 3, 4], &[1, 2, 3, 5], 4);
            assert_eq!(order[3], keys(&[5])[0]);
            let grown = leaders(epoch, &[1], &[1, 2, 3], 3);
            assert_eq!(grown[0], keys(&[1])[0]);
        }
    }

    #[test]
    fn nobody_need_stay() {
        let order = leaders(7, &[1], &[2, 3], 2);
        assert_eq!(Set::from_iter_dedup(order), keys(&[2, 3]));
    }
}
