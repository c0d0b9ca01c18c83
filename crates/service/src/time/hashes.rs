//! Until when hash functions are believed, by the operator's own table.

use super::TimeError;
use blockworm_crypto::pkix::HashAlgorithm;
use der::DateTime;
use std::collections::BTreeMap;

/// Until when each hash function is believed; those that are not in it, for ever.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HashAges(BTreeMap<HashAlgorithm, u64>);

impl HashAges {
    /// Reads a table of names and dates.
    ///
    /// # Errors
    /// [`TimeError::Setting`] for an unknown name or what is no date.
    pub fn read(table: &BTreeMap<String, String>) -> Result<Self, TimeError> {
        let mut ages = BTreeMap::new();
        for (name, date) in table {
            let hash = HashAlgorithm::from_name(name).ok_or_else(|| {
                let known = HashAlgorithm::ALL.map(HashAlgorithm::as_str).join(", ");
                TimeError::Setting(format!("{name:?} is none of {known}"))
            })?;
            let end_ms = parse_date(date).ok_or_else(|| {
                TimeError::Setting(format!("{date:?} is no date such as 2035-12-31"))
            })?;
            ages.insert(hash, end_ms);
        }
        Ok(Self(ages))
    }

    /// Until when it is believed, milliseconds since 1970 UTC.
    #[must_use]
    pub fn end_ms(&self, hash: HashAlgorithm) -> u64 {
        self.0.get(&hash).copied().unwrap_or(u64::MAX)
    }

    /// The first that is believed until after `until_ms`; the last of all where none is.
    #[must_use]
    pub fn strong_until(&self, until_ms: u64) -> HashAlgorithm {
        HashAlgorithm::ALL
            .into_iter()
            .find(|hash| self.end_ms(*hash) > until_ms)
            .unwrap_or(HashAlgorithm::Sha512)
    }
}

/// The start of a day `YYYY-MM-DD`, milliseconds since 1970 UTC.
#[must_use]
pub fn parse_date(text: &str) -> Option<u64> {
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || (year.len(), month.len(), day.len()) != (4, 2, 2) {
        return None;
    }
    let date = DateTime::new(
        year.parse().ok()?,
        month.parse().ok()?,
        day.parse().ok()?,
        0,
        0,
        0,
    );
    date.ok().map(|date| date.unix_duration().as_secs() * 1000)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_hash_that_ages_gives_way_to_the_next() {
        let table = BTreeMap::from([("sha256".to_owned(), "2030-01-01".to_owned())]);
        let ages = HashAges::read(&table).unwrap();
        let end = ages.end_ms(HashAlgorithm::Sha256);
        assert_eq!(end, 1_893_456_000_000);
        assert_eq!(ages.strong_until(end - 1), HashAlgorithm::Sha256);
        assert_eq!(ages.strong_until(end), HashAlgorithm::Sha384);
        for (name, date) in [
            ("md5", "2030-01-01"),
            ("sha256", "1.1.2030"),
            ("sha256", "2030-02-30"),
        ] {
            let table = BTreeMap::from([(name.to_owned(), date.to_owned())]);
            assert_eq!(
                HashAges::read(&table).unwrap_err().code(),
                "timestamp.setting"
            );
        }
    }
}
