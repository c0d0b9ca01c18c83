//! Headers up to a certified one: the part of every proof that leads from facts to signatures.

use crate::{
    block::{HEADER_VERSION, Header},
    finality::{FinalityProof, validator_set_digest},
    genesis::{Genesis, ledger_id},
    names::{LedgerId, OrganisationId},
    report::{Checks, VerificationReport},
};
use blockworm_crypto::Digest;
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// Most headers in a proof.
pub const MAX_PROOF_HEADERS: usize = 4096;

/// Contiguous headers, the last of which is certified. Not every height has a certificate of its
/// own: a block can be final through a descendant.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertifiedHeaders {
    /// Ascending by height, without gaps.
    pub headers: Vec<Header>,
    /// The signatures under the last header's digest.
    pub finality: FinalityProof,
}

/// The genesis that the verifier trusts, learned outside the proof: from a file or as a digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pin(Digest);

impl Pin {
    /// Pins by digest; the genesis inside a proof is used only when it has this digest.
    #[must_use]
    pub const fn digest(digest: Digest) -> Self {
        Self(digest)
    }

    /// Pins by a genesis from outside the proof.
    #[must_use]
    pub fn genesis(genesis: &Genesis) -> Self {
        Self(genesis.digest())
    }
}

/// What a proof says about where it comes from.
#[derive(Clone, Copy)]
pub(crate) struct Origin<'a> {
    pub(crate) genesis: &'a Genesis,
    pub(crate) ledger: &'a LedgerId,
    pub(crate) genesis_digest: &'a Digest,
}

impl CertifiedHeaders {
    /// The header of this height.
    #[must_use]
    pub fn header(&self, height: u64) -> Option<&Header> {
        self.headers.iter().find(|header| header.height == height)
    }

    /// The certified header.
    #[must_use]
    pub fn certified(&self) -> Option<&Header> {
        self.headers.last()
    }

    /// Runs the checks that every proof shares: genesis, ledger, headers, validators, finality.
    pub(crate) fn check(&self, origin: Origin<'_>, pin: Option<&Pin>, checks: &mut Checks) {
        check_genesis(origin, pin, checks);
        checks.note("ledger.id", self.check_ledger(origin));
        checks.note("headers.contiguous", self.check_contiguous());
        checks.note("validators.genesis", self.check_validators(origin.genesis));
        checks.note("finality.payload", self.check_payload());
        checks.note("finality.epoch", self.check_epoch(origin.genesis));
        let mut signers = Vec::new();
        checks.note("finality.quorum", self.check_quorum(origin, &mut signers));
        checks.signers = signers;
    }

    fn check_quorum(
        &self,
        origin: Origin<'_>,
        signers: &mut Vec<OrganisationId>,
    ) -> Result<String, String> {
        let validators = &origin.genesis.validators;
        self.finality
            .verify(origin.ledger, validators)
            .map_err(|error| error.to_string())?;
        let signed = self.finality.signatures.iter();
        signers.extend(signed.map(|(at, _)| validators[*at as usize].organisation.clone()));
        let (signed, all) = (signers.len(), validators.len());
        Ok(format!(
            "{signed} of {all} validators signed; every signature matches"
        ))
    }

    /// Draws the conclusion from all checks.
    pub(crate) fn report(&self, origin: Origin<'_>, checks: Checks) -> VerificationReport {
        let (outcome, checks, signers) = checks.conclude();
        let certified = self.certified();
        VerificationReport {
            outcome,
            ledger: *origin.ledger,
            genesis_digest: *origin.genesis_digest,
            certified_height: certified.map_or(0, |header| header.height),
            certified_time_ms: certified.map_or(0, |header| header.time_ms),
            signers,
            checks,
        }
    }

    fn check_ledger(&self, origin: Origin<'_>) -> Result<String, String> {
        let expected = ledger_id(origin.genesis_digest);
        if *origin.ledger != expected {
            return Err(format!(
                "the proof names ledger {}; its genesis makes {expected}",
                origin.ledger
            ));
        }
        match self.headers.iter().find(|header| header.ledger != expected) {
            Some(header) => Err(format!(
                "header {} belongs to ledger {}",
                header.height, header.ledger
            )),
            None => Ok(format!("every header belongs to ledger {expected}")),
        }
    }

    fn check_contiguous(&self) -> Result<String, String> {
        let (Some(first), Some(last)) = (self.headers.first(), self.headers.last()) else {
            return Err("the proof has no headers".into());
        };
        if self.headers.len() > MAX_PROOF_HEADERS {
            return Err(format!("more than {MAX_PROOF_HEADERS} headers"));
        }
        if let Some(header) = self
            .headers
            .iter()
            .find(|header| header.version != HEADER_VERSION)
        {
            return Err(format!(
                "header {} has the unknown version {}",
                header.height, header.version
            ));
        }
        for pair in self.headers.windows(2) {
            let (before, after) = (&pair[0], &pair[1]);
            if before.height.checked_add(1) != Some(after.height) {
                return Err(format!(
                    "header {} is followed by {}",
                    before.height, after.height
                ));
            }
            if after.parent != before.digest() {
                return Err(format!(
                    "header {} names another parent than header {}",
                    after.height, before.height
                ));
            }
            if after.time_ms <= before.time_ms {
                return Err(format!(
                    "header {} is not later than header {}",
                    after.height, before.height
                ));
            }
        }
        Ok(format!(
            "headers {} to {} follow one another by parent digest",
            first.height, last.height
        ))
    }

    fn check_validators(&self, genesis: &Genesis) -> Result<String, String> {
        let expected = validator_set_digest(&genesis.validators);
        match self
            .headers
            .iter()
            .find(|header| header.next_validators != expected)
        {
            Some(header) => Err(format!(
                "header {} names another validator set than the genesis",
                header.height
            )),
            None => Ok("every header names the validator set of the genesis".into()),
        }
    }

    fn check_payload(&self) -> Result<String, String> {
        let Some(last) = self.certified() else {
            return Err("there is no header to certify".into());
        };
        if self.finality.payload != last.digest() {
            return Err(format!(
                "the signatures are under {}, not under header {}",
                self.finality.payload, last.height
            ));
        }
        Ok(format!(
            "the signatures are under the digest of header {}",
            last.height
        ))
    }

    fn check_epoch(&self, genesis: &Genesis) -> Result<String, String> {
        let height = self.certified().map_or(0, |header| header.height);
        let Some(epoch) = height.checked_div(genesis.parameters.epoch_length) else {
            return Err("the genesis has epochs without blocks".into());
        };
        if self.finality.epoch != epoch {
            return Err(format!(
                "height {height} lies in epoch {epoch}, the vote in {}",
                self.finality.epoch
            ));
        }
        Ok(format!(
            "height {height} lies in epoch {epoch}, as the vote says"
        ))
    }
}

fn check_genesis(origin: Origin<'_>, pin: Option<&Pin>, checks: &mut Checks) {
    let found = origin.genesis.digest();
    let stated = origin.genesis_digest;
    let well_formed = origin.genesis.check().map_err(|error| error.to_string());
    checks.note(
        "genesis.well_formed",
        well_formed.map(|()| "the genesis follows its rules".into()),
    );
    checks.note(
        "genesis.digest",
        if found == *stated {
            Ok(format!("the genesis inside has the digest {stated}"))
        } else {
            Err(format!(
                "the genesis inside has the digest {found}; the proof names {stated}"
            ))
        },
    );
    match pin {
        None => checks.unpinned(
            "genesis.pinned",
            "no genesis was pinned, so the one inside the proof counts for nothing",
        ),
        Some(Pin(pinned)) if pinned == stated && found == *pinned => {
            checks.note(
                "genesis.pinned",
                Ok(format!("the genesis is the pinned one, {pinned}")),
            );
        }
        Some(Pin(pinned)) => {
            checks.note(
                "genesis.pinned",
                Err(format!(
                    "the pinned genesis is {pinned}, the proof's is {found}"
                )),
            );
        }
    }
}
