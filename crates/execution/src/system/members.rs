//! `members`: registration of certificates, renewal and revocation, by the admins of the
//! organisation that issued them, renewal also by the member itself. Each takes effect at the next
//! block. A key is one member's for ever.

use super::{json, page};
use crate::{
    directory::{Known, Standing},
    pricing::Price,
    records::{self, MEMBERS, MemberRecord, ORGANISATIONS, OrganisationRecord},
    session::{Failure, Session, Stop},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use blockworm_crypto::{
    Namespace, PublicKey, Signature,
    identity::{MemberCertificate, verify_chain},
    sha256,
};
use blockworm_ledger::MemberId;
use cosmwasm_std::{Event, Response};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Most certificates in one message.
const MAX_MANY: usize = 32;
/// The longest reason of a revocation, in bytes.
const MAX_REASON_BYTES: usize = 256;

/// Messages to `members`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum MembersMsg {
    /// Registers one member of the caller's organisation.
    Register(NewMember),
    /// Registers several members, all or none; at most 32.
    RegisterMany {
        /// Who.
        members: Vec<NewMember>,
    },
    /// Replaces a member's certificate and so its key and functions. The member itself may do so
    /// when it gains no function.
    Renew(NewMember),
    /// Revokes a member of the caller's organisation, for good.
    Revoke {
        /// `organisation/name`.
        member: MemberId,
        /// Why, for people; at most 256 bytes.
        reason: String,
    },
}

/// A certificate and the proof that its key is in its holder's hands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewMember {
    /// The end-entity certificate, DER, Base64.
    pub certificate: String,
    /// By the certificate's key over SHA-256 of the DER, in the namespace
    /// `blockworm/<ledger id>/register`: `ed25519:<hex>` or `p256:<hex>`.
    pub possession: Signature,
}

/// Questions to `members`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum MembersQuery {
    /// One member, or `null`.
    Member {
        /// `organisation/name`.
        id: String,
    },
    /// A page of one organisation's members, or of all, in order of id.
    List {
        /// A slug.
        organisation: Option<String>,
        /// The last id of the page before.
        start_after: Option<String>,
        /// At most 100; 30 when left out.
        limit: Option<u32>,
    },
}

pub(super) fn execute(
    session: &Session<'_>,
    sender: &str,
    message: MembersMsg,
) -> Result<Response, Failure> {
    match message {
        MembersMsg::Register(member) => {
            register_many(session, admin(session, sender)?.as_ref(), &[member])
        }
        MembersMsg::RegisterMany { members } => {
            register_many(session, admin(session, sender)?.as_ref(), &members)
        }
        MembersMsg::Renew(member) => renew(session, sender, &member),
        MembersMsg::Revoke { member, reason } => {
            revoke(session, admin(session, sender)?.as_ref(), &member, &reason)
        }
    }
}

/// The caller, who must be an active member with the function admin.
pub(super) fn admin(session: &Session<'_>, sender: &str) -> Result<Arc<Known>, Failure> {
    match session.member(sender)? {
        Some(known)
            if known.has_function("admin")
                && known.standing(session.block.time_ms) == Standing::Active =>
        {
            Ok(known)
        }
        _ => Err(not_an_admin(sender)),
    }
}

fn not_an_admin(sender: &str) -> Failure {
    Failure::refused(
        "member.not_an_admin",
        format!("{sender} does not hold the function admin"),
    )
}

fn register_many(
    session: &Session<'_>,
    admin: &Known,
    members: &[NewMember],
) -> Result<Response, Failure> {
    if members.is_empty() || members.len() > MAX_MANY {
        return Err(Failure::refused(
            "member.bad_count",
            "register 1 to 32 members at once",
        ));
    }
    let mut response = Response::new();
    for member in members {
        let (id, certificate, der) = check(session, admin, member)?;
        if session
            .get(MEMBERS, &records::member_key(id.as_str()))?
            .is_some()
        {
            return Err(Failure::refused(
                "member.already_registered",
                format!("{id} is registered; renew its certificate instead"),
            ));
        }
        response = response.add_event(store(session, "registered", &id, certificate, der)?);
    }
    Ok(response)
}

/// By an admin, or by the member itself, who gains nothing by it.
fn renew(session: &Session<'_>, sender: &str, member: &NewMember) -> Result<Response, Failure> {
    let caller = session
        .member(sender)?
        .filter(|known| known.standing(session.block.time_ms) == Standing::Active)
        .ok_or_else(|| not_an_admin(sender))?;
    let (id, certificate, der) = check(session, &caller, member)?;
    let itself = id.as_str() == sender;
    if !itself && !caller.has_function("admin") {
        return Err(not_an_admin(sender));
    }
    let record = load(session, &id)?;
    if record.revoked_at.is_some() {
        return Err(already_revoked(&id));
    }
    let gains = |function: &String| !record.functions.contains(function);
    if !caller.has_function("admin") && certificate.functions.iter().any(gains) {
        return Err(Failure::refused(
            "member.more_functions",
            format!("{id} may renew its own certificate, and gains no function by it"),
        ));
    }
    Ok(Response::new().add_event(store(session, "renewed", &id, certificate, der)?))
}

fn revoke(
    session: &Session<'_>,
    admin: &Known,
    id: &MemberId,
    reason: &str,
) -> Result<Response, Failure> {
    if reason.len() > MAX_REASON_BYTES {
        return Err(Failure::refused(
            "member.reason_too_long",
            "a reason has at most 256 bytes",
        ));
    }
    require_same_organisation(admin, id.organisation_str())?;
    let mut record = load(session, id)?;
    if record.revoked_at.is_some() {
        return Err(already_revoked(id));
    }
    record.revoked_at = Some(session.block.height);
    session.put(
        MEMBERS,
        &records::member_key(id.as_str()),
        Some(records::write(&record)),
    )?;
    let event = Event::new("revoked")
        .add_attribute("subject", id.as_str())
        .add_attribute("reason", reason);
    Ok(Response::new().add_event(event))
}

/// Validates a certificate's chain at block time and that its key is held.
fn check(
    session: &Session<'_>,
    admin: &Known,
    member: &NewMember,
) -> Result<(MemberId, MemberCertificate, Vec<u8>), Failure> {
    let der = BASE64_STANDARD.decode(&member.certificate).map_err(|_| {
        Failure::refused(
            "certificate.malformed",
            "the certificate is not DER in Base64",
        )
    })?;
    let (id, certificate) = check_chain(session, &admin.organisation_id, &der, &member.possession)?;
    require_same_organisation(admin, &certificate.organisation)?;
    Ok((id, certificate, der))
}

/// Validates a chain at block time against an organisation's root, and that its key is held.
pub(super) fn check_chain(
    session: &Session<'_>,
    organisation: &str,
    der: &[u8],
    possession: &Signature,
) -> Result<(MemberId, MemberCertificate), Failure> {
    session.charge(Price::CERTIFICATE)?;
    let organisation = session
        .get(ORGANISATIONS, organisation.as_bytes())?
        .ok_or(Stop::Failed(damaged("an organisation")))?;
    let organisation: OrganisationRecord =
        records::read(&organisation, "an organisation").map_err(Stop::from)?;
    let certificate = verify_chain(der, &organisation.ca_certificate, session.block.time_ms)
        .map_err(|error| Failure::refused(error.code(), error.to_string()))?;
    let id: MemberId = format!("{}/{}", certificate.organisation, certificate.name)
        .parse()
        .map_err(|_| Failure::refused("certificate.name", "the certificate's name is not one"))?;
    let namespace = Namespace::new(session.block.ledger, "register");
    certificate
        .public_key
        .verify(&namespace, &sha256(&[der]), possession)
        .map_err(|_| {
            Failure::refused(
                "member.possession_unproved",
                "the signature over the certificate is not by the certificate's key",
            )
        })?;
    Ok((id, certificate))
}

/// A member's record, if it has one.
pub(super) fn find(session: &Session<'_>, id: &MemberId) -> Result<Option<MemberRecord>, Failure> {
    let found = session.get(MEMBERS, &records::member_key(id.as_str()))?;
    let read = |bytes: Vec<u8>| records::read(&bytes, "a member").map_err(Stop::from);
    Ok(found.map(read).transpose()?)
}

pub(super) fn store(
    session: &Session<'_>,
    kind: &str,
    id: &MemberId,
    certificate: MemberCertificate,
    der: Vec<u8>,
) -> Result<Event, Failure> {
    let digest = sha256(&[&der]);
    let record = record(certificate, session.block.height);
    hold_key(session, &record.key, id)?;
    let event = Event::new(kind)
        .add_attribute("subject", id.as_str())
        .add_attribute("key", record.key.to_string())
        .add_attribute("functions", record.functions.join(" "))
        .add_attribute("certificate", digest.to_string());
    session.put(
        MEMBERS,
        &records::member_key(id.as_str()),
        Some(records::write(&record)),
    )?;
    session.put(MEMBERS, &records::certificate_key(id.as_str()), Some(der))?;
    Ok(event)
}

/// Notes whose key it is; refuses one that was ever another member's.
pub(super) fn hold_key(
    session: &Session<'_>,
    key: &PublicKey,
    id: &MemberId,
) -> Result<(), Failure> {
    if check_key(session, key, id)? {
        return Ok(());
    }
    let holder = id.as_str().as_bytes().to_vec();
    Ok(session.put(MEMBERS, &records::holder_key(key), Some(holder))?)
}

/// Whether it is this member's key already; refuses one that was ever another member's.
pub(super) fn check_key(
    session: &Session<'_>,
    key: &PublicKey,
    id: &MemberId,
) -> Result<bool, Failure> {
    match session.get(MEMBERS, &records::holder_key(key))? {
        Some(holder) if holder != id.as_str().as_bytes() => Err(Failure::refused(
            "member.duplicate_key",
            format!("the key of {id}'s certificate is or was another member's"),
        )),
        held => Ok(held.is_some()),
    }
}

/// The record that a valid certificate gives.
pub(crate) fn record(certificate: MemberCertificate, height: u64) -> MemberRecord {
    let mut functions = certificate.functions;
    functions.sort();
    MemberRecord {
        key: certificate.public_key,
        functions,
        not_after_ms: certificate.not_after_ms,
        registered_at: height,
        revoked_at: None,
    }
}

fn require_same_organisation(admin: &Known, organisation: &str) -> Result<(), Failure> {
    if admin.organisation_id == organisation {
        return Ok(());
    }
    Err(Failure::refused(
        "member.other_organisation",
        format!(
            "an admin of {} cannot act for {organisation}",
            admin.organisation_id
        ),
    ))
}

fn load(session: &Session<'_>, id: &MemberId) -> Result<MemberRecord, Failure> {
    find(session, id)?
        .ok_or_else(|| Failure::refused("member.not_registered", format!("{id} is not registered")))
}

pub(super) fn already_revoked(id: &MemberId) -> Failure {
    Failure::refused("member.already_revoked", format!("{id} is revoked"))
}

const fn damaged(what: &'static str) -> crate::error::ExecutionError {
    crate::error::ExecutionError::DamagedRecord { what }
}

#[derive(Serialize)]
struct Answer {
    id: String,
    key: String,
    functions: Vec<String>,
    not_after_ms: u64,
    registered_at: u64,
    revoked_at: Option<u64>,
}

fn answer(id: String, bytes: &[u8]) -> Result<Answer, Failure> {
    let record: MemberRecord = records::read(bytes, "a member").map_err(Stop::from)?;
    Ok(Answer {
        id,
        key: record.key.to_string(),
        functions: record.functions,
        not_after_ms: record.not_after_ms,
        registered_at: record.registered_at,
        revoked_at: record.revoked_at,
    })
}

pub(super) fn query(session: &Session<'_>, question: MembersQuery) -> Result<Vec<u8>, Failure> {
    match question {
        MembersQuery::Member { id } => {
            let record = session.get(MEMBERS, &records::member_key(&id))?;
            Ok(json(&record.map(|bytes| answer(id, &bytes)).transpose()?))
        }
        MembersQuery::List {
            organisation,
            start_after,
            limit,
        } => {
            let organisation = organisation
                .map(|slug| format!("{slug}/"))
                .unwrap_or_default();
            let name = start_after
                .as_deref()
                .and_then(|id| id.strip_prefix(&organisation));
            let prefix = records::member_key(&organisation);
            let rows = page(session, MEMBERS, &prefix, name, limit)?;
            let answers: Result<Vec<_>, _> = rows
                .into_iter()
                .map(|(name, bytes)| answer(format!("{organisation}{name}"), &bytes))
                .collect();
            Ok(json(&answers?))
        }
    }
}
