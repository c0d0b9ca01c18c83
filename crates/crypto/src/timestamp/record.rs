//! Evidence records (RFC 4998): a token, and the tokens that keep it believable after its keys and hashes have aged.
//!
//! A record is about one object, so it has no hash tree of its own: what gathers many deposits is the
//! ledger's history, whose checkpoint is the object. A renewal of the *timestamp* covers the last
//! token by the same hash function; a renewal of the *hash* covers the object and the whole record so
//! far by a new one.

use super::{MAX_RECORD_BYTES, MAX_RENEWALS, TimestampError, Token, Verified};
use crate::{
    asn1::{Element, INTEGER, SEQUENCE, context, number, tlv},
    pkix::HashAlgorithm,
};

/// A digest to ask a token for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imprint {
    /// The hash function.
    pub algorithm: HashAlgorithm,
    /// The digest.
    pub digest: Vec<u8>,
}

/// An evidence record of one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvidenceRecord {
    /// Each chain is of one hash function.
    chains: Vec<Vec<Token>>,
}

impl EvidenceRecord {
    /// A record that begins with this token.
    #[must_use]
    pub fn new(token: Token) -> Self {
        Self {
            chains: vec![vec![token]],
        }
    }

    /// The tokens, oldest first.
    pub fn tokens(&self) -> impl Iterator<Item = &Token> {
        self.chains.iter().flatten()
    }

    /// The newest token.
    #[must_use]
    pub fn last(&self) -> Option<&Token> {
        self.chains.last().and_then(|chain| chain.last())
    }

    /// What a new token must cover before the last one's certificate ends.
    #[must_use]
    pub fn what_to_stamp_timestamp(&self) -> Option<Imprint> {
        self.last().map(|last| Imprint {
            algorithm: last.imprint_algorithm,
            digest: last.imprint_algorithm.digest(last.der()),
        })
    }

    /// What a new token must cover before the last one's hash function ages out.
    #[must_use]
    pub fn what_to_stamp_hash(&self, data: &[u8], algorithm: HashAlgorithm) -> Imprint {
        Imprint {
            algorithm,
            digest: renewed_digest(&self.chains, data, algorithm),
        }
    }

    /// Adds the token that renews the last one.
    ///
    /// # Errors
    /// A token for something else, or no room.
    pub fn renew_timestamp(&mut self, token: Token) -> Result<(), TimestampError> {
        self.check_room()?;
        let expected = self.what_to_stamp_timestamp();
        check_imprint(&token, expected.as_ref())?;
        if let Some(chain) = self.chains.last_mut() {
            chain.push(token);
        }
        Ok(())
    }

    /// Adds the token that covers the object and the record by another hash function.
    ///
    /// # Errors
    /// A token for something else, or no room.
    pub fn renew_hash(
        &mut self,
        data: &[u8],
        algorithm: HashAlgorithm,
        token: Token,
    ) -> Result<(), TimestampError> {
        self.check_room()?;
        let expected = self.what_to_stamp_hash(data, algorithm);
        check_imprint(&token, Some(&expected))?;
        self.chains.push(vec![token]);
        Ok(())
    }

    fn check_room(&self) -> Result<(), TimestampError> {
        if self.tokens().count() < MAX_RENEWALS {
            return Ok(());
        }
        Err(TimestampError::TooLarge("more than 64 timestamps"))
    }

    /// The DER of the EvidenceRecord.
    #[must_use]
    pub fn to_der(&self) -> Vec<u8> {
        let algorithms: Vec<Vec<u8>> = self
            .algorithms()
            .into_iter()
            .map(HashAlgorithm::identifier)
            .collect();
        tlv(
            SEQUENCE,
            &[
                &number(1),
                &tlv(SEQUENCE, &[&algorithms.concat()]),
                &sequence(&self.chains),
            ],
        )
    }

    /// Each hash function once, in the order of its first use.
    fn algorithms(&self) -> Vec<HashAlgorithm> {
        let mut algorithms = Vec::new();
        for token in self.tokens() {
            if !algorithms.contains(&token.imprint_algorithm) {
                algorithms.push(token.imprint_algorithm);
            }
        }
        algorithms
    }

    /// Reads the DER of an EvidenceRecord of one object. Records with encryption, attributes or hash
    /// trees of their own are refused.
    ///
    /// # Errors
    /// Too many bytes or timestamps, another shape, a chain of several hash functions, or a list of
    /// hash functions that is not that of the tokens.
    pub fn parse(der: &[u8]) -> Result<Self, TimestampError> {
        if der.len() > MAX_RECORD_BYTES {
            return Err(TimestampError::TooLarge("a record of more than 1 MiB"));
        }
        let mut record = Element::whole(der, SEQUENCE)?.elements()?;
        if record.expect(INTEGER)?.number()? != 1 {
            return Err(TimestampError::Malformed("the version of the record"));
        }
        let (mut listed, mut algorithms) = (record.expect(SEQUENCE)?.elements()?, Vec::new());
        while !listed.is_finished() {
            algorithms.push(HashAlgorithm::from_identifier(&listed.expect(SEQUENCE)?)?);
        }
        let chains = read_chains(&record.expect(SEQUENCE)?)?;
        record.finish()?;
        let record = Self { chains };
        if record.algorithms() != algorithms {
            return Err(TimestampError::Malformed(
                "the record's hash functions are not those of its timestamps",
            ));
        }
        Ok(record)
    }

    /// Verifies the record for the object: every token covers what it must, its authority leads to a
    /// pinned root at its own time, and it came while the certificates of the one before still held.
    /// The tokens, oldest first; the first one's time is the object's.
    ///
    /// # Errors
    /// As [`Token::verify`], and [`TimestampError::RenewedLate`].
    pub fn verify(
        &self,
        data: &[u8],
        roots: &[Vec<u8>],
        crls: &[Vec<u8>],
    ) -> Result<Vec<Verified>, TimestampError> {
        let mut expected = Vec::new();
        for (position, chain) in self.chains.iter().enumerate() {
            for (link, token) in chain.iter().enumerate() {
                let algorithm = token.imprint_algorithm;
                expected.push(if link > 0 {
                    algorithm.digest(chain[link - 1].der())
                } else if position > 0 {
                    renewed_digest(&self.chains[..position], data, algorithm)
                } else {
                    algorithm.digest(data)
                });
            }
        }
        let tokens: Vec<&Token> = self.tokens().collect();
        let mut verified: Vec<Verified> = Vec::with_capacity(tokens.len());
        for (position, (token, expected)) in tokens.iter().zip(&expected).enumerate() {
            let next_ms = tokens.get(position + 1).map(|next| next.time_ms);
            let held = token.verify_imprint(expected, &[], roots, crls, next_ms)?;
            if let Some(before) = verified.last()
                && (is_before(&held, before) || token.time_ms > before.path.not_after_ms)
            {
                return Err(TimestampError::RenewedLate {
                    position: position + 1,
                });
            }
            verified.push(held);
        }
        Ok(verified)
    }
}

/// Whether a token says an earlier time than the one that it covers, by more than both may be off:
/// authorities that write whole seconds round down.
fn is_before(later: &Verified, earlier: &Verified) -> bool {
    const UNSAID_MS: u64 = 1_000;
    let off = |token: &Verified| token.accuracy_ms.unwrap_or(0).max(UNSAID_MS);
    let latest_ms = later.time_ms.saturating_add(off(later));
    latest_ms.saturating_add(off(earlier)) < earlier.time_ms
}

fn check_imprint(token: &Token, expected: Option<&Imprint>) -> Result<(), TimestampError> {
    match expected {
        Some(expected)
            if expected.algorithm == token.imprint_algorithm
                && expected.digest == token.imprint =>
        {
            Ok(())
        }
        _ => Err(TimestampError::Imprint),
    }
}

/// RFC 4998, section 5.2: the digest of the object's digest and of the chains' digest.
fn renewed_digest(chains: &[Vec<Token>], data: &[u8], algorithm: HashAlgorithm) -> Vec<u8> {
    let so_far = algorithm.digest(&sequence(chains));
    algorithm.digest(&[algorithm.digest(data), so_far].concat())
}

/// The DER of the ArchiveTimeStampSequence.
fn sequence(chains: &[Vec<Token>]) -> Vec<u8> {
    let chains: Vec<Vec<u8>> = chains
        .iter()
        .map(|chain| {
            let stamps = chain.iter().map(|token| tlv(SEQUENCE, &[token.der()]));
            tlv(SEQUENCE, &[&stamps.collect::<Vec<_>>().concat()])
        })
        .collect();
    tlv(SEQUENCE, &[&chains.concat()])
}

fn read_chains(sequence: &Element<'_>) -> Result<Vec<Vec<Token>>, TimestampError> {
    let (mut elements, mut chains, mut count) = (sequence.elements()?, Vec::new(), 0);
    while !elements.is_finished() {
        let mut stamps = elements.expect(SEQUENCE)?.elements()?;
        let mut chain: Vec<Token> = Vec::new();
        while !stamps.is_finished() {
            count += 1;
            if count > MAX_RENEWALS {
                return Err(TimestampError::TooLarge("more than 64 timestamps"));
            }
            let mut stamp = stamps.expect(SEQUENCE)?.elements()?;
            for number in 0..3 {
                if stamp.next_if(context(number))?.is_some() {
                    return Err(TimestampError::Malformed(
                        "attributes or a hash tree of its own, which are not taken",
                    ));
                }
            }
            let token = Token::parse(stamp.expect(SEQUENCE)?.der)?;
            stamp.finish()?;
            let other = |first: &Token| first.imprint_algorithm != token.imprint_algorithm;
            if chain.first().is_some_and(other) {
                return Err(TimestampError::Malformed(
                    "a chain of more than one hash function",
                ));
            }
            chain.push(token);
        }
        if chain.is_empty() {
            return Err(TimestampError::Malformed("a chain without a timestamp"));
        }
        chains.push(chain);
    }
    if chains.is_empty() {
        return Err(TimestampError::Malformed("a record without a timestamp"));
    }
    Ok(chains)
}
