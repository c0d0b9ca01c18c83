//! The times of tokens: GeneralizedTime with a fraction, which X.509 does not have.

use super::TimestampError;
use der::DateTime;
use std::time::Duration;

/// Reads `YYYYMMDDhhmmss[.f…]Z`, the fraction without zeros at its end; milliseconds since 1970 UTC,
/// rounded down.
pub(super) fn read(text: &[u8]) -> Result<u64, TimestampError> {
    let malformed = TimestampError::Malformed("the token's time");
    let body = text.strip_suffix(b"Z").ok_or(malformed.clone())?;
    let (whole, fraction) = body.split_at_checked(14).ok_or(malformed.clone())?;
    let millis = match fraction {
        [] => 0,
        [b'.', digits @ ..]
            if (1..=9).contains(&digits.len())
                && digits.iter().all(u8::is_ascii_digit)
                && !digits.ends_with(b"0") =>
        {
            let digit = |place: usize| digits.get(place).map_or(0, |d| u64::from(d - b'0'));
            digit(0) * 100 + digit(1) * 10 + digit(2)
        }
        _ => return Err(malformed),
    };
    if !whole.iter().all(u8::is_ascii_digit) {
        return Err(malformed);
    }
    let number = |from: usize, to: usize| {
        whole[from..to]
            .iter()
            .fold(0_u16, |value, digit| value * 10 + u16::from(digit - b'0'))
    };
    let part = |from: usize| number(from, from + 2) as u8;
    let time = DateTime::new(number(0, 4), part(4), part(6), part(8), part(10), part(12))
        .map_err(|_| malformed)?;
    Ok(time.unix_duration().as_secs() * 1000 + millis)
}

/// Writes milliseconds since 1970 UTC.
pub(super) fn write(ms: u64) -> Result<Vec<u8>, TimestampError> {
    let time = DateTime::from_unix_duration(Duration::from_secs(ms / 1000))
        .map_err(|_| TimestampError::Malformed("the time lies after the year 9999"))?;
    let fraction = match ms % 1000 {
        0 => String::new(),
        millis => format!(".{millis:03}").trim_end_matches('0').to_owned(),
    };
    let text = format!(
        "{:04}{:02}{:02}{:02}{:02}{:02}{fraction}Z",
        time.year(),
        time.month(),
        time.day(),
        time.hour(),
        time.minutes(),
        time.seconds(),
    );
    Ok(text.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        for ms in [0, 1, 10, 100, 999, 1_795_428_000_120, 253_402_300_799_999] {
            assert_eq!(read(&write(ms).unwrap()), Ok(ms));
        }
        assert_eq!(write(1_500).unwrap(), b"19700101000001.5Z");
    }

    #[test]
    fn times_in_other_clothes_are_refused() {
        for text in [
            "20260101000000",
            "20260101000000.Z",
            "20260101000000.10Z",
            "20260101000000,5Z",
            "20261301000000Z",
            "2026010100000Z",
            "20260101000000+0000",
            "202601010000a0Z",
        ] {
            assert!(read(text.as_bytes()).is_err(), "{text}");
        }
        assert_eq!(read(b"20260101000000.123456Z").unwrap() % 1000, 123);
    }
}
