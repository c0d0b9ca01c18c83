//! Bech32 (BIP 173, without its limit of length): how keys of age are written.

const CHARSET: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
const CHECKSUM_LENGTH: usize = 6;

fn polymod(values: impl IntoIterator<Item = u8>) -> u32 {
    const GENERATOR: [u32; 5] = [
        0x3b6a_57b2,
        0x2650_8e6d,
        0x1ea1_19fa,
        0x3d42_33dd,
        0x2a14_62b3,
    ];
    values.into_iter().fold(1, |sum, value| {
        let top = sum >> 25;
        let shifted = (sum & 0x01ff_ffff) << 5 ^ u32::from(value);
        let taps = GENERATOR.iter().enumerate();
        taps.filter(|(bit, _)| top >> bit & 1 == 1)
            .fold(shifted, |sum, (_, tap)| sum ^ tap)
    })
}

/// The prefix as it enters the checksum.
fn expanded(prefix: &str) -> Vec<u8> {
    let high = prefix.bytes().map(|byte| byte >> 5);
    let low = prefix.bytes().map(|byte| byte & 31);
    high.chain([0]).chain(low).collect()
}

/// Groups of `from` bits as groups of `to` bits; `None` where what is left over is not padding.
fn regroup(values: &[u8], from: u32, to: u32, pad: bool) -> Option<Vec<u8>> {
    let (mut held, mut bits, mut out) = (0u32, 0u32, Vec::new());
    let most = (1u32 << to) - 1;
    for value in values {
        held = (held << from | u32::from(*value)) & 0xfff;
        bits += from;
        while bits >= to {
            bits -= to;
            out.push(u8::try_from(held >> bits & most).ok()?);
        }
    }
    let rest = held << (to - bits) & most;
    if pad && bits > 0 {
        out.push(u8::try_from(rest).ok()?);
    } else if !pad && (bits >= from || rest != 0) {
        return None;
    }
    Some(out)
}

/// In lower case.
pub(super) fn encode(prefix: &str, bytes: &[u8]) -> String {
    let data = regroup(bytes, 8, 5, true).expect("invariant: padded groups always fit");
    let whole = expanded(prefix).into_iter().chain(data.iter().copied());
    let sum = polymod(whole.chain([0; CHECKSUM_LENGTH])) ^ 1;
    let checksum = (0..CHECKSUM_LENGTH).map(|place| (sum >> (5 * (5 - place)) & 31) as u8);
    let text = data.iter().copied().chain(checksum);
    let text = text.map(|value| char::from(CHARSET[usize::from(value)]));
    format!("{prefix}1{}", text.collect::<String>())
}

/// The bytes of a text in lower case with this prefix.
pub(super) fn decode(prefix: &str, text: &str) -> Option<Vec<u8>> {
    let data = text.strip_prefix(prefix)?.strip_prefix('1')?;
    let place = |byte| CHARSET.iter().position(|known| *known == byte);
    let values: Option<Vec<u8>> = data
        .bytes()
        .map(|byte| u8::try_from(place(byte)?).ok())
        .collect();
    let values = values?;
    let length = values.len().checked_sub(CHECKSUM_LENGTH)?;
    let whole = expanded(prefix).into_iter().chain(values.iter().copied());
    if polymod(whole) != 1 {
        return None;
    }
    regroup(&values[..length], 5, 8, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first valid texts of BIP 173, and a key of age's own documentation.
    #[test]
    fn reads_what_others_wrote_and_refuses_one_wrong_letter() {
        assert_eq!(decode("a", "a12uel5l"), Some(Vec::new()));
        let split = "split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w";
        let bytes = decode("split", split).unwrap();
        assert_eq!(encode("split", &bytes), split);
        let key = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
        let bytes = decode("age", key).unwrap();
        assert_eq!((bytes.len(), encode("age", &bytes)), (32, key.to_owned()));
        for place in 4..key.len() {
            let mut wrong = key.as_bytes().to_vec();
            wrong[place] = if wrong[place] == b'q' { b'p' } else { b'q' };
            let wrong = String::from_utf8(wrong).unwrap();
            assert_eq!(decode("age", &wrong), None, "{place}");
        }
        assert_eq!(decode("age", "age1b"), None);
        assert_eq!(decode("age", ""), None);
    }
}
