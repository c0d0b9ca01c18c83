//! The files that travel between founders' machines: small JSON, read whole or refused.

use super::ConsortiumError;
use crate::network::folder::write_whole;
use serde::{Serialize, de::DeserializeOwned};
use std::{fs::File, io::Read as _, path::Path};

/// No file of these kinds is larger: a draft holds a genesis of at most 8 MiB.
const MAX_FILE_BYTES: u64 = 16 << 20;

/// Reads a file that should be `what`.
///
/// # Errors
/// [`ConsortiumError::File`], [`ConsortiumError::TooLarge`] or [`ConsortiumError::Malformed`].
pub fn read_file<T: DeserializeOwned>(
    path: &Path,
    what: &'static str,
) -> Result<T, ConsortiumError> {
    let failed = |source| ConsortiumError::File {
        action: "read",
        path: path.to_owned(),
        source,
    };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(MAX_FILE_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(ConsortiumError::TooLarge {
            path: path.to_owned(),
        });
    }
    serde_json::from_slice(&bytes).map_err(|error| ConsortiumError::Malformed {
        path: path.to_owned(),
        what,
        reason: error.to_string(),
    })
}

/// Writes a file in one step; nothing in it is secret.
///
/// # Errors
/// [`ConsortiumError::Folder`].
pub fn write_file(path: &Path, value: &impl Serialize) -> Result<(), ConsortiumError> {
    let mut text =
        serde_json::to_vec_pretty(value).map_err(|error| ConsortiumError::Malformed {
            path: path.to_owned(),
            what: "JSON",
            reason: error.to_string(),
        })?;
    text.push(b'\n');
    Ok(write_whole(path, &text, 0o644)?)
}
