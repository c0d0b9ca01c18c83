//! Certificates out of PEM text (RFC 7468), strictly enough that no byte of it is free.

use base64::{Engine as _, engine::general_purpose::STANDARD};

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";
/// Most certificates of one file.
const MAX: usize = 64;

/// The certificates, DER, in their order: nothing but PEM blocks stands in the text.
///
/// # Errors
/// In words.
pub fn certificates(text: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    let text = str::from_utf8(text).map_err(|_| "the PEM text is not UTF-8")?;
    let mut found = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        if line != BEGIN || found.len() == MAX {
            return Err("something else than certificates in PEM stands in the file".into());
        }
        let mut body = String::new();
        loop {
            match lines.next() {
                Some(END) => break,
                Some(line) => body.push_str(line),
                None => return Err("the last PEM block has no end".into()),
            }
        }
        let der = STANDARD.decode(&body);
        found.push(der.map_err(|_| "a PEM block is not base64")?);
    }
    if found.is_empty() {
        return Err("no certificate in PEM stands in the file".into());
    }
    Ok(found)
}
