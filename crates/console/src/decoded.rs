//! A transaction's message for the eye: JSON laid out, and the payload that it carries for another contract.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::de::IgnoredAny;

/// Deeper levels are not indented further.
const DEEPEST: usize = 24;
/// Bytes shown of something that is not JSON.
const RAW_BYTES: usize = 4096;

/// A message as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Decoded {
    /// JSON, laid out; every character of it stands as it was signed.
    Json(String),
    /// Anything else, in hex, at most the first 4096 bytes.
    Bytes(String),
}

/// Lays out a message.
pub(crate) fn decode(message: &[u8]) -> Decoded {
    let text = std::str::from_utf8(message).ok();
    match text.filter(|text| serde_json::from_str::<IgnoredAny>(text).is_ok()) {
        Some(text) => Decoded::Json(laid_out(text)),
        None => {
            let shown = &message[..message.len().min(RAW_BYTES)];
            let mut hex = String::with_capacity(2 * shown.len() + 4);
            for byte in shown {
                hex.push_str(&format!("{byte:02x}"));
            }
            if shown.len() < message.len() {
                hex.push('…');
            }
            Decoded::Bytes(hex)
        }
    }
}

/// The JSON that a payment carries for the contract it goes to: `{"send":{"payload":"<Base64>"}}`.
pub(crate) fn payload(message: &[u8]) -> Option<Decoded> {
    let value: serde_json::Value = serde_json::from_slice(message).ok()?;
    let text = value.get("send")?.get("payload")?.as_str()?;
    let bytes = BASE64_STANDARD.decode(text).ok()?;
    Some(decode(&bytes)).filter(|decoded| matches!(decoded, Decoded::Json(_)))
}

/// Breaks valid JSON into lines without touching its tokens: numbers keep all their digits and
/// members their order, which reading and writing them again would not promise.
fn laid_out(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let (mut depth, mut in_string, mut escaped) = (0usize, false, false);
    let mut characters = text.trim().chars().peekable();
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth.min(DEEPEST)));
    };
    while let Some(character) = characters.next() {
        if in_string {
            out.push(character);
            in_string = escaped || character != '"';
            escaped = !escaped && character == '\\';
            continue;
        }
        match character {
            '{' | '[' => {
                out.push(character);
                while characters.next_if(char::is_ascii_whitespace).is_some() {}
                if let Some(close) = characters.next_if(|next| matches!(next, '}' | ']')) {
                    out.push(close);
                } else {
                    depth += 1;
                    line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut out, depth);
                out.push(character);
            }
            ',' => {
                out.push(character);
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            ' ' | '\t' | '\n' | '\r' => {}
            other => {
                in_string = other == '"';
                out.push(other);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_laid_out_and_every_token_kept() {
        let message =
            r#" {"b":{"x":"a \"{,: b\\"},"a":[1,12345678901234567890123,[ ],{}],"e":-1.50e3} "#;
        let Decoded::Json(text) = decode(message.as_bytes()) else {
            panic!("it is JSON");
        };
        let lines = [
            "{",
            "  \"b\": {",
            r#"    "x": "a \"{,: b\\""#,
            "  },",
            "  \"a\": [",
            "    1,",
            "    12345678901234567890123,",
            "    [],",
            "    {}",
            "  ],",
            "  \"e\": -1.50e3",
            "}",
        ];
        assert_eq!(text, lines.join("\n"));
    }

    #[test]
    fn what_is_not_json_is_shown_as_bytes_and_bounded() {
        assert_eq!(
            decode(b"<script>"),
            Decoded::Bytes("3c7363726970743e".into())
        );
        assert_eq!(decode(&[0xff]), Decoded::Bytes("ff".into()));
        let Decoded::Bytes(long) = decode(&[0; 10_000]) else {
            panic!("it is not JSON");
        };
        assert_eq!(long.chars().count(), 8193);
    }

    #[test]
    fn deep_nesting_does_not_swell() {
        let deep = format!(
            "{}{}{}",
            "[".repeat(100),
            "1,".repeat(1000) + "1",
            "]".repeat(100)
        );
        let Decoded::Json(text) = decode(deep.as_bytes()) else {
            panic!("it is JSON");
        };
        assert!(text.len() < 70_000, "{}", text.len());
    }

    #[test]
    fn a_payments_payload_is_opened() {
        let inner = BASE64_STANDARD.encode(r#"{"finance":{"id":"r-1"}}"#);
        let message = format!(r#"{{"send":{{"contract":"receivable","payload":"{inner}"}}}}"#);
        let opened = payload(message.as_bytes());
        assert_eq!(
            opened,
            Some(Decoded::Json(
                "{\n  \"finance\": {\n    \"id\": \"r-1\"\n  }\n}".into()
            ))
        );
        for other in [
            r#"{"send":{"payload":"!"}}"#,
            r#"{"send":1}"#,
            "x",
            r#"{"send":{"payload":"AA=="}}"#,
        ] {
            assert_eq!(payload(other.as_bytes()), None, "{other}");
        }
    }
}
