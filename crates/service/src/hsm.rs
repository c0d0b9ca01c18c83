//! Keys that lie in a hardware security module and are used through PKCS#11.

mod authority;
mod error;
mod key;
mod session;
mod settings;

pub use authority::move_issuing;
pub use error::HsmError;
pub use key::{HsmKey, TokenKey, destroy, generate, keys, open};
pub use session::{TokenStatus, status};
pub use settings::{HsmSettings, KeyReference, reference_file, settings_file};
