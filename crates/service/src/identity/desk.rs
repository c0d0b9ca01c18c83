//! Where a node takes requests about its organisation's certificates: one after the other, each
//! checked before anything is signed.

use super::{
    Authority, CertificateStanding, Certified, Enrolled, EnrolmentRefusal, EnrolmentRequest,
    IdentityError, IssuedLog, certificates,
    enrolment::{base64, enrol},
    revocations::{RevocationError, Revocations},
};
use crate::network::{
    clock::current_ms,
    folder::{ConsortiumFolder, FolderError, make_private_folder, write_json},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use blockworm_crypto::{
    Digest, Namespace, Signature, Signing, SigningError,
    identity::{CertificateRequest, MemberCertificate, Order, Profile, verify_chain},
    sha256,
};
use blockworm_ledger::{LedgerId, MemberId, OrganisationId};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fs, io,
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

/// What a renewal's signature is for.
const RENEWAL: Namespace = Namespace::from_static("blockworm/identity/renewal");
/// How far the clocks of two machines may differ.
const TOLERANCE_MS: u64 = 2 * 60 * 1000;

/// A request to certify a key anew, signed with the key that is certified now.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RenewalRequest {
    /// The certificate's chain, DER, Base64.
    pub certificate: String,
    /// The request, of the same key or of the next: PKCS#10, DER, Base64.
    pub request: String,
    /// When it was signed, milliseconds since 1970.
    pub signed_at_ms: u64,
    /// By the certified key over SHA-256 of `signed_at_ms` (8 bytes, big-endian) and the request's
    /// DER, in the namespace `blockworm/identity/renewal`.
    pub signature: Signature,
}

impl RenewalRequest {
    /// Signs a request with the key that is certified now.
    ///
    /// # Errors
    /// When the key does not sign.
    pub fn sign(
        chain: &[u8],
        request: &[u8],
        key: &dyn Signing,
        now_ms: u64,
    ) -> Result<Self, SigningError> {
        Ok(Self {
            certificate: BASE64_STANDARD.encode(chain),
            request: BASE64_STANDARD.encode(request),
            signed_at_ms: now_ms,
            signature: key.sign(&RENEWAL, &signed(request, now_ms))?,
        })
    }
}

fn signed(request: &[u8], at_ms: u64) -> Digest {
    sha256(&[&at_ms.to_be_bytes(), request])
}

/// A certified member's proofs, for the ledgers on which it is to be registered, that it holds the
/// key: an admin registers it with them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PossessionProof {
    /// The certificate's chain, DER, Base64.
    pub certificate: String,
    /// By the certificate's key over SHA-256 of the chain, in the namespace
    /// `blockworm/<ledger id>/register`.
    pub possession: BTreeMap<LedgerId, Signature>,
}

impl PossessionProof {
    /// Signs for each of these ledgers.
    ///
    /// # Errors
    /// When the key does not sign.
    pub fn sign(
        chain: &[u8],
        ledgers: &[LedgerId],
        key: &dyn Signing,
    ) -> Result<Self, SigningError> {
        let mut possession = BTreeMap::new();
        for ledger in ledgers {
            let namespace = Namespace::new(&ledger.to_string(), "register");
            possession.insert(*ledger, key.sign(&namespace, &sha256(&[chain]))?);
        }
        Ok(Self {
            certificate: BASE64_STANDARD.encode(chain),
            possession,
        })
    }
}

/// The proofs that an organisation's node took in: `DIR/<org>/enrolled/<name>.json`.
pub struct Possessions;

impl Possessions {
    fn file(folder: &ConsortiumFolder, member: &MemberId) -> PathBuf {
        let home = folder.organisation(&member.organisation());
        home.join("enrolled")
            .join(format!("{}.json", member.name()))
    }

    /// The member's proofs, if it sent any.
    ///
    /// # Errors
    /// [`IdentityError::Unreadable`] or [`IdentityError::Folder`].
    pub fn read(
        folder: &ConsortiumFolder,
        member: &MemberId,
    ) -> Result<Option<PossessionProof>, IdentityError> {
        let path = Self::file(folder, member);
        match fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text).map(Some).map_err(|source| {
                IdentityError::Folder(FolderError::Json {
                    path,
                    what: "a proof of possession",
                    source,
                })
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(IdentityError::Unreadable { path, source }),
        }
    }

    fn keep(
        folder: &ConsortiumFolder,
        member: &MemberId,
        proof: &PossessionProof,
    ) -> Result<(), IdentityError> {
        let path = Self::file(folder, member);
        if let Some(parent) = path.parent() {
            make_private_folder(parent)?;
        }
        Ok(write_json(path, proof)?)
    }
}

/// The desk of a node, for its own organisation and, on one machine, for those without a node.
pub struct IdentityDesk {
    folder: ConsortiumFolder,
    organisations: Vec<OrganisationId>,
    enrols: bool,
    /// One request at a time opens the authority's key.
    turn: Mutex<()>,
    revocations: Revocations,
}

impl IdentityDesk {
    /// A desk over these organisations' folders; `enrols` says whether it certifies anybody.
    #[must_use]
    pub const fn new(
        folder: ConsortiumFolder,
        organisations: Vec<OrganisationId>,
        enrols: bool,
    ) -> Self {
        Self {
            folder,
            organisations,
            enrols,
            turn: Mutex::new(()),
            revocations: Revocations::new(),
        }
    }

    /// An organisation's list of revoked certificates, DER: of an organisation of this desk made here,
    /// of another the one that was handed in, if there is one.
    ///
    /// # Errors
    /// [`RevocationError`].
    pub fn revocations(
        &self,
        organisation: &OrganisationId,
    ) -> Result<Option<Vec<u8>>, RevocationError> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        self.revocations.list(
            &self.folder,
            &self.organisations,
            organisation,
            current_ms(),
        )
    }

    /// Whose certificates are looked after here.
    #[must_use]
    pub fn organisations(&self) -> &[OrganisationId] {
        &self.organisations
    }

    /// Certifies the key of a request that a token allows.
    ///
    /// # Errors
    /// [`EnrolmentRefusal`].
    pub fn enrol(&self, asked: &EnrolmentRequest) -> Result<Certified, EnrolmentRefusal> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.enrols {
            return Err(EnrolmentRefusal::NotHere("any organisation".to_owned()));
        }
        let mut refusal = EnrolmentRefusal::TokenUnknown;
        for organisation in &self.organisations {
            match enrol(&self.folder, organisation, asked, current_ms()) {
                // Another organisation's token, perhaps.
                Err(EnrolmentRefusal::TokenUnknown) => {}
                Err(other) => {
                    refusal = other;
                    break;
                }
                Ok(certified) => {
                    tracing::info!(%organisation, "certified a key by token");
                    return Ok(certified);
                }
            }
        }
        tracing::info!(code = refusal.code(), "refused an enrolment");
        Err(refusal)
    }

    /// Certifies a member's key anew, the same or the next, on the word of the key certified now.
    ///
    /// # Errors
    /// [`EnrolmentRefusal`].
    pub fn renew(&self, asked: &RenewalRequest) -> Result<Certified, EnrolmentRefusal> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let now_ms = current_ms();
        let chain = base64(&asked.certificate)?;
        let der = base64(&asked.request)?;
        let (authority, member) = self.member(&chain, now_ms)?;
        if asked.signed_at_ms.abs_diff(now_ms) > TOLERANCE_MS {
            return Err(EnrolmentRefusal::Stale);
        }
        member
            .public_key
            .verify_strict(
                &RENEWAL,
                &signed(&der, asked.signed_at_ms),
                &asked.signature,
            )
            .map_err(|_| EnrolmentRefusal::BadSignature)?;
        let request = CertificateRequest::parse(&der)?;
        let same = request.units.is_empty() || request.units == member.functions;
        if (request.organisation.as_str(), request.name.as_str())
            != (member.organisation.as_str(), member.name.as_str())
            || !same
        {
            return Err(EnrolmentRefusal::SubjectMismatch {
                asked: format!("{}/{}", request.organisation, request.name),
                allowed: format!("{}/{}", member.organisation, member.name),
            });
        }
        let order = Order {
            profile: Profile::Member,
            name: &member.name,
            functions: &member.functions,
            hosts: &[],
        };
        let renewed = authority.issue_as(&order, &request.public_key, now_ms)?;
        let how = match request.public_key == member.public_key {
            true => Enrolled::Renewed,
            false => Enrolled::Rotated,
        };
        IssuedLog::of(&self.folder, authority.organisation()).record(&renewed, how, None)?;
        tracing::info!(member = %format_args!("{}/{}", member.organisation, member.name), "renewed a certificate on request");
        Ok(Certified {
            certificate: BASE64_STANDARD.encode(&renewed),
            root: BASE64_STANDARD.encode(authority.root()),
            ledgers: Vec::new(),
        })
    }

    /// Takes in a member's proofs that it holds its key; who it is, they show themselves.
    ///
    /// # Errors
    /// [`EnrolmentRefusal`].
    pub fn take_possession(&self, proof: &PossessionProof) -> Result<(), EnrolmentRefusal> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let chain = base64(&proof.certificate)?;
        let (_, member) = self.member(&chain, current_ms())?;
        let digest = sha256(&[&chain]);
        for (ledger, signature) in &proof.possession {
            let namespace = Namespace::new(&ledger.to_string(), "register");
            member
                .public_key
                .verify(&namespace, &digest, signature)
                .map_err(|_| EnrolmentRefusal::BadSignature)?;
        }
        let id: MemberId = format!("{}/{}", member.organisation, member.name)
            .parse()
            .map_err(|_| EnrolmentRefusal::NotIssued)?;
        Ok(Possessions::keep(&self.folder, &id, proof)?)
    }

    /// The certificates in the folders of this desk's organisations, the soonest to end first.
    #[must_use]
    pub fn certificates(&self) -> Vec<CertificateStanding> {
        certificates(&self.folder, &self.organisations, current_ms())
    }

    /// A member whose certificate this organisation issued, which counts now and is not revoked.
    fn member(
        &self,
        chain: &[u8],
        now_ms: u64,
    ) -> Result<(Authority, MemberCertificate), EnrolmentRefusal> {
        let named = blockworm_crypto::identity::parse_member(chain)?;
        let organisation = self
            .organisations
            .iter()
            .find(|one| self.enrols && one.as_str() == named.organisation)
            .ok_or_else(|| EnrolmentRefusal::NotHere(named.organisation.clone()))?;
        let authority = Authority::load(&self.folder, organisation)?;
        let member = verify_chain(chain, authority.root(), now_ms)?;
        let log = IssuedLog::of(&self.folder, organisation);
        let serial = hex::encode(&member.serial);
        if !log.issued()?.iter().any(|issued| issued.serial == serial) {
            return Err(EnrolmentRefusal::NotIssued);
        }
        if log.revoked()?.iter().any(|one| one.serial == member.serial) {
            return Err(EnrolmentRefusal::Revoked);
        }
        Ok((authority, member))
    }
}
