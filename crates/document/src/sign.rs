//! Signatures of a finished PDF (PAdES, ETSI EN 319 142-1): added behind it, over all its bytes.

use crate::{
    DocumentError,
    pdf::civil,
    syntax::{Source, find, number, value},
};
use blockworm_crypto::cms;
use std::fmt::Write as _;

/// Bytes kept free for a signature with its chain and a timestamp.
pub const SIGNATURE_ROOM: usize = 12 << 10;

/// What the signature's field says; the signature itself shows who signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureNote {
    /// Who signs, in words.
    pub name: String,
    /// Why.
    pub reason: String,
    /// When, as the signer says.
    pub at_ms: u64,
}

/// A PDF with room for a signature.
#[derive(Clone, Debug)]
pub struct Prepared {
    bytes: Vec<u8>,
    /// Where the `<` of the signature stands, and the byte behind its `>`.
    hole: (usize, usize),
}

/// Signs a PDF without a timestamp.
///
/// # Errors
/// [`DocumentError`]; what is signed already or was not made by this crate is refused.
pub fn sign(
    pdf: &[u8],
    signer: &cms::Signer,
    note: &SignatureNote,
) -> Result<Vec<u8>, DocumentError> {
    let prepared = prepare(pdf, note)?;
    let signature = cms::sign_detached(&prepared.signed_bytes(), signer, None)
        .map_err(|error| DocumentError::Signature(error.to_string()))?;
    prepared.finish(&signature)
}

/// Adds an invisible field with room for a signature.
///
/// # Errors
/// [`DocumentError::Unsignable`], [`DocumentError::Date`].
pub fn prepare(pdf: &[u8], note: &SignatureNote) -> Result<Prepared, DocumentError> {
    let source = Source::read(pdf)?;
    let catalogue = source.dictionary(source.root)?;
    if value(catalogue, "/AcroForm").is_some() {
        return Err(DocumentError::Unsignable(
            "it has a form, or a signature, already",
        ));
    }
    let (page, page_text) = first_page(&source, catalogue)?;
    if value(page_text, "/Annots").is_some() {
        return Err(DocumentError::Unsignable("its first page has annotations"));
    }
    let (signature, field) = (source.size, source.size + 1);
    let mut added = Added::behind(pdf);
    added.object(
        source.root,
        &format!("<<{catalogue}/AcroForm<</Fields[{field} 0 R]/SigFlags 3>>>>"),
    );
    added.object(page, &format!("<<{page_text}/Annots[{field} 0 R]>>"));
    // No area, so that PDF/A asks for no appearance; printed and locked.
    added.object(field, &format!(
        "<</Type/Annot/Subtype/Widget/FT/Sig/Rect[0 0 0 0]/F 132/T(Signature)/P {page} 0 R/V {signature} 0 R>>"
    ));
    added.object(signature, &signature_text(note)?);
    added.finish(&source, field + 1);
    let Added { mut bytes, .. } = added;
    let hole = hole(&bytes, pdf.len())?;
    let ranges = format!("[0 {} {} {}]", hole.0, hole.1, bytes.len() - hole.1);
    let at = pdf.len() + find(&bytes[pdf.len()..], RANGES.as_bytes()).unwrap_or_default();
    let padded = format!("{ranges:width$}", width = RANGES.len());
    bytes[at..at + RANGES.len()].copy_from_slice(padded.as_bytes());
    Ok(Prepared { bytes, hole })
}

/// Room for four numbers of ten digits.
const RANGES: &str = "[0000000000 0000000000 0000000000 0000000000]";

fn signature_text(note: &SignatureNote) -> Result<String, DocumentError> {
    let (year, [month, day, hour, minute, second]) =
        civil(note.at_ms).ok_or(DocumentError::Date(note.at_ms))?;
    Ok(format!(
        "<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached/ByteRange{RANGES}\
         /M(D:{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}Z)/Name<{}>/Reason<{}>/Contents<{}>>>",
        text_string(&note.name),
        text_string(&note.reason),
        "0".repeat(2 * SIGNATURE_ROOM)
    ))
}

/// A text string in UTF-16 (ISO 32000-1, 7.9.2.2), hex.
fn text_string(text: &str) -> String {
    let mut hex = String::from("FEFF");
    for unit in text.encode_utf16() {
        // Writing to a string never fails.
        let _ = write!(hex, "{unit:04X}");
    }
    hex
}

/// The first page's object number and dictionary.
fn first_page<'a>(source: &Source<'a>, catalogue: &str) -> Result<(u32, &'a str), DocumentError> {
    let bad = || DocumentError::Unsignable("it has no page");
    let reference = |text: &str| {
        number(text.trim_start_matches('[').as_bytes()).and_then(|at| u32::try_from(at).ok())
    };
    let mut at = value(catalogue, "/Pages")
        .and_then(reference)
        .ok_or_else(bad)?;
    // As deep as a tree of 2^32 pages; a loop ends here.
    for _ in 0..32 {
        let text = source.dictionary(at)?;
        match value(text, "/Kids").and_then(reference) {
            Some(kid) => at = kid,
            None => return Ok((at, text)),
        }
    }
    Err(bad())
}

fn hole(bytes: &[u8], from: usize) -> Result<(usize, usize), DocumentError> {
    let lost = || DocumentError::Unsignable("the room for the signature was lost");
    let name = b"/Contents<";
    let begin = find(&bytes[from..], name).ok_or_else(lost)? + from + name.len() - 1;
    Ok((begin, begin + 2 + 2 * SIGNATURE_ROOM))
}

/// What is written behind a file.
struct Added {
    bytes: Vec<u8>,
    objects: Vec<(u32, usize)>,
}

impl Added {
    fn behind(pdf: &[u8]) -> Self {
        let mut bytes = pdf.to_vec();
        if bytes.last() != Some(&b'\n') {
            bytes.push(b'\n');
        }
        Self {
            bytes,
            objects: Vec::new(),
        }
    }

    fn object(&mut self, number: u32, text: &str) {
        self.objects.push((number, self.bytes.len()));
        self.bytes
            .extend_from_slice(format!("{number} 0 obj\n{text}\nendobj\n").as_bytes());
    }

    /// The table of what was added and the trailer.
    fn finish(&mut self, source: &Source<'_>, size: u32) {
        let table = self.bytes.len();
        self.objects.sort_unstable();
        let mut text = String::from("xref\n");
        for (number, at) in &self.objects {
            let _ = write!(text, "{number} 1\n{at:010} 00000 n\r\n");
        }
        let _ = write!(
            text,
            "trailer\n<</Size {size}/Root {} 0 R/Prev {} {}>>\nstartxref\n{table}\n%%EOF\n",
            source.root, source.table, source.kept
        );
        self.bytes.extend_from_slice(text.as_bytes());
    }
}

impl Prepared {
    /// What the signature is over: the whole file but the room for it.
    #[must_use]
    pub fn signed_bytes(&self) -> Vec<u8> {
        let (begin, end) = self.hole;
        [&self.bytes[..begin], &self.bytes[end..]].concat()
    }

    /// Puts the signature, CMS in DER, into its room.
    ///
    /// # Errors
    /// [`DocumentError::Room`].
    pub fn finish(mut self, signature: &[u8]) -> Result<Vec<u8>, DocumentError> {
        if signature.len() > SIGNATURE_ROOM {
            return Err(DocumentError::Room {
                size: signature.len(),
                room: SIGNATURE_ROOM,
            });
        }
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let begin = self.hole.0 + 1;
        for (at, byte) in signature.iter().enumerate() {
            self.bytes[begin + 2 * at] = HEX[usize::from(byte >> 4)];
            self.bytes[begin + 2 * at + 1] = HEX[usize::from(byte & 15)];
        }
        Ok(self.bytes)
    }
}
