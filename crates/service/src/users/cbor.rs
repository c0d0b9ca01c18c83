//! Reading the CBOR of passkeys: attestation objects and COSE keys.

use ciborium::Value;

/// Deeper nesting than any attestation without certificates has.
const DEPTH: usize = 8;

/// A map of CBOR, and how many bytes it took.
pub(super) struct Map {
    entries: Vec<(Value, Value)>,
    pub bytes: usize,
}

impl Map {
    /// Reads the map at the start of `bytes`.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes;
        let value = ciborium::de::from_reader_with_recursion_limit(&mut rest, DEPTH).ok()?;
        let bytes = bytes.len() - rest.len();
        match value {
            Value::Map(entries) => Some(Self { entries, bytes }),
            _ => None,
        }
    }

    /// The value of a text key; none when it is there twice.
    pub fn text_key(&self, name: &str) -> Option<&Value> {
        self.only(|key| key.as_text() == Some(name))
    }

    /// The value of a number key; none when it is there twice.
    pub fn number_key(&self, name: i64) -> Option<&Value> {
        self.only(|key| integer(key) == Some(name))
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn only(&self, is_key: impl Fn(&Value) -> bool) -> Option<&Value> {
        let mut found = self.entries.iter().filter(|(key, _)| is_key(key));
        let only = found.next().map(|(_, value)| value);
        only.filter(|_| found.next().is_none())
    }
}

impl TryFrom<&Value> for Map {
    type Error = ();

    fn try_from(value: &Value) -> Result<Self, ()> {
        let entries = value.as_map().ok_or(())?.clone();
        Ok(Self { entries, bytes: 0 })
    }
}

/// A number that fits.
pub(super) fn integer(value: &Value) -> Option<i64> {
    value
        .as_integer()
        .and_then(|number| i64::try_from(number).ok())
}
