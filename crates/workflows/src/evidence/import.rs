//! From a file to a deposit: who captured what, when, on which device and how, written down as a record, and commitments to both.

use crate::commitment::{Domain, Opening};
use blockworm_crypto::{Digest, sha256};
use blockworm_evidence::Deposit;
use blockworm_kit::CivilDate;
use blockworm_ledger::MemberId;
use cosmwasm_std::Uint64;
use serde::{Deserialize, Serialize};

/// What stands in a capture record's `format`.
pub const CAPTURE_FORMAT: &str = "blockworm-capture/1";
/// Longest name that a file keeps, in bytes: what a package's archive takes.
const MAX_NAME_BYTES: usize = 150;
/// Longest word of a device or a source.
const MAX_WORD_CHARACTERS: usize = 200;

const DAY_MS: u64 = 86_400_000;
/// Days from 1970 to the year 9999.
const MAX_DAY: u64 = 2_932_896;

/// Why a file cannot be deposited.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CaptureError {
    /// There is nothing in it.
    #[error("{name} is empty: it shows nothing")]
    Empty {
        /// The file.
        name: String,
    },
    /// The name could not stand in a package.
    #[error(
        "`{name}` is no name for an original: at most {MAX_NAME_BYTES} bytes, without control characters and slashes"
    )]
    BadName {
        /// The name.
        name: String,
    },
    /// The operating system gave no random bytes.
    #[error("no random bytes: {0}")]
    NoRandomness(String),
}

impl CaptureError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty { .. } => "evidence.empty",
            Self::BadName { .. } => "evidence.bad_name",
            Self::NoRandomness(_) => "system.random",
        }
    }
}

/// A file as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its name without folders.
    pub name: String,
    /// All of it.
    pub bytes: Vec<u8>,
    /// What it is by whoever brings it; else by its first bytes and its name.
    pub media_type: Option<String>,
    /// When it was last changed by the system where it lay, milliseconds since 1970.
    pub modified_ms: Option<u64>,
}

/// Where a file came into the system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// The machine's name.
    pub host: String,
    /// The program that read the file.
    pub program: String,
    /// The operating system and its version.
    pub system: String,
    /// The program's version.
    pub version: String,
}

/// What whoever deposits says of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The matter that it belongs to.
    pub matter: String,
    /// Which phase of the matter it shows.
    pub phase: String,
    /// What it is.
    pub kind: String,
    /// How it came into the system: `upload`, `scan`, `export`, `camera`, …
    pub method: String,
    /// When, milliseconds since 1970.
    pub captured_ms: u64,
    /// From where: a scanner, a camera, an address of the web; free text.
    pub source: Option<String>,
    /// Who deposits it.
    pub by: MemberId,
}

/// The record that goes with an original; canonical JSON: fields in this order, no white space, one
/// line, ended by LF.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaptureRecord {
    /// Who deposited it.
    pub by: MemberId,
    /// When it was captured, UTC.
    pub captured: String,
    /// The same, milliseconds since 1970, decimal.
    pub captured_ms: String,
    /// Where it came into the system.
    pub device: Device,
    /// [`CAPTURE_FORMAT`].
    pub format: String,
    /// By its first bytes and its name, or by whoever brought it.
    pub media_type: String,
    /// How it came into the system.
    pub method: String,
    /// When it was last changed where it lay, UTC.
    pub modified: Option<String>,
    /// Its name as it came.
    pub name: String,
    /// Of the file.
    pub sha256: Digest,
    /// Of the file, decimal.
    pub size: String,
    /// From where, as far as its depositor says.
    pub source: Option<String>,
}

/// A file that is ready to be kept and deposited.
#[derive(Clone, Debug)]
pub struct Captured {
    /// The file.
    pub file: File,
    /// What its depositor says of it.
    pub terms: Terms,
    /// By its first bytes and its name, or by whoever brought it.
    pub media_type: String,
    /// Opens the commitment to it.
    pub original: Opening,
    /// The record, as its commitment covers it.
    pub record: String,
    /// Opens the commitment to the record.
    pub capture: Opening,
}

impl Captured {
    /// What goes on the ledger.
    #[must_use]
    pub fn deposit(&self) -> Deposit {
        Deposit {
            matter: self.terms.matter.clone(),
            phase: self.terms.phase.clone(),
            kind: self.terms.kind.clone(),
            method: self.terms.method.clone(),
            commitment: self.original.commitment_as(Domain::Original).to_string(),
            size: Uint64::new(self.file.bytes.len() as u64),
            capture: self.capture.commitment_as(Domain::Capture).to_string(),
            captured_ms: Uint64::new(self.terms.captured_ms),
        }
    }
}

/// Writes the record of a capture and commits to both, under fresh salts.
///
/// # Errors
/// [`CaptureError`].
pub fn capture(file: File, terms: Terms, device: &Device) -> Result<Captured, CaptureError> {
    check_name(&file.name)?;
    if file.bytes.is_empty() {
        return Err(CaptureError::Empty { name: file.name });
    }
    let guessed = || guess(&file.name, &file.bytes).to_owned();
    let media_type = file.media_type.clone().unwrap_or_else(guessed);
    let record = CaptureRecord {
        by: terms.by.clone(),
        captured: utc(terms.captured_ms),
        captured_ms: terms.captured_ms.to_string(),
        device: Device {
            host: plain(&device.host),
            program: plain(&device.program),
            system: plain(&device.system),
            version: plain(&device.version),
        },
        format: CAPTURE_FORMAT.to_owned(),
        media_type: media_type.clone(),
        method: terms.method.clone(),
        modified: file.modified_ms.map(utc),
        name: file.name.clone(),
        sha256: sha256(&[&file.bytes]),
        size: file.bytes.len().to_string(),
        source: terms.source.as_deref().map(plain),
    };
    let text = serde_json::to_string(&record).expect("invariant: a record of texts is JSON");
    let record = text + "\n";
    let open = |bytes: &[u8]| Opening::of(bytes).map_err(CaptureError::NoRandomness);
    Ok(Captured {
        original: open(&file.bytes)?,
        capture: open(record.as_bytes())?,
        file,
        terms,
        media_type,
        record,
    })
}

/// Whether a file of this name can stand in a package.
///
/// # Errors
/// [`CaptureError::BadName`].
pub fn check_name(name: &str) -> Result<(), CaptureError> {
    let bad = |c: char| c.is_control() || c == '/' || c == '\\';
    let fits = (1..=MAX_NAME_BYTES).contains(&name.len());
    if !fits || name.contains(bad) || name == "." || name == ".." {
        let name: String = name.chars().filter(|c| !c.is_control()).take(80).collect();
        return Err(CaptureError::BadName { name });
    }
    Ok(())
}

/// Without control characters and of bounded length.
fn plain(text: &str) -> String {
    let shown = text.chars().filter(|c| !c.is_control());
    shown.take(MAX_WORD_CHARACTERS).collect()
}

/// `2026-11-23T09:11:40.123Z`.
#[must_use]
pub fn utc(time_ms: u64) -> String {
    let (of_day, ms) = (time_ms / 1_000 % 86_400, time_ms % 1_000);
    let (hours, minutes, seconds) = (of_day / 3_600, of_day / 60 % 60, of_day % 60);
    let date = CivilDate::at(time_ms, 0);
    format!("{date}T{hours:02}:{minutes:02}:{seconds:02}.{ms:03}Z")
}

/// Reads `2026-11-23T09:11:40Z`, with or without a fraction of at most three digits.
#[must_use]
pub fn parse_utc(text: &str) -> Option<u64> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let date = CivilDate::parse(date).ok()?;
    let (whole, fraction) = time.split_once('.').unwrap_or((time, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let mut parts = whole.split(':').map(|part| {
        let number = (part.len() == 2 && digits(part)).then(|| part.parse::<u64>().ok());
        number.flatten()
    });
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next()??);
    let in_day = hours < 24 && minutes < 60 && seconds < 60;
    if parts.next().is_some() || !in_day || fraction.len() > 3 || !digits(fraction) {
        return None;
    }
    let ms: u64 = format!("{fraction:0<3}").parse().ok()?;
    let of_day = (hours * 3_600 + minutes * 60 + seconds) * 1_000 + ms;
    // The day of that date, found by halving: there is one function that knows the calendar.
    let (mut low, mut high) = (0, MAX_DAY);
    while low < high {
        let middle = (low + high) / 2;
        match CivilDate::at(middle * DAY_MS, 0) < date {
            true => low = middle + 1,
            false => high = middle,
        }
    }
    let found = CivilDate::at(low * DAY_MS, 0) == date;
    found.then_some(low * DAY_MS + of_day)
}

/// First bytes → media type.
const SIGNATURES: &[(&[u8], &str)] = &[
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"<?xml", "application/xml"),
    (b"{\\rtf", "application/rtf"),
];

/// What a name ends with → media type.
const ENDINGS: &[(&str, &str)] = &[
    (".txt", "text/plain"),
    (".csv", "text/csv"),
    (".md", "text/markdown"),
    (".html", "text/html"),
    (".json", "application/json"),
    (".xml", "application/xml"),
    (".eml", "message/rfc822"),
    (".mp4", "video/mp4"),
    (".mp3", "audio/mpeg"),
    (".wav", "audio/wav"),
    (".zip", "application/zip"),
    (".ofd", "application/ofd"),
    (
        ".docx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    (
        ".xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
];

/// What a file is by its first bytes, or else by its name.
pub(super) fn guess(name: &str, bytes: &[u8]) -> &'static str {
    let first = SIGNATURES
        .iter()
        .find(|(first, _)| bytes.starts_with(first));
    let name = name.to_lowercase();
    let last = || ENDINGS.iter().find(|(last, _)| name.ends_with(last));
    let known = first
        .map(|(_, known)| *known)
        .or_else(|| last().map(|(_, known)| *known));
    known.unwrap_or("application/octet-stream")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, bytes: &[u8]) -> File {
        File {
            name: name.to_owned(),
            bytes: bytes.to_vec(),
            media_type: None,
            modified_ms: Some(1_795_000_000_000),
        }
    }

    fn captured(file: File) -> Result<Captured, CaptureError> {
        let terms = Terms {
            matter: "steel-26".into(),
            phase: "contract".into(),
            kind: "pdf".into(),
            method: "scan".into(),
            captured_ms: 1_795_000_000_123,
            source: Some("the scanner\nof room 7".into()),
            by: "platform/supplier-1".parse().unwrap(),
        };
        let device = Device {
            host: "desk-7".into(),
            program: "blockworm".into(),
            system: "Linux 6.12".into(),
            version: "0.1.0".into(),
        };
        capture(file, terms, &device)
    }

    #[test]
    fn a_record_says_who_when_where_and_how() {
        let made = captured(file("合同.PDF", b"%PDF-1.7 x")).unwrap();
        let record: CaptureRecord = serde_json::from_str(&made.record).unwrap();
        assert_eq!(record.captured, "2026-11-18T11:06:40.123Z");
        assert_eq!(record.media_type, "application/pdf");
        assert_eq!(record.source.as_deref(), Some("the scannerof room 7"));
        let again = serde_json::to_string(&record).unwrap() + "\n";
        assert_eq!(made.record, again, "canonical");
        let names: Vec<String> = serde_json::from_str::<serde_json::Value>(&made.record)
            .map(|record| record.as_object().unwrap().keys().cloned().collect())
            .unwrap();
        assert!(names.is_sorted(), "{names:?}");
        // The same file twice is two commitments, and each opens its own.
        let again = captured(file("合同.PDF", b"%PDF-1.7 x")).unwrap();
        let (one, two) = (made.deposit(), again.deposit());
        assert_ne!(one.commitment, two.commitment);
        assert_ne!(one.capture, two.capture);
        assert_eq!(one.size.u64(), 10);
    }

    /// `date -u -d … +%s`
    #[test]
    fn a_time_is_read_as_it_is_written() {
        for ms in [
            0,
            1,
            1_795_000_000_123,
            951_782_400_000,
            253_402_300_799_999,
        ] {
            assert_eq!(parse_utc(&utc(ms)), Some(ms));
        }
        assert_eq!(parse_utc("2000-02-29T00:00:00Z"), Some(951_782_400_000));
        assert_eq!(parse_utc("2026-11-23T09:11:40.5Z"), Some(1_795_425_100_500));
        for bad in [
            "2026-11-23",
            "2026-11-23T09:11Z",
            "2026-11-23T24:00:00Z",
            "2026-11-23T09:11:40",
            "2026-02-30T09:11:40Z",
            "1969-12-31T23:59:59Z",
            "2026-11-23T+9:11:40Z",
            "2026-11-23T09:11:40.1234Z",
        ] {
            assert_eq!(parse_utc(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_cannot_be_evidence_has_its_code() {
        let code = |file: File| captured(file).unwrap_err().code();
        assert_eq!(code(file("a", b"")), "evidence.empty");
        for bad in ["", "a/b", "a\\b", "a\nb", "..", &"x".repeat(151)] {
            assert_eq!(code(file(bad, b"x")), "evidence.bad_name", "{bad}");
        }
        let kinds = [
            ("a.CSV", "text/csv"),
            ("a.bin", "application/octet-stream"),
            ("a", "application/octet-stream"),
        ];
        for (name, kind) in kinds {
            assert_eq!(captured(file(name, b"x")).unwrap().media_type, kind);
        }
    }
}
