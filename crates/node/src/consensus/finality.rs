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
