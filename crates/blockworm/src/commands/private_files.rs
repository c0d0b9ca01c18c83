//! How a command tells that a file of records, which only its owner may use, cannot be used.

use crate::failure::Failure;
use blockworm_service::private_file::PrivateFileError;

/// What to do where the operating system refuses.
pub const LOOK_AT_THE_FOLDER: &str = "look at the owner and the free space of the folder";

/// The failure under `<area>.io`, `<area>.exposed` or `<area>.damaged`; `restore` is what to do with a
/// damaged file.
pub fn private_file_failure(area: &str, error: &PrivateFileError, restore: &str) -> Failure {
    match error {
        PrivateFileError::Io(_) => {
            Failure::of(format!("{area}.io"), error).next(LOOK_AT_THE_FOLDER)
        }
        PrivateFileError::NotPrivate { path, .. } => Failure::of(format!("{area}.exposed"), error)
            .next(format!("chmod 600 {}", path.display())),
        PrivateFileError::Malformed { .. } => {
            Failure::of(format!("{area}.damaged"), error).next(restore)
        }
    }
}
