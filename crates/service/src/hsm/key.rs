//! Keys on a token: made, listed, used, destroyed.

use super::{
    HsmError, HsmSettings, KeyReference, reference_file,
    session::{Use, within},
};
use crate::network::folder::ConsortiumFolder;
use blockworm_crypto::{
    Algorithm, Digest, Namespace, PublicKey, Signature, Signing, SigningError, sha256,
};
use blockworm_ledger::OrganisationId;
use cryptoki::{
    mechanism::{
        Mechanism, MechanismType,
        eddsa::{EddsaParams, EddsaSignatureScheme},
    },
    object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle},
};
use std::fs;

/// The object identifier of NIST P-256, DER.
const P256: [u8; 10] = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
/// The name of Ed25519 as older modules know it, a PrintableString, and its object identifier.
const EDWARDS: [u8; 14] = *b"\x13\x0cedwards25519";
const ED25519: [u8; 5] = [0x06, 0x03, 0x2b, 0x65, 0x70];

/// Most keys of a token that are listed.
const MOST_KEYS: usize = 1_000;

/// A key on a token that this program can use, or could.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenKey {
    /// Its label.
    pub label: String,
    /// Its id, hex.
    pub id: String,
    /// Its public half, where it is of an algorithm that members use.
    pub public_key: Option<PublicKey>,
}

/// A key on a token, as something that signs.
#[derive(Clone, Debug)]
pub struct HsmKey {
    settings: HsmSettings,
    reference: KeyReference,
}

/// The key of this name, where the folder refers to one on the organisation's token. The token is not
/// asked yet.
///
/// # Errors
/// [`HsmError::NoSettings`] or [`HsmError::Settings`].
pub fn open(
    folder: &ConsortiumFolder,
    organisation: &OrganisationId,
    name: &str,
) -> Result<Option<HsmKey>, HsmError> {
    let Some(reference) = KeyReference::read(folder, organisation, name)? else {
        return Ok(None);
    };
    let settings = HsmSettings::read(folder, organisation)?;
    Ok(Some(HsmKey {
        settings,
        reference,
    }))
}

impl HsmKey {
    /// Signs bytes; what comes from the token is checked before it leaves.
    ///
    /// # Errors
    /// [`HsmError`].
    pub fn try_sign_message(&self, message: &[u8]) -> Result<Signature, HsmError> {
        within(&self.settings, |using| {
            let key = find(using, &self.reference)?;
            let signature = match self.reference.public_key {
                PublicKey::P256(_) => {
                    let digest = sha256(&[message]);
                    let signed = using
                        .session
                        .sign(&Mechanism::Ecdsa, key, digest.as_bytes());
                    signed.map(|bytes| bytes.try_into().map(Signature::P256))
                }
                PublicKey::Ed25519(_) => {
                    let scheme = EddsaParams::new(EddsaSignatureScheme::Ed25519);
                    let signed = using.session.sign(&Mechanism::Eddsa(scheme), key, message);
                    signed.map(|bytes| bytes.try_into().map(Signature::Ed25519))
                }
            };
            let signature = signature.map_err(|error| using.refused(&error))?;
            let other = || HsmError::OtherKey {
                label: self.reference.label.clone(),
                token: using.token.to_owned(),
            };
            let signature = signature.map_err(|_: Vec<u8>| other())?;
            let fits = self
                .reference
                .public_key
                .verify_message_strict(message, &signature);
            fits.map_err(|_| other())?;
            Ok(signature)
        })
    }

    /// Signs the digest for one operation of one ledger.
    ///
    /// # Errors
    /// [`HsmError`].
    pub fn try_sign(&self, namespace: &Namespace, digest: &Digest) -> Result<Signature, HsmError> {
        self.try_sign_message(&namespace.signed_bytes(digest))
    }
}

impl Signing for HsmKey {
    fn public_key(&self) -> PublicKey {
        self.reference.public_key
    }

    fn sign_message(&self, message: &[u8]) -> Result<Signature, SigningError> {
        let signed = self.try_sign_message(message);
        signed.map_err(|error| SigningError::from(&error))
    }
}

/// Makes a key on the organisation's token that never leaves it, and a reference in the folder. Of two
/// that are half done, neither stays.
///
/// # Errors
/// [`HsmError`], also where a key or reference of that name is there.
pub fn generate(
    folder: &ConsortiumFolder,
    organisation: &OrganisationId,
    name: &str,
    algorithm: Algorithm,
) -> Result<HsmKey, HsmError> {
    let label = format!("{organisation}/{name}");
    generate_as(folder, organisation, name, label, algorithm)
}

/// The same under a label of its own.
pub(super) fn generate_as(
    folder: &ConsortiumFolder,
    organisation: &OrganisationId,
    name: &str,
    label: String,
    algorithm: Algorithm,
) -> Result<HsmKey, HsmError> {
    let settings = HsmSettings::read(folder, organisation)?;
    let taken = folder.key_file(organisation, name).exists()
        || reference_file(folder, organisation, name).exists();
    let mut id = [0u8; 16];
    getrandom::fill(&mut id).map_err(|error| HsmError::SessionLost {
        token: settings.token.clone(),
        reason: format!("the operating system gives no random bytes: {error}"),
    })?;
    let reference = within(&settings, |using| {
        let there = [
            Attribute::Class(ObjectClass::PRIVATE_KEY),
            Attribute::Label(label.clone().into_bytes()),
        ];
        let there = using.session.find_objects(&there);
        if taken || !there.map_err(|error| using.refused(&error))?.is_empty() {
            return Err(HsmError::KeyExists {
                label: label.clone(),
                token: using.token.to_owned(),
            });
        }
        make(using, &label, &id, algorithm)
    })?;
    let key = HsmKey {
        settings,
        reference,
    };
    if let Err(error) = key.reference.write(folder, organisation, name) {
        remove_objects(&key)?;
        return Err(error);
    }
    Ok(key)
}

fn make(
    using: &Use<'_>,
    label: &str,
    id: &[u8],
    algorithm: Algorithm,
) -> Result<KeyReference, HsmError> {
    let (signs, mechanism, curve) = match algorithm {
        Algorithm::P256 => (
            MechanismType::ECDSA,
            Mechanism::EccKeyPairGen,
            P256.to_vec(),
        ),
        Algorithm::Ed25519 => {
            let curve = EDWARDS.to_vec();
            (MechanismType::EDDSA, Mechanism::EccEdwardsKeyPairGen, curve)
        }
    };
    if !using.can(signs)? {
        return Err(HsmError::Unsupported {
            token: using.token.to_owned(),
            algorithm,
        });
    }
    let named = [
        Attribute::Token(true),
        Attribute::Label(label.as_bytes().to_vec()),
        Attribute::Id(id.to_vec()),
    ];
    let public = [Attribute::Private(false), Attribute::Verify(true)];
    let private = [
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Sign(true),
    ];
    let private = [&named[..], &private[..]].concat();
    let mut curves = vec![curve];
    // Newer modules know Ed25519 by its object identifier alone.
    curves.extend((algorithm == Algorithm::Ed25519).then(|| ED25519.to_vec()));
    let mut tried = curves.into_iter().map(|curve| {
        let public = [&named[..], &public[..], &[Attribute::EcParams(curve)]].concat();
        using
            .session
            .generate_key_pair(&mechanism, &public, &private)
    });
    let first = tried.next().ok_or_else(|| unsupported(using, algorithm))?;
    let made = first.or_else(|error| tried.next().unwrap_or(Err(error)));
    let (public, private) = made.map_err(|error| using.refused(&error))?;
    match public_key(using, public)? {
        Some(public_key) if public_key.algorithm() == algorithm => Ok(KeyReference {
            label: label.to_owned(),
            id: hex::encode(id),
            public_key,
        }),
        _ => {
            // Nothing that cannot be used is left behind.
            for object in [public, private] {
                let gone = using.session.destroy_object(object);
                gone.map_err(|error| using.refused(&error))?;
            }
            Err(unsupported(using, algorithm))
        }
    }
}

fn unsupported(using: &Use<'_>, algorithm: Algorithm) -> HsmError {
    HsmError::Unsupported {
        token: using.token.to_owned(),
        algorithm,
    }
}

/// The keys on a token, by their public halves.
///
/// # Errors
/// [`HsmError`].
pub fn keys(settings: &HsmSettings) -> Result<Vec<TokenKey>, HsmError> {
    within(settings, |using| {
        let all = using
            .session
            .find_objects(&[Attribute::Class(ObjectClass::PUBLIC_KEY)]);
        let all = all.map_err(|error| using.refused(&error))?;
        let mut keys = Vec::new();
        for object in all.into_iter().take(MOST_KEYS) {
            let (mut label, mut id) = (String::new(), String::new());
            let wanted = [AttributeType::Label, AttributeType::Id];
            let found = using.session.get_attributes(object, &wanted);
            for attribute in found.map_err(|error| using.refused(&error))? {
                match attribute {
                    Attribute::Label(bytes) => {
                        label = String::from_utf8_lossy(&bytes).into_owned();
                    }
                    Attribute::Id(bytes) => id = hex::encode(bytes),
                    _ => {}
                }
            }
            let public_key = public_key(using, object)?;
            keys.push(TokenKey {
                label,
                id,
                public_key,
            });
        }
        keys.sort_by(|a, b| (&a.label, &a.id).cmp(&(&b.label, &b.id)));
        Ok(keys)
    })
}

/// Destroys the key of this name on the token and the reference to it: for a key that was refused.
///
/// # Errors
/// [`HsmError`].
pub fn destroy(
    folder: &ConsortiumFolder,
    organisation: &OrganisationId,
    name: &str,
) -> Result<(), HsmError> {
    let Some(key) = open(folder, organisation, name)? else {
        return Ok(());
    };
    remove_objects(&key)?;
    let path = reference_file(folder, organisation, name);
    fs::remove_file(&path).map_err(|error| HsmError::Settings {
        path,
        reason: error.to_string(),
    })
}

fn remove_objects(key: &HsmKey) -> Result<(), HsmError> {
    let (label, id) = (&key.reference.label, key.reference.id_bytes());
    within(&key.settings, |using| {
        let wanted = [
            Attribute::Label(label.as_bytes().to_vec()),
            Attribute::Id(id.clone()),
        ];
        let found = using.session.find_objects(&wanted);
        for object in found.map_err(|error| using.refused(&error))? {
            let gone = using.session.destroy_object(object);
            gone.map_err(|error| using.refused(&error))?;
        }
        Ok(())
    })
}

fn find(using: &Use<'_>, reference: &KeyReference) -> Result<ObjectHandle, HsmError> {
    let wanted = [
        Attribute::Class(ObjectClass::PRIVATE_KEY),
        Attribute::Label(reference.label.as_bytes().to_vec()),
        Attribute::Id(reference.id_bytes()),
    ];
    let found = using.session.find_objects(&wanted);
    let found = found.map_err(|error| using.refused(&error))?;
    found.first().copied().ok_or_else(|| HsmError::KeyAbsent {
        label: reference.label.clone(),
        token: using.token.to_owned(),
    })
}

/// The public half of a key, where members use its algorithm.
fn public_key(using: &Use<'_>, object: ObjectHandle) -> Result<Option<PublicKey>, HsmError> {
    let wanted = [
        AttributeType::KeyType,
        AttributeType::EcParams,
        AttributeType::EcPoint,
    ];
    let found = using.session.get_attributes(object, &wanted);
    let (mut kind, mut curve, mut point) = (None, Vec::new(), Vec::new());
    for attribute in found.map_err(|error| using.refused(&error))? {
        match attribute {
            Attribute::KeyType(of) => kind = Some(of),
            Attribute::EcParams(bytes) => curve = bytes,
            Attribute::EcPoint(bytes) => point = bytes,
            _ => {}
        }
    }
    Ok(kind.and_then(|kind| public_key_of(kind, &curve, &point)))
}

/// From what PKCS#11 holds: the curve's name and the point, in an OCTET STRING or bare.
pub(super) fn public_key_of(kind: KeyType, curve: &[u8], point: &[u8]) -> Option<PublicKey> {
    let inner = match point {
        [4, length, rest @ ..] if usize::from(*length) == rest.len() => rest,
        bare => bare,
    };
    let key = match kind {
        KeyType::EC if curve == P256 => {
            let (form, rest) = inner.split_first()?;
            let (x, y) = rest.split_at_checked(32).filter(|(_, y)| y.len() == 32)?;
            let sign = (*form == 4).then(|| 2 + (y[31] & 1))?;
            PublicKey::P256([&[sign], x].concat().try_into().ok()?)
        }
        KeyType::EC_EDWARDS if curve == EDWARDS || curve == ED25519 => {
            PublicKey::Ed25519(inner.try_into().ok()?)
        }
        _ => return None,
    };
    key.check_registrable().ok().map(|()| key)
}
