//! What somebody handed over: a package, a proof, or neither, told by its content and, in doubt, by its name.

use crate::{GenesisPin, Package, verify_proof};
use blockworm_ledger::{
    VerificationReport,
    proof::{PROOF_MAX_BYTES, ProofError},
};
use std::{fmt, fs, path::Path};

/// Any of these makes a folder a package, perhaps a damaged one: then the checks say what is missing.
const MARKS: [&str; 5] = [
    "bagit.txt",
    "bag-info.txt",
    "manifest-sha256.txt",
    "tagmanifest-sha256.txt",
    "data/matter.json",
];
/// Folders in a folder that is no package, among which one is looked for that is.
const MOST_LOOKED_AT: usize = 256;
/// How much of a file is shown to whoever wonders what it is.
const SHOWN_BYTES: usize = 24;

/// Why there is nothing to check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HandedError {
    /// A file without a byte.
    Empty,
    /// A file that is named `.zip`, and is neither a zip file nor a proof.
    NoZip {
        /// Its first bytes, printable.
        begins: String,
    },
    /// Neither a zip file nor text.
    Unknown {
        /// Its first bytes, printable.
        begins: String,
    },
    /// A folder that holds nothing of a package.
    NoPackage {
        /// The one folder in it that does.
        inside: Option<String>,
    },
    /// A text that is no proof.
    Proof(ProofError),
}

impl HandedError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "verify.empty",
            Self::NoZip { .. } => "verify.no_zip",
            Self::Unknown { .. } => "verify.unknown_file",
            Self::NoPackage { .. } => "verify.no_package",
            Self::Proof(error) => error.code(),
        }
    }

    /// What to do next.
    #[must_use]
    pub fn next(&self) -> String {
        match self {
            Self::Empty => {
                "get the file again: a transfer that broke off leaves an empty one".into()
            }
            Self::NoZip { .. } => {
                "get the package again: what was saved under its name may be an error page".into()
            }
            Self::Unknown { .. } => {
                "give a package (.zip), the folder that unzipping made, or a proof (.json)".into()
            }
            Self::NoPackage { inside: None } => {
                "give the package's zip file, or the folder that unzipping made".into()
            }
            Self::NoPackage {
                inside: Some(folder),
            } => format!("give the folder {folder:?} in it"),
            Self::Proof(ProofError::GenesisMissing(_)) => {
                "give the file of that genesis: --genesis FILE".into()
            }
            Self::Proof(_) => {
                "ask for the file again: `blockworm proof export TRANSACTION -o FILE`".into()
            }
        }
    }
}

impl fmt::Display for HandedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the file is empty"),
            Self::NoZip { begins } => write!(
                f,
                "it is named as a zip file, and its content is none: it begins with \"{begins}\""
            ),
            Self::Unknown { begins } => write!(
                f,
                "it is neither a zip file nor the text of a proof: it begins with \"{begins}\""
            ),
            Self::NoPackage { .. } => f.write_str(
                "the folder holds no evidence package: it has neither bagit.txt nor data/matter.json",
            ),
            Self::Proof(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for HandedError {}

/// The package that a folder is.
///
/// # Errors
/// [`HandedError::NoPackage`].
pub fn package_in(folder: &Path) -> Result<Package<'static>, HandedError> {
    let is_package = |folder: &Path| {
        MARKS
            .iter()
            .any(|mark| folder.join(mark).symlink_metadata().is_ok())
    };
    let package = || Ok(Package::Folder(folder.to_owned()));
    if is_package(folder) {
        return package();
    }
    // Whether a folder that cannot be read is one, nobody knows; its first check says why not.
    let Ok(items) = fs::read_dir(folder) else {
        return package();
    };
    let mut inside = items
        .take(MOST_LOOKED_AT)
        .flatten()
        .filter(|item| is_package(&item.path()))
        .map(|item| item.file_name().to_string_lossy().into_owned());
    let first = inside.next();
    Err(HandedError::NoPackage {
        inside: first.filter(|_| inside.next().is_none()),
    })
}

/// Checks a file that does not begin as a zip file: a proof, or nothing that can be checked. One byte
/// more than [`PROOF_MAX_BYTES`] is enough of it.
///
/// # Errors
/// [`HandedError`].
pub fn verify_text(
    name: &Path,
    bytes: &[u8],
    pin: Option<&GenesisPin>,
) -> Result<VerificationReport, HandedError> {
    if bytes.is_empty() {
        return Err(HandedError::Empty);
    }
    let begins = || {
        let start = &bytes[..bytes.len().min(SHOWN_BYTES)];
        start.escape_ascii().to_string()
    };
    let found = match str::from_utf8(bytes) {
        Ok(text) => verify_proof(text, pin).map_err(HandedError::Proof),
        // A character that is cut at the end of too long a text is no sign of another kind of file.
        Err(error) if error.error_len().is_none() && bytes.len() > PROOF_MAX_BYTES => {
            Err(HandedError::Proof(ProofError::Oversized(bytes.len())))
        }
        Err(_) => Err(HandedError::Unknown { begins: begins() }),
    };
    let named_zip = name
        .extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case("zip"));
    found.map_err(|error| match named_zip {
        true => HandedError::NoZip { begins: begins() },
        false => error,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn code(name: &str, bytes: &[u8]) -> &'static str {
        verify_text(Path::new(name), bytes, None)
            .unwrap_err()
            .code()
    }

    #[test]
    fn a_file_is_told_by_its_content_and_in_doubt_by_its_name() {
        for name in ["x.zip", "x.json", "x"] {
            assert_eq!(code(name, b""), "verify.empty");
        }
        for junk in [&b"junk"[..], b"\xff\xfe\0", b"{\"code\":\"api.busy\"}"] {
            assert_eq!(code("x.zip", junk), "verify.no_zip");
            assert_eq!(code("folder/X.ZIP", junk), "verify.no_zip");
        }
        assert_eq!(code("x.json", b"junk"), "proof.malformed");
        assert_eq!(code("zip", b"junk"), "proof.malformed");
        assert_eq!(code("x.json", b"{}"), "proof.unknown_format");
        assert_eq!(code("x.json", b"\x89PNG\r\n"), "verify.unknown_file");
    }

    #[test]
    fn too_long_a_text_is_told_as_such_even_where_a_character_is_cut() {
        let mut text = vec![b' '; PROOF_MAX_BYTES];
        text.push(0xe4);
        assert_eq!(code("x.json", &text), "proof.oversized");
        text[0] = 0xff;
        assert_eq!(code("x.json", &text), "verify.unknown_file");
    }

    #[test]
    fn what_a_file_begins_with_is_shown_printable() {
        let error = verify_text(Path::new("x.zip"), b"\x1b[2J<html>\n", None).unwrap_err();
        assert!(error.to_string().contains("\\x1b[2J<html>\\n"), "{error}");
    }

    #[test]
    fn a_folder_is_a_package_where_anything_of_one_lies_in_it() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path();
        let inside = || match package_in(folder) {
            Err(HandedError::NoPackage { inside }) => inside,
            other => panic!("{:?}", other.map(|_| "a package")),
        };
        assert_eq!(inside(), None);
        fs::write(folder.join("photo.jpg"), "x").unwrap();
        assert_eq!(inside(), None);
        fs::create_dir(folder.join("sale")).unwrap();
        fs::write(folder.join("sale/bagit.txt"), "").unwrap();
        assert_eq!(inside().as_deref(), Some("sale"));
        fs::create_dir(folder.join("steel")).unwrap();
        fs::write(folder.join("steel/bagit.txt"), "").unwrap();
        assert_eq!(inside(), None);
        // A damaged package is one.
        fs::create_dir(folder.join("data")).unwrap();
        fs::write(folder.join("data/matter.json"), "").unwrap();
        assert!(package_in(folder).is_ok());
    }
}
