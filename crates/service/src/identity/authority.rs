//! An organisation's root and its issuing authority: made, kept, opened again, and what they issue.

use super::{
    AUTHORITY, BACKDATED_MS, Enrolled, ISSUING, Identity, IdentityError, IssuedLog, Lifetimes,
    NODE, Passphrase, TLS, certificate_error,
    files::{keep_key, read_certificate, read_key, write_certificate, write_key, write_plain_key},
};
use crate::{
    hsm,
    network::folder::{ConsortiumFolder, write_json},
};
use blockworm_crypto::{
    Algorithm, PublicKey, SecretKey, Signing as _,
    identity::{
        CertificateAuthority, IdentityError as CertificateError, MemberSubject, Order, Profile,
        RevokedCertificate, Validity, describe,
    },
};
use blockworm_ledger::OrganisationId;
use std::{fs, io, path::Path, sync::Arc};

/// An organisation's own authorities: the root that ledgers name, and the one below it that issues.
pub struct Authority {
    organisation: OrganisationId,
    root: Vec<u8>,
    /// Only where the root's key lies in this folder.
    root_key: Option<SecretKey>,
    issuing: CertificateAuthority,
    /// Only where the issuing authority's key was made here and is kept in a file.
    issuing_key: Option<SecretKey>,
    /// Nothing that it issues counts longer.
    ends_ms: u64,
    lifetimes: Lifetimes,
}

impl Authority {
    /// Makes an organisation's root and its issuing authority, with the usual lifetimes.
    ///
    /// # Errors
    /// [`IdentityError::Certificate`].
    pub fn create(
        organisation: &OrganisationId,
        name: &str,
        algorithm: Algorithm,
        now_ms: u64,
    ) -> Result<Self, IdentityError> {
        Self::create_for(organisation, name, algorithm, now_ms, Lifetimes::default())
    }

    /// Makes an organisation's root and its issuing authority.
    ///
    /// # Errors
    /// [`IdentityError::Certificate`].
    pub fn create_for(
        organisation: &OrganisationId,
        name: &str,
        algorithm: Algorithm,
        now_ms: u64,
        lifetimes: Lifetimes,
    ) -> Result<Self, IdentityError> {
        let refused = |source| certificate_error(organisation.as_str(), source);
        let root_key = SecretKey::generate(algorithm).map_err(IdentityError::Generate)?;
        let root = CertificateAuthority::create_with(
            organisation.as_str(),
            name,
            Arc::new(root_key.clone()),
            validity(now_ms, lifetimes.root_ms, u64::MAX),
        )
        .map_err(refused)?;
        let (issuing, issuing_key) = issuing_below(&root, 1, now_ms, lifetimes.issuing_ms)?;
        Self::of(
            organisation,
            root.certificate().to_vec(),
            Some(root_key),
            issuing,
            Some(issuing_key),
            lifetimes,
        )
    }

    fn of(
        organisation: &OrganisationId,
        root: Vec<u8>,
        root_key: Option<SecretKey>,
        issuing: CertificateAuthority,
        issuing_key: Option<SecretKey>,
        lifetimes: Lifetimes,
    ) -> Result<Self, IdentityError> {
        let mut ends_ms = u64::MAX;
        for certificate in [&root[..], issuing.certificate()] {
            let described = describe(certificate)
                .map_err(|source| certificate_error(organisation.as_str(), source))?;
            ends_ms = ends_ms.min(described.validity.not_after_ms);
        }
        Ok(Self {
            organisation: organisation.clone(),
            root,
            root_key,
            issuing,
            issuing_key,
            ends_ms,
            lifetimes,
        })
    }

    /// Opens the authorities that lie in the organisation's folder: the issuing one, or the root
    /// where there is none below it. The root's own key may be elsewhere.
    ///
    /// # Errors
    /// As [`load`](super::load).
    pub fn load(
        folder: &ConsortiumFolder,
        organisation: &OrganisationId,
    ) -> Result<Self, IdentityError> {
        let refused = |source| certificate_error(organisation.as_str(), source);
        let passphrase = Passphrase::read(&folder.passphrase_file(organisation))?;
        let root = read_certificate(&folder.certificate_file(organisation, AUTHORITY))?;
        let root_file = folder.key_file(organisation, AUTHORITY);
        let root_key = match root_file.exists() {
            true => Some(read_key(&root_file, &passphrase)?),
            false => None,
        };
        let issuing_file = folder.key_file(organisation, ISSUING);
        let issuing_certificate = folder.certificate_file(organisation, ISSUING);
        let mut issuing = None;
        if let Some(key) = hsm::open(folder, organisation, ISSUING)? {
            let chain = read_certificate(&issuing_certificate)?;
            let opened = CertificateAuthority::open_issuing(chain, Arc::new(key));
            issuing = Some((opened.map_err(refused)?, None));
        } else if issuing_certificate.exists() {
            let key = read_key(&issuing_file, &passphrase)?;
            let chain = read_certificate(&issuing_certificate)?;
            match CertificateAuthority::open_issuing(chain, Arc::new(key.clone())) {
                Ok(opened) => issuing = Some((opened, Some(key))),
                // A replacement was interrupted between its two files; with the root it goes on.
                Err(CertificateError::WrongAuthorityKey) if root_key.is_some() => {}
                Err(source) => return Err(refused(source)),
            }
        }
        let (issuing, issuing_key) = match (issuing, &root_key) {
            (Some(issuing), _) => issuing,
            (None, Some(key)) => {
                let opened = CertificateAuthority::open(root.clone(), Arc::new(key.clone()));
                (opened.map_err(refused)?, None)
            }
            (None, None) => {
                return Err(IdentityError::NoRootKey {
                    organisation: organisation.clone(),
                });
            }
        };
        let lifetimes = Lifetimes::read(folder, organisation)?;
        Self::of(
            organisation,
            root,
            root_key,
            issuing,
            issuing_key,
            lifetimes,
        )
    }

    /// Keeps both authorities' certificates and keys in the organisation's folder.
    ///
    /// # Errors
    /// [`IdentityError::KeyFile`], also where keys of that name lie there already.
    pub fn keep(
        &self,
        folder: &ConsortiumFolder,
        passphrase: &Passphrase,
    ) -> Result<(), IdentityError> {
        if self.lifetimes != Lifetimes::default() {
            write_json(Lifetimes::file(folder, &self.organisation), &self.lifetimes)?;
        }
        let log = IssuedLog::of(folder, &self.organisation);
        self.keep_in(&folder.keys(&self.organisation), &log, passphrase)
    }

    /// The same in any folder. The root's certificate is written last.
    pub(super) fn keep_in(
        &self,
        home: &Path,
        log: &IssuedLog,
        passphrase: &Passphrase,
    ) -> Result<(), IdentityError> {
        let keys = [(AUTHORITY, &self.root_key), (ISSUING, &self.issuing_key)];
        for (name, key) in keys {
            if let Some(key) = key {
                let path = home.join(format!("{name}.key.pem"));
                write_key(&path, key, passphrase)?;
            }
        }
        log.record(&self.root, Enrolled::Founded, None)?;
        if self.issuing_key.is_some() {
            log.record(self.issuing.chain(), Enrolled::Founded, None)?;
            let path = home.join(format!("{ISSUING}.cert.pem"));
            write_certificate(&path, self.issuing.chain())?;
        }
        write_certificate(&home.join(format!("{AUTHORITY}.cert.pem")), &self.root)
    }

    /// Whose.
    #[must_use]
    pub const fn organisation(&self) -> &OrganisationId {
        &self.organisation
    }

    /// The root certificate, DER: what ledgers name.
    #[must_use]
    pub fn root(&self) -> &[u8] {
        &self.root
    }

    /// The issuing authority's chain, DER; empty where the root issues itself.
    #[must_use]
    pub fn issuing(&self) -> &[u8] {
        self.issuing.chain()
    }

    /// Whether the root's key lies here.
    #[must_use]
    pub const fn has_root_key(&self) -> bool {
        self.root_key.is_some()
    }

    /// Certifies that `public_key` is the member's, with these functions.
    ///
    /// # Errors
    /// [`IdentityError::Certificate`], for example for a function that does not exist.
    pub fn issue(
        &self,
        name: &str,
        functions: &[String],
        public_key: &PublicKey,
        now_ms: u64,
    ) -> Result<Vec<u8>, IdentityError> {
        let subject = MemberSubject {
            organisation: self.organisation.as_str().to_owned(),
            name: name.to_owned(),
            functions: functions.to_vec(),
        };
        let validity = validity(now_ms, self.lifetimes.leaf_ms, self.ends_ms);
        self.issuing
            .issue(&subject, public_key, validity)
            .map_err(|source| certificate_error(&format!("{}/{name}", self.organisation), source))
    }

    /// Issues a certificate of any profile; it never counts longer than its authorities.
    ///
    /// # Errors
    /// [`IdentityError::Certificate`].
    pub fn issue_as(
        &self,
        order: &Order<'_>,
        public_key: &PublicKey,
        now_ms: u64,
    ) -> Result<Vec<u8>, IdentityError> {
        let validity = validity(now_ms, self.lifetimes.of(order.profile), self.ends_ms);
        self.issuing
            .issue_as(order, public_key, validity)
            .map_err(|source| {
                certificate_error(&format!("{}/{}", self.organisation, order.name), source)
            })
    }

    /// Makes a key and certifies it.
    ///
    /// # Errors
    /// As [`Self::issue`].
    pub fn create_member(
        &self,
        name: &str,
        functions: &[String],
        algorithm: Algorithm,
        now_ms: u64,
    ) -> Result<Identity, IdentityError> {
        let key = SecretKey::generate(algorithm).map_err(IdentityError::Generate)?;
        let certificate = self.issue(name, functions, &key.public_key(), now_ms)?;
        Ok(Identity { certificate, key })
    }

    /// Certifies a node's consensus key and notes how that came about; its chain.
    pub(super) fn issue_node(
        &self,
        folder: &ConsortiumFolder,
        public_key: &PublicKey,
        how: Enrolled,
        now_ms: u64,
    ) -> Result<Vec<u8>, IdentityError> {
        let order = Order {
            profile: Profile::Node,
            name: NODE,
            functions: &[],
            hosts: &[],
        };
        let chain = self.issue_as(&order, public_key, now_ms)?;
        IssuedLog::of(folder, &self.organisation).record(&chain, how, None)?;
        Ok(chain)
    }

    /// Certifies a node's consensus key and keeps the certificate beside it; its chain.
    ///
    /// # Errors
    /// [`IdentityError::Certificate`] or [`IdentityError::Folder`].
    pub fn certify_node(
        &self,
        folder: &ConsortiumFolder,
        public_key: &PublicKey,
        now_ms: u64,
    ) -> Result<Vec<u8>, IdentityError> {
        let chain = self.issue_node(folder, public_key, Enrolled::Founded, now_ms)?;
        let path = folder.certificate_file(&self.organisation, NODE);
        write_certificate(&path, &chain)?;
        Ok(chain)
    }

    /// Makes the key and certificate of the node's TLS server for these hosts and keeps both.
    ///
    /// # Errors
    /// [`IdentityError::Certificate`] or [`IdentityError::Folder`].
    pub fn make_tls_server(
        &self,
        folder: &ConsortiumFolder,
        hosts: &[String],
        now_ms: u64,
    ) -> Result<(), IdentityError> {
        let key = SecretKey::generate(Algorithm::P256).map_err(IdentityError::Generate)?;
        let order = Order {
            profile: Profile::TlsServer,
            name: TLS,
            functions: &[],
            hosts,
        };
        let chain = self.issue_as(&order, &key.public_key(), now_ms)?;
        IssuedLog::of(folder, &self.organisation).record(&chain, Enrolled::Founded, None)?;
        write_plain_key(&folder.key_file(&self.organisation, TLS), &key)?;
        write_certificate(&folder.certificate_file(&self.organisation, TLS), &chain)
    }

    /// When a certificate of this profile would end that is issued now.
    #[must_use]
    pub fn would_end_ms(&self, profile: Profile, now_ms: u64) -> u64 {
        let length_ms = self.lifetimes.of(profile);
        validity(now_ms, length_ms, self.ends_ms).not_after_ms
    }

    /// Replaces the issuing authority by a new one below the same root, with a new key: on the
    /// token, where the key before lies there, else in a file. Certificates of the one before go on
    /// counting. No vote is needed.
    ///
    /// # Errors
    /// [`IdentityError::NoRootKey`] where the root's key is elsewhere, [`IdentityError::Hsm`].
    pub fn rotate_issuing(
        &mut self,
        folder: &ConsortiumFolder,
        passphrase: &Passphrase,
        now_ms: u64,
    ) -> Result<(), IdentityError> {
        let organisation = self.organisation.clone();
        if let Some(key) = hsm::open(folder, &organisation, ISSUING)? {
            let algorithm = key.public_key().algorithm();
            hsm::move_issuing(folder, &organisation, algorithm, now_ms)?;
            *self = Self::load(folder, &organisation)?;
            return Ok(());
        }
        self.rotate_into_file(folder, passphrase, now_ms)
    }

    /// Replaces the issuing authority by a new one below the same root, with a new key in a
    /// file, also where the key before lay on a token.
    /// Certificates of the one before go on counting. No vote is needed.
    ///
    /// # Errors
    /// [`IdentityError::NoRootKey`] where the root's key is elsewhere.
    pub fn rotate_into_file(
        &mut self,
        folder: &ConsortiumFolder,
        passphrase: &Passphrase,
        now_ms: u64,
    ) -> Result<(), IdentityError> {
        let refused = |source| certificate_error(self.organisation.as_str(), source);
        let root_key = self
            .root_key
            .clone()
            .ok_or_else(|| IdentityError::NoRootKey {
                organisation: self.organisation.clone(),
            })?;
        let root =
            CertificateAuthority::open(self.root.clone(), Arc::new(root_key)).map_err(refused)?;
        let before = describe(self.issuing.certificate()).map_err(refused)?;
        let number = match before.self_issued {
            true => 1,
            false => issuing_number(&before.name) + 1,
        };
        let (issuing, key) = issuing_below(&root, number, now_ms, self.lifetimes.issuing_ms)?;
        let organisation = &self.organisation;
        // An interruption between the two files leaves a key beside the certificate of another:
        // `load` then issues with the root, and the next replacement makes both anew.
        let (key_file, certificate_file) = (
            folder.key_file(organisation, ISSUING),
            folder.certificate_file(organisation, ISSUING),
        );
        let waiting = folder.key_file(organisation, "issuing-next");
        remove_if_there(&waiting)?;
        keep_key(folder, organisation, "issuing-next", &key, passphrase)?;
        IssuedLog::of(folder, organisation).record(issuing.chain(), Enrolled::Rotated, None)?;
        fs::rename(&waiting, &key_file).map_err(|source| IdentityError::Unreadable {
            path: waiting.clone(),
            source,
        })?;
        write_certificate(&certificate_file, issuing.chain())?;
        // The one before may have lain in a security module.
        remove_if_there(&hsm::reference_file(folder, organisation, ISSUING))?;
        let made = Self::of(
            organisation,
            self.root.clone(),
            self.root_key.clone(),
            issuing,
            Some(key),
            self.lifetimes,
        )?;
        *self = made;
        Ok(())
    }

    /// The list of what the issuing authority revoked, DER, good until `next_ms`.
    ///
    /// # Errors
    /// [`IdentityError::Certificate`].
    pub fn revocation_list(
        &self,
        revoked: &[RevokedCertificate],
        now_ms: u64,
        next_ms: u64,
    ) -> Result<Vec<u8>, IdentityError> {
        let validity = Validity {
            not_before_ms: now_ms,
            not_after_ms: next_ms,
        };
        // Seconds grow from list to list, and need no counter that could be lost.
        self.issuing
            .revocation_list(now_ms / 1000, validity, revoked)
            .map_err(|source| certificate_error(self.organisation.as_str(), source))
    }

    /// The issuing authority's own key.
    #[must_use]
    pub fn issuing_key(&self) -> PublicKey {
        self.issuing.key().public_key()
    }
}

fn validity(now_ms: u64, length_ms: u64, ends_ms: u64) -> Validity {
    Validity {
        not_before_ms: now_ms.saturating_sub(BACKDATED_MS.min(length_ms / 12)),
        not_after_ms: now_ms.saturating_add(length_ms).min(ends_ms),
    }
}

fn issuing_below(
    root: &CertificateAuthority,
    number: u64,
    now_ms: u64,
    length_ms: u64,
) -> Result<(CertificateAuthority, SecretKey), IdentityError> {
    let refused = |source| certificate_error(root.organisation(), source);
    let described = describe(root.certificate()).map_err(refused)?;
    let key = SecretKey::generate(root.key().public_key().algorithm())
        .map_err(IdentityError::Generate)?;
    let short: String = described.name.chars().take(44).collect();
    let name = format!("{short} issuing {number}");
    let validity = validity(now_ms, length_ms, described.validity.not_after_ms);
    let chain = root
        .issue_authority(&name, &key.public_key(), validity)
        .map_err(refused)?;
    let issuing =
        CertificateAuthority::open_issuing(chain, Arc::new(key.clone())).map_err(refused)?;
    Ok((issuing, key))
}

fn issuing_number(name: &str) -> u64 {
    let last = name.rsplit(' ').next();
    last.and_then(|digits| digits.parse().ok()).unwrap_or(1)
}

pub(super) fn remove_if_there(path: &Path) -> Result<(), IdentityError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(IdentityError::Unreadable {
            path: path.to_owned(),
            source,
        }),
        _ => Ok(()),
    }
}
