//! The proof that a batch was evaluated with one known key: discrete logarithms that are equal (RFC 9497, section 2.2).

use super::{OprfError, suite};
use curve25519_dalek::traits::Identity as _;
use curve25519_dalek::{
    constants::RISTRETTO_BASEPOINT_POINT, ristretto::RistrettoPoint, scalar::Scalar,
};
use sha2::{Digest as _, Sha512};

/// Shows that every element of a batch was multiplied by the key behind a public key: `c ‖ s`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof {
    challenge: Scalar,
    response: Scalar,
}

impl Proof {
    /// Its 64 bytes.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 64] {
        let mut bytes = [0; 64];
        bytes[..32].copy_from_slice(self.challenge.as_bytes());
        bytes[32..].copy_from_slice(self.response.as_bytes());
        bytes
    }

    /// Reads its 64 bytes: two scalars, each in its one canonical encoding.
    ///
    /// # Errors
    /// [`OprfError::MalformedProof`].
    pub fn from_bytes(bytes: &[u8; 64]) -> Result<Self, OprfError> {
        let (mut challenge, mut response) = ([0; 32], [0; 32]);
        challenge.copy_from_slice(&bytes[..32]);
        response.copy_from_slice(&bytes[32..]);
        let scalar = |bytes| suite::scalar(bytes).ok_or(OprfError::MalformedProof);
        Ok(Self {
            challenge: scalar(challenge)?,
            response: scalar(response)?,
        })
    }

    /// `GenerateProof` of section 2.2.1 with the generator as `A` and a given random scalar.
    pub(super) fn make(
        key: &Scalar,
        public: &RistrettoPoint,
        pairs: &[(RistrettoPoint, RistrettoPoint)],
        random: &Scalar,
    ) -> Self {
        let (composite, _) = composites(public, pairs);
        let transcript = Transcript {
            public,
            m: &composite,
            z: &(key * composite),
            t2: &(random * RISTRETTO_BASEPOINT_POINT),
            t3: &(random * composite),
        };
        let challenge = transcript.challenge();
        Self {
            challenge,
            response: random - challenge * key,
        }
    }

    /// `VerifyProof` of section 2.2.2 with the generator as `A`.
    pub(super) fn holds(
        &self,
        public: &RistrettoPoint,
        pairs: &[(RistrettoPoint, RistrettoPoint)],
    ) -> bool {
        let (m, z) = composites(public, pairs);
        let transcript = Transcript {
            public,
            m: &m,
            z: &z,
            t2: &(self.response * RISTRETTO_BASEPOINT_POINT + self.challenge * public),
            t3: &(self.response * m + self.challenge * z),
        };
        transcript.challenge() == self.challenge
    }
}

/// `ComputeComposites` of section 2.2.1: one random combination of all inputs and of all outputs.
fn composites(
    public: &RistrettoPoint,
    pairs: &[(RistrettoPoint, RistrettoPoint)],
) -> (RistrettoPoint, RistrettoPoint) {
    let mut hash = Sha512::new();
    prefixed(&mut hash, public.compress().as_bytes());
    prefixed(&mut hash, &suite::seed_tag());
    let seed = hash.finalize();
    let mut sums = (RistrettoPoint::identity(), RistrettoPoint::identity());
    for (index, (input, output)) in pairs.iter().enumerate() {
        let index = u16::try_from(index)
            .expect("invariant: a batch is bounded")
            .to_be_bytes();
        let (input_bytes, output_bytes) = (input.compress(), output.compress());
        let parts: [&[u8]; 8] = [
            &64_u16.to_be_bytes(),
            &seed,
            &index,
            &ELEMENT_BYTES,
            input_bytes.as_bytes(),
            &ELEMENT_BYTES,
            output_bytes.as_bytes(),
            b"Composite",
        ];
        let weight = suite::hash_to_scalar(&parts);
        sums.0 += weight * input;
        sums.1 += weight * output;
    }
    sums
}

/// The length of an element as two bytes.
const ELEMENT_BYTES: [u8; 2] = [0, 32];

fn prefixed(hash: &mut Sha512, part: &[u8]) {
    let length = u16::try_from(part.len()).expect("invariant: elements and tags are short");
    hash.update(length.to_be_bytes());
    hash.update(part);
}

/// What the challenge is hashed over.
struct Transcript<'a> {
    public: &'a RistrettoPoint,
    m: &'a RistrettoPoint,
    z: &'a RistrettoPoint,
    t2: &'a RistrettoPoint,
    t3: &'a RistrettoPoint,
}

impl Transcript<'_> {
    fn challenge(&self) -> Scalar {
        let mut bytes = Vec::with_capacity(5 * 34 + 9);
        for point in [self.public, self.m, self.z, self.t2, self.t3] {
            bytes.extend_from_slice(&ELEMENT_BYTES);
            bytes.extend_from_slice(point.compress().as_bytes());
        }
        suite::hash_to_scalar(&[&bytes, b"Challenge"])
    }
}
