//! Headers up to a certified one: the part of every proof that leads from facts to signatures.

use crate::{
    anchor::{Anchor, Handover},
    block::{HEADER_VERSION, Header},
    finality::{FinalityProof, validator_set_digest},
    genesis::{Genesis, ledger_id},
    names::LedgerId,
    report::{Checks, VerificationReport},
};
use blockworm_crypto::Digest;
use borsh::{BorshDeserialize, BorshSerialize, io};
use serde::{Deserialize, Serialize};

/// Most headers in a proof.
pub const MAX_PROOF_HEADERS: usize = 4096;

/// Contiguous headers, the last of which is certified. Not every height has a certificate of its
/// own: a block can be final through a descendant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertifiedHeaders {
    /// From the genesis's validators to those who signed, oldest first; empty where they are the
    /// same, and then left out in JSON.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub handovers: Vec<Handover>,
    /// Ascending by height, without gaps.
    pub headers: Vec<Header>,
    /// The signatures under the last header's digest.
    pub finality: FinalityProof,
}

/// In the binary form, where the number of headers would stand: a list of handovers comes first.
/// So headers without handovers keep the bytes of version 1.
const HANDOVERS_FIRST: u32 = u32::MAX;

impl BorshSerialize for CertifiedHeaders {
    fn serialize<W: io::Write>(&self, writer: &mut W) -> io::Result<()> {
        if !self.handovers.is_empty() {
            borsh::to_writer(&mut *writer, &HANDOVERS_FIRST)?;
            borsh::to_writer(&mut *writer, &self.handovers)?;
        }
        borsh::to_writer(&mut *writer, &self.headers)?;
        borsh::to_writer(writer, &self.finality)
    }
}

impl BorshDeserialize for CertifiedHeaders {
    fn deserialize_reader<R: io::Read>(reader: &mut R) -> io::Result<Self> {
        let mut count = u32::deserialize_reader(reader)?;
        let mut handovers = Vec::new();
        if count == HANDOVERS_FIRST {
            handovers = Vec::deserialize_reader(reader)?;
            if handovers.is_empty() {
                let reason = "a list of handovers is left out rather than empty";
                return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
            }
            count = u32::deserialize_reader(reader)?;
        }
        let headers = (0..count).map(|_| Header::deserialize_reader(reader));
        Ok(Self {
            handovers,
            headers: headers.collect::<io::Result<_>>()?,
            finality: FinalityProof::deserialize_reader(reader)?,
        })
    }
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

/// A check of headers against an anchor: what holds, or what does not.
pub(crate) type Check = fn(&CertifiedHeaders, &Anchor) -> Result<String, String>;

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

    /// The checks between the headers and the validators that an anchor knows, by name and in the
    /// order of docs/formats/proof.md: the signatures, which cost most, last.
    pub(crate) const CHECKS: [(&'static str, Check); 6] = [
        ("ledger.id", Self::check_ledger),
        ("headers.contiguous", Self::check_contiguous),
        ("validators.genesis", Self::check_validators),
        ("finality.payload", Self::check_payload),
        ("finality.epoch", Self::check_epoch),
        ("finality.quorum", Self::check_quorum),
    ];

    /// Runs the checks that every proof shares: genesis, ledger, headers, validators, finality.
    /// Returns what the genesis and the handovers say of the ledger.
    pub(crate) fn check(
        &self,
        origin: Origin<'_>,
        pin: Option<&Pin>,
        checks: &mut Checks,
    ) -> Anchor {
        check_genesis(origin, pin, checks);
        let mut anchor = Anchor::of(origin.genesis);
        anchor.ledger = *origin.ledger;
        let handed_over = anchor.hand_over_all(&self.handovers);
        for (name, check) in Self::CHECKS {
            let found = match (name, &handed_over) {
                ("ledger.id", _) if *origin.ledger != ledger_id(origin.genesis_digest) => {
                    Err(format!(
                        "the proof names ledger {}; its genesis makes {}",
                        origin.ledger,
                        ledger_id(origin.genesis_digest)
                    ))
                }
                ("validators.genesis", Err(reason)) => Err(reason.clone()),
                _ => check(self, &anchor),
            };
            if name == "finality.quorum" && found.is_ok() {
                let signed = self.finality.signatures.iter();
                let of = |(at, _): &(u32, _)| anchor.validators.get(*at as usize);
                checks.signers = signed
                    .filter_map(of)
                    .map(|validator| validator.organisation.clone())
                    .collect();
            }
            checks.note(name, found);
        }
        anchor
    }

    fn check_quorum(&self, anchor: &Anchor) -> Result<String, String> {
        self.finality
            .verify(&anchor.ledger, &anchor.validators)
            .map_err(|error| error.to_string())?;
        let (signed, all) = (self.finality.signatures.len(), anchor.validators.len());
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

    fn check_ledger(&self, anchor: &Anchor) -> Result<String, String> {
        let expected = anchor.ledger;
        match self.headers.iter().find(|header| header.ledger != expected) {
            Some(header) => Err(format!(
                "header {} belongs to ledger {}",
                header.height, header.ledger
            )),
            None => Ok(format!("every header belongs to ledger {expected}")),
        }
    }

    fn check_contiguous(&self, _: &Anchor) -> Result<String, String> {
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

    /// Headers before the last handover are bound by their children; the rest must name the set
    /// that the anchor knows, but for a certified last header of an epoch: that names the next.
    fn check_validators(&self, anchor: &Anchor) -> Result<String, String> {
        let certified = self.certified().map_or(0, |header| header.height);
        if certified < anchor.since {
            return Err(format!(
                "header {certified} lies before {}, from which the known validators vote",
                anchor.since
            ));
        }
        let expected = validator_set_digest(&anchor.validators);
        let known = |header: &&Header| {
            header.height.saturating_add(1) >= anchor.since
                && !(header.height == certified && anchor.ends_epoch(certified))
        };
        let mut known = self.headers.iter().filter(known);
        match known.find(|header| header.next_validators != expected) {
            Some(header) => Err(format!(
                "header {} names other validators than those known since height {}",
                header.height, anchor.since
            )),
            None if anchor.since == 0 => Ok("the validators are those of the genesis".into()),
            None => Ok(format!(
                "the validators follow from those of the genesis; they vote since height {}",
                anchor.since
            )),
        }
    }

    fn check_payload(&self, _: &Anchor) -> Result<String, String> {
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

    fn check_epoch(&self, anchor: &Anchor) -> Result<String, String> {
        let height = self.certified().map_or(0, |header| header.height);
        let epoch = anchor.epoch(height)?;
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
