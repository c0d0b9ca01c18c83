//! What a certificate may be used for: the extensions of each use, as openssl reads them.

use const_oid::{
    AssociatedOid, ObjectIdentifier,
    db::rfc5280::{ID_KP_CLIENT_AUTH, ID_KP_SERVER_AUTH, ID_KP_TIME_STAMPING},
};
use der::{
    asn1::{Ia5String, OctetString},
    flagset::FlagSet,
};
use std::net::IpAddr;
use x509_cert::{
    Certificate,
    ext::{
        Extension,
        pkix::{
            BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectAltName,
            name::GeneralName,
        },
    },
};

use super::IdentityError;

/// `id-kp-documentSigning` (RFC 9336).
const DOCUMENT_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.36");

/// What a certificate is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Profile {
    /// A person or service of an organisation, who signs transactions and may call the API.
    Member,
    /// A node: its key signs blocks and opens the connections between nodes.
    Node,
    /// A server that answers by TLS under names of hosts.
    TlsServer,
    /// Signs documents for outsiders.
    DocumentSigning,
    /// Signs timestamps (RFC 3161).
    Timestamping,
    /// Cosigns checkpoints of ledgers, apart from the key that votes.
    Cosigning,
}

impl Profile {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Member,
        Self::Node,
        Self::TlsServer,
        Self::DocumentSigning,
        Self::Timestamping,
        Self::Cosigning,
    ];

    /// Its name in files and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Node => "node",
            Self::TlsServer => "tls-server",
            Self::DocumentSigning => "document-signing",
            Self::Timestamping => "timestamping",
            Self::Cosigning => "cosigning",
        }
    }

    /// The profile of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|profile| profile.as_str() == name)
    }

    /// The `OU` that says so in the subject; a member's `OU` are its functions.
    pub(super) const fn unit(self) -> Option<&'static str> {
        match self {
            Self::Member => None,
            Self::Node
            | Self::TlsServer
            | Self::DocumentSigning
            | Self::Timestamping
            | Self::Cosigning => Some(self.as_str()),
        }
    }

    pub(super) fn of_units(units: &[String]) -> Self {
        match units {
            [unit] => Self::ALL
                .into_iter()
                .find(|profile| profile.unit() == Some(unit))
                .unwrap_or(Self::Member),
            _ => Self::Member,
        }
    }

    fn key_usage(self) -> FlagSet<KeyUsages> {
        match self {
            Self::DocumentSigning => KeyUsages::DigitalSignature | KeyUsages::NonRepudiation,
            // Without digitalSignature it opens no TLS connection, though it names no purpose.
            Self::Cosigning => KeyUsages::NonRepudiation.into(),
            _ => KeyUsages::DigitalSignature.into(),
        }
    }

    /// Whether its keys are Ed25519 alone, since another format fixes that.
    pub(super) const fn is_ed25519_alone(self) -> bool {
        matches!(self, Self::Node | Self::Cosigning)
    }

    fn purposes(self) -> Vec<ObjectIdentifier> {
        match self {
            Self::Member => vec![ID_KP_CLIENT_AUTH],
            Self::Node => vec![ID_KP_SERVER_AUTH, ID_KP_CLIENT_AUTH],
            Self::TlsServer => vec![ID_KP_SERVER_AUTH],
            Self::DocumentSigning => vec![DOCUMENT_SIGNING],
            Self::Timestamping => vec![ID_KP_TIME_STAMPING],
            // No purpose of the registries fits.
            Self::Cosigning => Vec::new(),
        }
    }

    /// Whether the certificate names every purpose of the profile.
    pub(super) fn is_named_in(self, certificate: &Certificate) -> bool {
        let named = certificate
            .tbs_certificate()
            .get_extension::<ExtendedKeyUsage>();
        let named = named.ok().flatten().map(|(_, usage)| usage.0);
        let named = named.unwrap_or_default();
        self.purposes().iter().all(|one| named.contains(one))
    }

    /// What the profile adds to the key identifiers that every certificate has.
    pub(super) fn extensions(self, hosts: &[GeneralName]) -> der::Result<Vec<Extension>> {
        let constraints = BasicConstraints {
            ca: false,
            path_len_constraint: None,
        };
        // RFC 3161, section 2.3: critical, and nothing beside it.
        let critical = self == Self::Timestamping;
        let mut extensions = vec![
            extension(&constraints, true)?,
            extension(&KeyUsage(self.key_usage()), true)?,
        ];
        let purposes = self.purposes();
        if !purposes.is_empty() {
            extensions.push(extension(&ExtendedKeyUsage(purposes), critical)?);
        }
        if !hosts.is_empty() {
            extensions.push(extension(&SubjectAltName(hosts.to_vec()), false)?);
        }
        Ok(extensions)
    }
}

/// The extensions of an authority that may stand above `below` further authorities.
pub(super) fn authority_extensions(below: u8) -> der::Result<Vec<Extension>> {
    let constraints = BasicConstraints {
        ca: true,
        path_len_constraint: Some(below),
    };
    let usage = KeyUsage(KeyUsages::KeyCertSign | KeyUsages::CRLSign);
    Ok(vec![
        extension(&constraints, true)?,
        extension(&usage, true)?,
    ])
}

pub(super) fn extension<T: AssociatedOid + der::Encode>(
    value: &T,
    critical: bool,
) -> der::Result<Extension> {
    Ok(Extension {
        extn_id: T::OID,
        critical,
        extn_value: OctetString::new(value.to_der()?)?,
    })
}

/// A host as X.509 writes it: an IP address, or a DNS name of letters, digits and hyphens.
pub(super) fn host(text: &str) -> Result<GeneralName, IdentityError> {
    let refused = || IdentityError::HostName(text.to_owned());
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(address.into());
    }
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if text.len() > 253 || !text.split('.').all(label) {
        return Err(refused());
    }
    Ia5String::new(text)
        .map(GeneralName::DnsName)
        .map_err(|_| refused())
}

/// A host of a certificate as people write it; `None` for other kinds of names.
pub(super) fn host_text(name: &GeneralName) -> Option<String> {
    match name {
        GeneralName::DnsName(name) => Some(name.as_str().to_owned()),
        GeneralName::IpAddress(bytes) => match *bytes.as_bytes() {
            [a, b, c, d] => Some(IpAddr::from([a, b, c, d]).to_string()),
            ref bytes => <[u8; 16]>::try_from(bytes)
                .ok()
                .map(|bytes| IpAddr::from(bytes).to_string()),
        },
        _ => None,
    }
}
