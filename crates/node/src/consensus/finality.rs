//! Certificates in the ledger's own type, for people who do not run the engine.

use super::block::ledger_digest;
use blockworm_ledger::FinalityProof;
use commonware_codec::Encode as _;
use commonware_consensus::{
    Epochable as _, Viewable as _,
    simplex::{scheme::ed25519::Scheme, types::Finalization},
};
use commonware_cryptography::sha256::Digest as EngineDigest;

/// The engine's finalization as a proof that `blockworm_ledger` checks alone; `None` when a
/// signature in it is no signature, which a verified certificate rules out.
#[must_use]
pub fn finality_proof(finalization: &Finalization<Scheme, EngineDigest>) -> Option<FinalityProof> {
    let certificate = &finalization.certificate;
    let signatures = certificate
        .signers
        .iter()
        .zip(&certificate.signatures)
        .map(|(signer, signature)| {
            let bytes = signature.get()?.encode();
            Some((signer.get(), <[u8; 64]>::try_from(bytes.as_ref()).ok()?))
        })
        .collect::<Option<Vec<_>>>()?;
    Some(FinalityProof {
        epoch: finalization.epoch().get(),
        view: finalization.view().get(),
        parent_view: finalization.proposal.parent.get(),
        payload: ledger_digest(&finalization.proposal.payload),
        signatures,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use blockworm_crypto::{PublicKey, SecretKey};
    use blockworm_ledger::{LedgerId, finality::consensus_namespace, genesis::Validator};
    use commonware_consensus::{
        simplex::types::{Finalize, Proposal},
        types::{Epoch, Round, View},
    };
    use commonware_cryptography::Signer as _;
    use commonware_parallel::Sequential;
    use commonware_utils::{iter::NonEmpty, ordered::Set};

    struct Fixture {
        ledger: LedgerId,
        validators: Vec<Validator>,
        schemes: Vec<Scheme>,
    }

    fn fixture(ledger: LedgerId, seeds: &[[u8; 32]]) -> Fixture {
        let keys: Vec<_> = seeds
            .iter()
            .map(|seed| SecretKey::from_ed25519_seed(*seed))
            .collect();
        let signers: Vec<_> = keys
            .iter()
            .map(|key| super::super::keys::signer(key).unwrap())
            .collect();
        let committee = Set::from_iter_dedup(signers.iter().map(|signer| signer.public_key()));
        let namespace = consensus_namespace(&ledger);
        let mut validators: Vec<_> = keys
            .iter()
            .map(|key| Validator {
                organisation: "bank".parse().unwrap(),
                key: key.public_key(),
            })
            .collect();
        validators.sort_by_key(|validator: &Validator| -> PublicKey { validator.key });
        let schemes = signers
            .into_iter()
            .map(|signer| Scheme::signer(&namespace, committee.clone(), signer).unwrap())
            .collect();
        Fixture {
            ledger,
            validators,
            schemes,
        }
    }

    fn certify(
        fixture: &Fixture,
        signing: usize,
        proof: (u64, u64, u64, [u8; 32]),
    ) -> FinalityProof {
        let (epoch, view, parent, payload) = proof;
        let round = Round::new(Epoch::new(epoch), View::new(view));
        let proposal = Proposal::new(round, View::new(parent), EngineDigest::from(payload));
        let votes: Vec<_> = fixture.schemes[..signing]
            .iter()
            .map(|scheme| Finalize::sign(scheme, proposal.clone()).unwrap())
            .collect();
        let mut votes = votes.into_iter();
        let votes = NonEmpty::new(votes.next().unwrap(), votes);
        let finalization =
            Finalization::from_owned_finalizes(&fixture.schemes[0], votes, &Sequential).unwrap();
        finality_proof(&finalization).unwrap()
    }

    #[test]
    fn the_ledger_alone_accepts_the_engines_certificates_and_no_altered_one() {
        let seeds: Vec<_> = (1..=4u8).map(|n| [n; 32]).collect();
        let fixture = fixture(LedgerId([7; 16]), &seeds);
        for (epoch, view, parent) in [(0, 1, 0), (3, 127, 126), (200, 1 << 40, 5)] {
            for signing in 3..=4 {
                let proof = certify(&fixture, signing, (epoch, view, parent, [9; 32]));
                let verify =
                    |proof: &FinalityProof| proof.verify(&fixture.ledger, &fixture.validators);
                assert_eq!(verify(&proof), Ok(()));
                assert!(
                    proof
                        .verify(&LedgerId([8; 16]), &fixture.validators)
                        .is_err()
                );
                let alter = |change: &dyn Fn(&mut FinalityProof)| {
                    let mut altered = proof.clone();
                    change(&mut altered);
                    assert!(verify(&altered).is_err(), "{altered:?}");
                };
                alter(&|proof| proof.epoch += 1);
                alter(&|proof| proof.view += 1);
                alter(&|proof| proof.parent_view += 1);
                alter(&|proof| proof.payload.0[0] ^= 1);
                alter(&|proof| proof.signatures.swap(0, 1));
                alter(&|proof| proof.signatures.truncate(2));
                alter(&|proof| proof.signatures[1].0 = 9);
                for byte in 0..64 {
                    alter(&|proof| proof.signatures[2].1[byte] ^= 4);
                }
            }
        }
    }

    #[test]
    fn the_engine_signs_what_the_frozen_certificate_says() {
        let text = include_str!("../../../ledger/fixtures/finalization.json");
        let frozen: serde_json::Value = serde_json::from_str(text).unwrap();
        let ledger: LedgerId = frozen["ledger"].as_str().unwrap().parse().unwrap();
        let seeds: Vec<[u8; 32]> = frozen["seeds"]
            .as_array()
            .unwrap()
            .iter()
            .map(|seed| {
                let digest: blockworm_crypto::Digest = seed.as_str().unwrap().parse().unwrap();
                digest.0
            })
            .collect();
        let expected: FinalityProof = serde_json::from_value(frozen["proof"].clone()).unwrap();
        let fixture = fixture(ledger, &seeds);
        let content = (
            expected.epoch,
            expected.view,
            expected.parent_view,
            expected.payload.0,
        );
        let ours = certify(&fixture, fixture.schemes.len(), content);
        assert_eq!(ours.signed_bytes(&ledger), expected.signed_bytes(&ledger));
        for signature in &expected.signatures {
            assert!(ours.signatures.contains(signature));
        }
    }
}
