//! From a document's inputs to its fingerprints, through two key holders that never see them.

use super::{FingerprintError, forms::Input};
use blockworm_crypto::{
    Digest,
    oprf::{Blinding, Element, Evaluation, KeyVersion, Output},
    sha256,
};
use serde::{Deserialize, Serialize};

/// First part of what is hashed; a change of the form changes the number in it.
pub const DOMAIN: &[u8] = b"blockworm/registry-fingerprint/2";

/// Which keys a registry's fingerprints are made with: both holders' in one version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeySet {
    /// Counted from 1; both holders change their keys together.
    pub version: KeyVersion,
    /// The first holder's public key, by default the notary's; then the second's, the court's.
    pub holders: [Element; 2],
}

/// The fingerprint (docs/formats/fingerprint.md): SHA-256 of the domain, a zero byte, the version
/// and both outputs, each with its length before it.
#[must_use]
pub fn fingerprint(version: KeyVersion, first: &Output, second: &Output) -> Digest {
    let length = 64_u16.to_be_bytes();
    sha256(&[
        DOMAIN,
        &[0],
        &version.0.to_be_bytes(),
        &length,
        &first.0,
        &length,
        &second.0,
    ])
}

/// A question on its way: what each holder is sent, and what unblinds its answer.
#[derive(Debug)]
pub struct Asking {
    keys: KeySet,
    blindings: [Blinding; 2],
}

impl Asking {
    /// Blinds a document's inputs for each holder on its own, so that even both together cannot tell
    /// that they were asked for the same document.
    ///
    /// # Errors
    /// [`FingerprintError::Blinding`].
    pub fn new(keys: KeySet, inputs: &[Input]) -> Result<Self, FingerprintError> {
        let bytes: Vec<&[u8]> = inputs.iter().map(|input| input.bytes.as_slice()).collect();
        let blind = || Blinding::new(&bytes).map_err(FingerprintError::Blinding);
        Ok(Self {
            keys,
            blindings: [blind()?, blind()?],
        })
    }

    /// What goes to the first holder and to the second.
    #[must_use]
    pub fn blinded(&self) -> [&[Element]; 2] {
        [self.blindings[0].blinded(), self.blindings[1].blinded()]
    }

    /// The fingerprints, in the order of the inputs, once both holders' proofs were checked.
    ///
    /// # Errors
    /// [`FingerprintError::Version`], [`FingerprintError::Holder`].
    pub fn fingerprints(&self, answers: [&Evaluation; 2]) -> Result<Vec<Digest>, FingerprintError> {
        let outputs = |index: usize| {
            let (holder, wanted) = (index + 1, self.keys.version);
            let answered = answers[index].version;
            if answered != wanted {
                return Err(FingerprintError::Version {
                    holder,
                    answered,
                    wanted,
                });
            }
            self.blindings[index]
                .finalise(&self.keys.holders[index], answers[index])
                .map_err(|source| FingerprintError::Holder { holder, source })
        };
        let (first, second) = (outputs(0)?, outputs(1)?);
        let pairs = first.iter().zip(&second);
        Ok(pairs
            .map(|(first, second)| fingerprint(self.keys.version, first, second))
            .collect())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::fingerprint::{Document, forms};
    use crate::receivable::{SAMPLE_INVOICE, import};
    use blockworm_crypto::{
        SecretKey,
        oprf::{EvaluationKey, OprfError},
    };

    fn key(seed: u8, version: u32) -> EvaluationKey {
        let seed = SecretKey::from_ed25519_seed([seed; 32]);
        EvaluationKey::derive(&seed, KeyVersion(version)).unwrap()
    }

    fn keys(version: u32) -> ([EvaluationKey; 2], KeySet) {
        let keys = [key(1, version), key(2, version)];
        let holders = [keys[0].public_key(), keys[1].public_key()];
        let version = KeyVersion(version);
        (keys, KeySet { version, holders })
    }

    fn inputs() -> Vec<forms::Input> {
        let invoice = import(SAMPLE_INVOICE).unwrap().invoice;
        forms::asked(&Document::of(&invoice).unwrap())
    }

    fn ask(version: u32, inputs: &[forms::Input]) -> Vec<Digest> {
        let (keys, set) = keys(version);
        let asking = Asking::new(set, inputs).unwrap();
        let [first, second] = asking.blinded();
        let answers = [keys[0].evaluate(first), keys[1].evaluate(second)].map(Result::unwrap);
        asking.fingerprints([&answers[0], &answers[1]]).unwrap()
    }

    /// `hashlib.sha256(b"blockworm/registry-fingerprint/2" + b"\0" + (7).to_bytes(4) + …)`
    #[test]
    fn a_fingerprint_is_what_sha256_says() {
        let found = fingerprint(KeyVersion(7), &Output([0x11; 64]), &Output([0x22; 64]));
        let expected = "aaa52367f826800b07779d3a15ef006b6295d5fc56cf6b597f5d24b41edf57b3";
        assert_eq!(found.to_string(), expected);
        let swapped = fingerprint(KeyVersion(7), &Output([0x22; 64]), &Output([0x11; 64]));
        assert_ne!(found, swapped);
    }

    /// Two banks that never met ask for one invoice: every byte that goes out differs, and the
    /// fingerprints are equal.
    #[test]
    fn two_banks_find_the_same_fingerprints_and_show_nothing() {
        let inputs = inputs();
        let (_, set) = keys(1);
        let askings = [0, 1].map(|_| Asking::new(set, &inputs).unwrap());
        let mut sent: Vec<[u8; 32]> = askings
            .iter()
            .flat_map(|asking| asking.blinded().concat())
            .map(|element| element.to_bytes())
            .collect();
        let count = sent.len();
        assert_eq!(count, 4 * inputs.len());
        sent.sort_unstable();
        sent.dedup();
        assert_eq!(sent.len(), count, "nothing that is sent repeats");
        let found = ask(1, &inputs);
        assert_eq!(found, ask(1, &inputs));
        let distinct: std::collections::BTreeSet<_> = found.iter().collect();
        assert_eq!(distinct.len(), inputs.len());
        assert!(
            ask(2, &inputs).iter().all(|one| !found.contains(one)),
            "rotated"
        );
    }

    #[test]
    fn one_wrong_holder_is_named() {
        let inputs = inputs();
        let (keys, set) = keys(1);
        let asking = Asking::new(set, &inputs).unwrap();
        let [first, second] = asking.blinded();
        let good = keys[0].evaluate(first).unwrap();
        let wrong = key(3, 1).evaluate(second).unwrap();
        let refused = asking.fingerprints([&good, &wrong]).unwrap_err();
        let source = OprfError::WrongKey;
        assert_eq!(refused, FingerprintError::Holder { holder: 2, source });
        let old = key(2, 9).evaluate(second).unwrap();
        let refused = asking.fingerprints([&good, &old]).unwrap_err();
        assert_eq!(refused.code(), "fingerprint.other_version");
        assert!(refused.to_string().contains("holder 2"), "{refused}");
    }
}
