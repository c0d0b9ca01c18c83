//! With whom a node speaks: whom its configuration names, and whom votes admitted or replaced since.

use crate::{config::Profile, consensus::keys, ledger::Ledger};
use blockworm_ledger::genesis::Validator;
use commonware_cryptography::ed25519::PublicKey;
use commonware_p2p::{Address, AddressableManager as _, authenticated::lookup};
use commonware_utils::{TryCollect as _, ordered::Map};
use futures::future::select_all;
use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
};
use tokio::sync::watch;

/// What one ledger says of its nodes, as it changes.
pub struct Followed {
    /// Where nodes are that votes admitted.
    admitted: watch::Receiver<Vec<(PublicKey, SocketAddr)>>,
    /// Who keeps it, dismissed nodes that still vote among them.
    keeping: watch::Receiver<Vec<Validator>>,
}

impl Followed {
    /// Of a ledger that was opened.
    pub fn of(ledger: &Ledger) -> Self {
        Self {
            admitted: ledger.peers.addresses(),
            keeping: ledger.nodes.subscribe(),
        }
    }
}

/// The node itself, and what bounds it.
pub struct Own {
    /// Its key.
    pub key: PublicKey,
    /// The nodes that its configuration names, itself among them.
    pub known: BTreeMap<PublicKey, Address>,
    /// With how many nodes it speaks at most.
    pub most: usize,
    /// Where it may speak.
    pub profile: Profile,
}

/// Speaks with the nodes that votes admit, as soon as they are admitted, besides those that the
/// configuration names; what the configuration says of a node's address goes first.
pub async fn follow_nodes(
    mut oracle: lookup::Oracle<PublicKey>,
    own: Own,
    mut ledgers: Vec<Followed>,
) {
    let (mut version, mut tracked) = (0, None);
    loop {
        let mut admitted = Vec::new();
        let mut keeping = BTreeSet::new();
        for ledger in &mut ledgers {
            admitted.extend(ledger.admitted.borrow_and_update().iter().cloned());
            let nodes = ledger.keeping.borrow_and_update();
            keeping.extend(nodes.iter().filter_map(|node| keys::public(&node.key).ok()));
        }
        let all = partners(&own, &admitted, &keeping);
        if tracked.as_ref() != Some(&all) {
            tracked = Some(all.clone());
            // Keys are a map's, so they are distinct.
            if let Ok(all) = all.into_iter().try_collect::<Map<_, _>>() {
                oracle.track(version, all);
            }
            version += 1;
        }
        let changes = ledgers.iter_mut().map(|ledger| {
            Box::pin(async move {
                tokio::select! {
                    changed = ledger.admitted.changed() => changed,
                    changed = ledger.keeping.changed() => changed,
                }
            })
        });
        let changes: Vec<_> = changes.collect();
        if changes.is_empty() || select_all(changes).await.0.is_err() {
            return;
        }
    }
}

/// The nodes and their addresses. A key of the configuration that keeps no ledger any more is left
/// out once votes admitted another one at its address: calling there for it would be in vain.
fn partners(
    own: &Own,
    admitted: &[(PublicKey, SocketAddr)],
    keeping: &BTreeSet<PublicKey>,
) -> BTreeMap<PublicKey, Address> {
    let mut all = own.known.clone();
    all.retain(|key, address| {
        let replaced = admitted
            .iter()
            .any(|(other, at)| other != key && Address::from(*at) == *address);
        *key == own.key || keeping.contains(key) || !replaced
    });
    for (key, address) in admitted {
        if own.profile == Profile::Local && !address.ip().is_loopback() {
            tracing::error!(%address, "profile local speaks with no node elsewhere");
        } else if all.len() < own.most || all.contains_key(key) {
            all.entry(key.clone()).or_insert_with(|| (*address).into());
        } else {
            tracing::error!(%address, most = own.most, "a node of a ledger is left out: too many nodes");
        }
    }
    all
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use commonware_cryptography::{Signer as _, ed25519::PrivateKey};

    fn key(seed: u64) -> PublicKey {
        PrivateKey::from_seed(seed).public_key()
    }

    fn at(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    #[test]
    fn a_replaced_key_is_called_no_more_once_it_keeps_nothing() {
        let own = Own {
            key: key(1),
            known: [(key(1), at(1).into()), (key(2), at(2).into())].into(),
            most: 10,
            profile: Profile::Local,
        };
        let keys = |admitted: &[_], keeping: &[_]| {
            let all = partners(&own, admitted, &keeping.iter().cloned().collect());
            all.into_keys().collect::<BTreeSet<_>>()
        };
        let all = |seeds: &[u64]| seeds.iter().copied().map(key).collect::<BTreeSet<_>>();
        assert_eq!(keys(&[], &[key(1), key(2)]), all(&[1, 2]));
        let replaced = [(key(3), at(2))];
        let ending = [key(1), key(2), key(3)];
        assert_eq!(keys(&replaced, &ending), all(&[1, 2, 3]), "it still votes");
        assert_eq!(keys(&replaced, &[key(1), key(3)]), all(&[1, 3]));
        assert_eq!(keys(&[(key(3), at(3))], &[key(3)]), all(&[1, 2, 3]));
        let ours = [(key(4), at(1))];
        assert_eq!(keys(&ours, &[key(4)]), all(&[1, 2, 4]), "never our own");
    }
}
