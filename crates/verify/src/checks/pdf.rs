//! As much of PDF as a signature and an attachment need: the bytes that were signed, and the one embedded file.

use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;

/// The attached index is no larger, unpacked.
const MAX_ATTACHED: usize = 16 << 20;

/// A signature in a PDF.
pub(super) struct Parts {
    /// What it covers: the whole file but its own hex digits.
    pub(super) covered: Vec<u8>,
    /// The CMS, DER.
    pub(super) cms: Vec<u8>,
}

fn find(bytes: &[u8], word: &[u8]) -> Option<usize> {
    bytes.windows(word.len()).position(|part| part == word)
}

fn find_last(bytes: &[u8], word: &[u8]) -> Option<usize> {
    bytes.windows(word.len()).rposition(|part| part == word)
}

/// The last signature; `None` where there is none. It must cover the whole file.
pub(super) fn signature(pdf: &[u8]) -> Result<Option<Parts>, String> {
    let Some(at) = find_last(pdf, b"/ByteRange") else {
        return Ok(None);
    };
    let rest = &pdf[at + b"/ByteRange".len()..];
    let open = find(rest, b"[").filter(|open| rest[..*open].iter().all(u8::is_ascii_whitespace));
    let close = find(&rest[..rest.len().min(120)], b"]");
    let (Some(open), Some(close)) = (open, close) else {
        return Err("the signature's /ByteRange is malformed".into());
    };
    let inner = rest.get(open + 1..close).unwrap_or_default();
    let text = str::from_utf8(inner).map_err(|_| "the signature's /ByteRange is malformed")?;
    let numbers: Result<Vec<usize>, _> = text.split_ascii_whitespace().map(str::parse).collect();
    let Ok([0, first, second, length]) = numbers.as_deref() else {
        return Err("the signature's /ByteRange is malformed".into());
    };
    let ends = second.checked_add(*length) == Some(pdf.len());
    if !ends || first >= second || *second > pdf.len() {
        return Err("the signature does not cover the whole report".into());
    }
    let hole = pdf[*first..*second]
        .strip_prefix(b"<")
        .and_then(|hole| hole.strip_suffix(b">"))
        .ok_or("what the signature leaves out is more than its own hex digits")?;
    let mut cms = hex::decode(hole).map_err(|_| "the signature is no hex text")?;
    // The room that was kept for it is filled with zeros.
    let size = der_size(&cms).ok_or("the signature is no CMS")?;
    if cms[size..].iter().any(|byte| *byte != 0) {
        return Err("something follows the signature in its room".into());
    }
    cms.truncate(size);
    Ok(Some(Parts {
        covered: [&pdf[..*first], &pdf[*second..]].concat(),
        cms,
    }))
}

/// Bytes of the DER element that begins here.
fn der_size(der: &[u8]) -> Option<usize> {
    let [0x30, first, rest @ ..] = der else {
        return None;
    };
    let (head, length) = match first {
        0..=0x7f => (2, usize::from(*first)),
        0x81..=0x84 => {
            let digits = rest.get(..usize::from(first & 0x7f))?;
            let length = digits
                .iter()
                .fold(0_usize, |length, digit| length << 8 | usize::from(*digit));
            (2 + digits.len(), length)
        }
        _ => return None,
    };
    head.checked_add(length).filter(|size| *size <= der.len())
}

/// The one embedded file, unpacked.
pub(super) fn attached(pdf: &[u8]) -> Result<Vec<u8>, String> {
    let word: &[u8] = b"/EmbeddedFile";
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = find(&pdf[from..], word).map(|at| from + at) {
        from = at + word.len();
        // `/EmbeddedFiles` names the list of attachments.
        if pdf.get(from).is_none_or(|next| !next.is_ascii_alphabetic()) {
            found.push(at);
        }
    }
    let [at] = found[..] else {
        return Err(format!(
            "the report has {} attached files, not one",
            found.len()
        ));
    };
    let start = find_last(&pdf[..at], b"obj").ok_or("the attachment is damaged")?;
    let stream = find(&pdf[at..], b"stream").ok_or("the attachment is damaged")? + at;
    let dictionary = &pdf[start..stream];
    let body = &pdf[stream + b"stream".len()..];
    let body = body
        .strip_prefix(b"\r\n")
        .or_else(|| body.strip_prefix(b"\n"))
        .ok_or("the attachment is damaged")?;
    let length = number_after(dictionary, b"/Length").ok_or("the attachment has no /Length")?;
    let body = body.get(..length).ok_or("the attachment is cut short")?;
    if find(dictionary, b"/Filter").is_none() {
        return Ok(body.to_vec());
    }
    if find(dictionary, b"/FlateDecode").is_none() {
        return Err("the attachment is packed in an unknown way".into());
    }
    decompress_to_vec_zlib_with_limit(body, MAX_ATTACHED)
        .map_err(|_| "the attachment cannot be unpacked".into())
}

/// The number that directly follows a name.
fn number_after(dictionary: &[u8], name: &[u8]) -> Option<usize> {
    let mut rest = dictionary;
    loop {
        let at = find(rest, name)?;
        rest = &rest[at + name.len()..];
        if rest.first().is_some_and(|next| next.is_ascii_whitespace()) {
            break;
        }
    }
    let digits: Vec<u8> = rest
        .iter()
        .copied()
        .skip_while(u8::is_ascii_whitespace)
        .take_while(u8::is_ascii_digit)
        .collect();
    str::from_utf8(&digits).ok()?.parse().ok()
}
