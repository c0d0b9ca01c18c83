//! Whether a cosignature that somebody tells of counts: whose key it is, and whether it signed.

use super::{
    book::{ChainId, Line, chain_id},
    wire::Told,
};
use blockworm_crypto::{
    Digest, PublicKey,
    identity::{Profile, describe, verify_profile_chain},
    sha256,
};
use blockworm_execution::OrganisationRecord;
use blockworm_ledger::{
    OrganisationId,
    checkpoint::{Checkpoint, Cosignature, CosignerKey, cosigner_name},
    genesis::Validator,
};
use std::collections::HashMap;

/// How far ahead of this node's clock a cosigner's may be, and how far behind the block's time.
const CLOCKS_S: u64 = 600;
/// Chains whose validation is remembered.
const REMEMBERED: usize = 1_024;

/// Why a cosignature does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoCosigner {
    /// The chain is none, or does not lead to the organisation's root on the ledger.
    #[error("its certificate does not hold: {0}")]
    Certificate(String),
    /// The organisation keeps no node of this ledger.
    #[error("{0} has no node on this ledger")]
    Outsider(String),
    /// The ledger suspended or removed it, or does not know it.
    #[error("{0} is not an active organisation of this ledger")]
    Inactive(OrganisationId),
    /// The key votes: what it signs must not be cosignatures.
    #[error("the key is a node's consensus key")]
    ConsensusKey,
    /// As many keys of the organisation cosigned this checkpoint as it has nodes.
    #[error("more keys of {0} than it has nodes")]
    TooMany(OrganisationId),
    /// The signature does not hold.
    #[error("{0}")]
    Signature(String),
    /// Its time is not near the node's.
    #[error("its time, {0} s, is far from this node's clock")]
    Time(u64),
}

/// A chain that was validated.
#[derive(Clone)]
struct Known {
    organisation: OrganisationId,
    key: PublicKey,
    root: Digest,
    from_ms: u64,
    until_ms: u64,
}

/// What a judgement stands on.
pub struct Grounds<'a> {
    /// What was cosigned, as this node found it itself.
    pub checkpoint: &'a Checkpoint,
    /// Time of its last block, milliseconds since 1970.
    pub block_ms: u64,
    /// This node's clock, milliseconds since 1970.
    pub now_ms: u64,
    /// The ledger's nodes.
    pub nodes: &'a [Validator],
    /// What the ledger's state says of an organisation.
    pub standing: &'a dyn Fn(&OrganisationId) -> Option<OrganisationRecord>,
}

/// Judges cosignatures, remembering chains that it validated.
#[derive(Default)]
pub struct Judge {
    known: HashMap<ChainId, Known>,
}

impl Judge {
    /// The line to keep, and whose it is.
    ///
    /// # Errors
    /// The first reason for which it does not count.
    pub fn check(
        &mut self,
        told: &Told,
        grounds: &Grounds<'_>,
    ) -> Result<(OrganisationId, Line), NoCosigner> {
        let id = chain_id(&told.chain);
        let known = self.identify(id, &told.chain, grounds)?;
        let key = CosignerKey::new(cosigner_name(known.organisation.as_str()), &known.key)
            .map_err(|error| NoCosigner::Certificate(error.to_string()))?;
        let cosignature = Cosignature {
            name: key.name.clone(),
            key_id: key.key_id(),
            bytes: [&told.time_s.to_be_bytes()[..], &told.signature].concat(),
        };
        cosignature
            .verify(grounds.checkpoint, &key)
            .map_err(|error| NoCosigner::Signature(error.to_string()))?;
        let ahead = told.time_s > grounds.now_ms / 1000 + CLOCKS_S;
        if ahead || told.time_s + CLOCKS_S < grounds.block_ms / 1000 {
            return Err(NoCosigner::Time(told.time_s));
        }
        let mut bytes = [0; 32];
        bytes.copy_from_slice(key.bytes());
        let line = Line {
            key: bytes,
            chain: id,
            time_s: told.time_s,
            signature: told.signature,
        };
        Ok((known.organisation, line))
    }

    fn identify(
        &mut self,
        id: ChainId,
        chain: &[u8],
        grounds: &Grounds<'_>,
    ) -> Result<Known, NoCosigner> {
        let refused = |error: blockworm_crypto::identity::IdentityError| {
            NoCosigner::Certificate(error.to_string())
        };
        let known = self.known.get(&id).cloned();
        let organisation = match &known {
            Some(known) => known.organisation.clone(),
            None => {
                let named = describe(chain).map_err(refused)?.organisation;
                named.parse().map_err(|_| NoCosigner::Outsider(named))?
            }
        };
        if !grounds
            .nodes
            .iter()
            .any(|node| node.organisation == organisation)
        {
            return Err(NoCosigner::Outsider(organisation.to_string()));
        }
        let record = (grounds.standing)(&organisation)
            .filter(OrganisationRecord::is_active)
            .ok_or_else(|| NoCosigner::Inactive(organisation.clone()))?;
        let root = sha256(&[&record.ca_certificate]);
        let now_ms = grounds.now_ms;
        let holds = |known: &Known| {
            known.root == root && (known.from_ms..=known.until_ms).contains(&now_ms)
        };
        let known = match known.filter(holds) {
            Some(known) => known,
            None => {
                let described =
                    verify_profile_chain(chain, &record.ca_certificate, Profile::Cosigning, now_ms)
                        .map_err(refused)?;
                let known = Known {
                    organisation,
                    key: described.public_key,
                    root,
                    from_ms: described.validity.not_before_ms,
                    until_ms: described.validity.not_after_ms,
                };
                if self.known.len() >= REMEMBERED {
                    self.known.clear();
                }
                self.known.insert(id, known.clone());
                known
            }
        };
        if grounds.nodes.iter().any(|node| node.key == known.key) {
            return Err(NoCosigner::ConsensusKey);
        }
        Ok(known)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use blockworm_crypto::{
        Algorithm, SecretKey,
        identity::{CertificateAuthority, Order, Validity},
    };
    use blockworm_ledger::LedgerId;

    const NOW_MS: u64 = 1_790_000_000_000;
    const VALIDITY: Validity = Validity {
        not_before_ms: NOW_MS - 10_000,
        not_after_ms: NOW_MS + 3_600_000,
    };

    struct Bank {
        root: CertificateAuthority,
        key: SecretKey,
        told: Told,
    }

    fn checkpoint() -> Checkpoint {
        Checkpoint {
            ledger: LedgerId([7; 16]),
            size: 9,
            root: Digest::ZERO,
        }
    }

    fn bank() -> Bank {
        let root = CertificateAuthority::create("bank", "Root", Algorithm::P256, VALIDITY).unwrap();
        let key = SecretKey::from_ed25519_seed([4; 32]);
        let order = Order {
            profile: Profile::Cosigning,
            name: "cosigner",
            functions: &[],
            hosts: &[],
        };
        let time_s = NOW_MS / 1000;
        let line = Cosignature::sign(&checkpoint(), "blockworm/bank", &key, time_s).unwrap();
        let told = Told {
            chain: root.issue_as(&order, &key.public_key(), VALIDITY).unwrap(),
            time_s,
            signature: line.bytes[8..].try_into().unwrap(),
        };
        Bank { root, key, told }
    }

    /// What becomes of the bank's line at a time, where the ledger has this record and these nodes.
    fn judged(
        judge: &mut Judge,
        bank: &Bank,
        now_ms: u64,
        node: &str,
        change: impl Fn(&mut OrganisationRecord),
    ) -> Result<OrganisationId, NoCosigner> {
        let standing = |_: &OrganisationId| {
            let mut record = OrganisationRecord {
                name: "Bank".into(),
                roles: vec![],
                ca_certificate: bank.root.certificate().to_vec(),
                suspended_at: None,
                removed_at: None,
            };
            change(&mut record);
            Some(record)
        };
        let nodes = [Validator {
            organisation: node.parse().unwrap(),
            key: SecretKey::from_ed25519_seed([1; 32]).public_key(),
        }];
        let grounds = Grounds {
            checkpoint: &checkpoint(),
            block_ms: NOW_MS,
            now_ms,
            nodes: &nodes,
            standing: &standing,
        };
        judge.check(&bank.told, &grounds).map(|(who, line)| {
            assert_eq!(PublicKey::Ed25519(line.key), bank.key.public_key());
            who
        })
    }

    #[test]
    fn who_is_suspended_removed_expired_or_of_another_root_counts_no_more() {
        let bank = bank();
        let mut judge = Judge::default();
        // Asked in turn of one judge: what it remembers of the chain hides no change.
        for _ in 0..2 {
            let mut ask = |now_ms, node, change: &dyn Fn(&mut OrganisationRecord)| {
                judged(&mut judge, &bank, now_ms, node, change)
            };
            assert_eq!(ask(NOW_MS, "bank", &|_| ()).unwrap().as_str(), "bank");
            let suspended = ask(NOW_MS, "bank", &|record| record.suspended_at = Some(3));
            assert!(matches!(suspended, Err(NoCosigner::Inactive(_))));
            let removed = ask(NOW_MS, "bank", &|record| record.removed_at = Some(3));
            assert!(matches!(removed, Err(NoCosigner::Inactive(_))));
            let outside = ask(NOW_MS, "court", &|_| ());
            assert!(matches!(outside, Err(NoCosigner::Outsider(_))));
            let late = ask(NOW_MS + 3_700_000, "bank", &|_| ());
            assert!(matches!(late, Err(NoCosigner::Certificate(_))), "{late:?}");
            let next = CertificateAuthority::create("bank", "Root", Algorithm::P256, VALIDITY);
            let next = next.unwrap().certificate().to_vec();
            let other = ask(NOW_MS, "bank", &|record| {
                record.ca_certificate = next.clone()
            });
            assert!(
                matches!(other, Err(NoCosigner::Certificate(_))),
                "{other:?}"
            );
            let early = ask(NOW_MS - 700_000, "bank", &|_| ());
            assert!(early.is_err());
        }
    }
}
