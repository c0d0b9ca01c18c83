//! Signed documents and tokens: CMS SignedData (RFC 5652) as CAdES-BES (ETSI EN 319 122-1), and the paths of their certificates.
//!
//! One signer, signed attributes with the signing certificate's digest (RFC 5035), at most one
//! signature timestamp. The bytes that were signed are hashed as they stand, never encoded again.

mod error;
mod path;
mod revocation;
mod sign;
mod signed_data;
mod verify;

pub use error::CmsError;
pub use path::{Path, Purpose, verify_path};
pub use revocation::read_revocation_list;
pub use sign::{Signer, sign_detached, with_signature_timestamp};
pub use signed_data::SignedData;
pub use verify::Signed;

pub(crate) use path::verify_path_proved;
pub(crate) use sign::sign_attached;

use const_oid::ObjectIdentifier;

/// No SignedData is larger, in bytes.
pub const MAX_SIGNED_DATA_BYTES: usize = 1 << 20;
/// No list of revocations is larger, in bytes.
pub const MAX_CRL_BYTES: usize = 4 << 20;
/// Most certificates, and most lists of revocations, beside one signature.
pub const MAX_CERTIFICATES: usize = 32;

const ID_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
const ID_SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
const SIGNING_TIME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.5");
const SIGNING_CERTIFICATE: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.12");
const SIGNATURE_TIMESTAMP: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.14");
const SIGNING_CERTIFICATE_V2: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");
