//! Organisations that come by invitation, go for good, or replace their root certificate.

use super::{
    Difference,
    change::{Case, check_roles, organisation_record, put_organisation},
    difference::listed,
};
use crate::{
    directory::Standing,
    invitation::{
        Acceptance, Invitation, MAX_INVITATION_MS, MAX_INVITED_LEDGERS, MAX_INVITED_NODES,
        SignedAcceptance, SignedInvitation, acceptance_namespace, invitation_namespace,
    },
    pricing::Price,
    records::{self, GENESIS_KEY, LEDGER, MEMBERS, ORGANISATIONS, OrganisationRecord, PROPOSALS},
    session::{Failure, Session, Stop},
    system::{
        member_record, members,
        membership::{self, MembershipAction},
        page,
    },
};
use blockworm_crypto::{
    Digest, Signature,
    identity::{AuthorityCertificate, MemberCertificate, parse_authority, verify_chain},
    sha256,
};
use blockworm_ledger::{MemberId, OrganisationId};

/// Most organisations of a ledger, those that left included: their slugs never come back.
pub(super) const MAX_ORGANISATIONS: u32 = 100;
/// Most characters of an organisation's name.
const MAX_NAME_CHARS: usize = 64;
/// Most bytes of a chain of certificates.
const MAX_CHAIN_BYTES: usize = 24 << 10;

/// What a good acceptance says.
struct Accepted {
    admin: MemberId,
    certificate: MemberCertificate,
    node: MembershipAction,
}

fn refuse<T>(code: &'static str, what: impl Into<String>) -> Result<T, Failure> {
    Err(Failure::refused(code, what))
}

pub(super) fn check_admission(
    case: &Case<'_>,
    signed: &SignedInvitation,
    answer: &SignedAcceptance,
) -> Result<Vec<Difference>, Failure> {
    let invitation = &signed.invitation;
    check_invitation(case.session, signed)?;
    check_unused(case, invitation)?;
    check_new(case.session, invitation)?;
    let accepted = check_acceptance(case.session, invitation, answer)?;
    let id = &invitation.organisation;
    let key = accepted.certificate.public_key;
    let mut functions = accepted.certificate.functions.clone();
    functions.sort();
    let mut differences = vec![
        Difference::new(
            format!("organisation {id}"),
            "not of the consortium",
            format!(
                "`{}`, invited by {}; roles: {}",
                invitation.name,
                invitation.inviter,
                listed(&invitation.roles)
            ),
        ),
        Difference::new(
            format!("root certificate of {id}"),
            "none",
            format!("SHA-256 {}", sha256(&[&answer.acceptance.root])),
        ),
        Difference::new(
            format!("member {}", accepted.admin),
            "not registered",
            format!("{}; key {key}", functions.join(" ")),
        ),
    ];
    let known = Some((id, answer.acceptance.root.as_slice()));
    differences.extend(membership::check(case.session, &accepted.node, known)?);
    Ok(differences)
}

/// The inviter's standing and signature, this ledger, and the time.
fn check_invitation(session: &Session<'_>, signed: &SignedInvitation) -> Result<(), Failure> {
    let invitation = &signed.invitation;
    let inviter = &invitation.inviter;
    let known = session.member(inviter.as_str())?;
    let active = known.filter(|known| {
        known.has_function("admin") && known.standing(session.block.time_ms) == Standing::Active
    });
    let Some(known) = active else {
        return refuse(
            "invitation.inviter_unknown",
            format!("{inviter} is no active admin of this ledger"),
        );
    };
    session.charge(Price::CERTIFICATE)?;
    let namespace = invitation_namespace();
    let key = known.member.key;
    if key
        .verify(&namespace, &invitation.digest(), &signed.signature)
        .is_err()
    {
        return refuse(
            "invitation.forged",
            format!("the invitation is not signed with the registered key of {inviter}"),
        );
    }
    let genesis = session.get(LEDGER, GENESIS_KEY)?.unwrap_or_default();
    let here = invitation
        .ledgers
        .iter()
        .find(|ledger| ledger.genesis.as_bytes() == genesis.as_slice());
    if here.is_none_or(|ledger| ledger.id.to_string() != session.block.ledger) {
        return refuse(
            "invitation.other_ledger",
            "the invitation does not name this ledger",
        );
    }
    let many = invitation.ledgers.len() > MAX_INVITED_LEDGERS
        || invitation
            .ledgers
            .iter()
            .any(|ledger| ledger.nodes.len() > MAX_INVITED_NODES);
    let ends = session.block.time_ms.saturating_add(MAX_INVITATION_MS);
    if many || invitation.expires_at_ms > ends {
        return refuse(
            "invitation.malformed",
            format!(
                "an invitation names at most {MAX_INVITED_LEDGERS} ledgers with {MAX_INVITED_NODES} nodes each and holds at most 90 days"
            ),
        );
    }
    if session.block.time_ms >= invitation.expires_at_ms {
        return refuse(
            "invitation.expired",
            format!(
                "the invitation of {} counts no more; ask {inviter} for another",
                invitation.organisation
            ),
        );
    }
    Ok(())
}

/// An invitation counts once: neither an accepted nor another open proposal may hold it.
fn check_unused(case: &Case<'_>, invitation: &Invitation) -> Result<(), Failure> {
    match holder(case.session, invitation)? {
        Some(number) if number != case.number && super::holds(case.session, number)? => refuse(
            "invitation.used",
            format!(
                "the invitation {} stands in proposal {number}",
                invitation.id_text()
            ),
        ),
        _ => Ok(()),
    }
}

/// The proposal that holds an invitation.
fn holder(session: &Session<'_>, invitation: &Invitation) -> Result<Option<u64>, Failure> {
    let key = records::invitation_key(&invitation.id_text());
    let held = session.get(PROPOSALS, &key)?;
    let read = |bytes: Vec<u8>| records::read(&bytes, "an invitation").map_err(Stop::from);
    Ok(held.map(read).transpose()?)
}

/// Notes which proposal holds an invitation.
pub(super) fn hold(case: &Case<'_>, invitation: &Invitation) -> Result<(), Failure> {
    let key = records::invitation_key(&invitation.id_text());
    let number = records::write(&case.number);
    Ok(case.session.put(PROPOSALS, &key, Some(number))?)
}

/// Slug, name and roles of the new organisation.
fn check_new(session: &Session<'_>, invitation: &Invitation) -> Result<(), Failure> {
    let id = &invitation.organisation;
    check_roles(&invitation.roles)?;
    let length = invitation.name.chars().count();
    if !(1..=MAX_NAME_CHARS).contains(&length) || invitation.name.chars().any(char::is_control) {
        return refuse(
            "proposal.bad_name",
            "an organisation's name has 1 to 64 printable characters",
        );
    }
    if session
        .get(ORGANISATIONS, id.as_str().as_bytes())?
        .is_some()
    {
        return refuse(
            "proposal.organisation_exists",
            format!("the slug {id} is or was an organisation's; a slug is given once"),
        );
    }
    let rows = page(session, ORGANISATIONS, b"", None, Some(MAX_ORGANISATIONS))?;
    if rows.len() >= MAX_ORGANISATIONS as usize {
        return refuse(
            "proposal.too_many_organisations",
            format!("a ledger has at most {MAX_ORGANISATIONS} organisations, former ones included"),
        );
    }
    Ok(())
}

fn check_acceptance(
    session: &Session<'_>,
    invitation: &Invitation,
    answer: &SignedAcceptance,
) -> Result<Accepted, Failure> {
    let Acceptance {
        invitation: about,
        root,
        admin,
        node,
        address,
    } = &answer.acceptance;
    let id = &invitation.organisation;
    if *about != invitation.digest() {
        return refuse(
            "acceptance.other_invitation",
            "the acceptance answers another invitation",
        );
    }
    if [root, admin, node]
        .into_iter()
        .any(|der| der.len() > MAX_CHAIN_BYTES)
    {
        return refuse(
            "certificate.too_large",
            "a chain of certificates has at most 24 KiB",
        );
    }
    check_root(session, id, root)?;
    session.charge(Price::CERTIFICATE)?;
    let certificate = verify_chain(admin, root, session.block.time_ms)
        .map_err(|error| Failure::refused(error.code(), error.to_string()))?;
    let named = format!("{}/{}", certificate.organisation, certificate.name);
    let Ok(admin) = named.parse::<MemberId>() else {
        return refuse("certificate.name", "the certificate's name is not one");
    };
    if !certificate.functions.iter().any(|held| held == "admin") {
        return refuse(
            "acceptance.not_an_admin",
            format!("the certificate of {admin} does not give the function admin"),
        );
    }
    members::check_key(session, &certificate.public_key, &admin)?;
    let digest = answer.acceptance.digest();
    let signed = certificate
        .public_key
        .verify(&acceptance_namespace(), &digest, &answer.signature);
    if signed.is_err() {
        return refuse(
            "acceptance.forged",
            format!("the acceptance is not signed with the key of {admin}"),
        );
    }
    let node = MembershipAction::AdmitNode {
        organisation: id.clone(),
        certificate: node.clone(),
        address: address.clone(),
    };
    Ok(Accepted {
        admin,
        certificate,
        node,
    })
}

/// An authority of this organisation that may be relied on now.
fn check_root(
    session: &Session<'_>,
    organisation: &OrganisationId,
    der: &[u8],
) -> Result<AuthorityCertificate, Failure> {
    session.charge(Price::CERTIFICATE)?;
    let authority =
        parse_authority(der).map_err(|error| Failure::refused(error.code(), error.to_string()))?;
    if authority.organisation != organisation.as_str() {
        return refuse(
            "certificate.organisation_mismatch",
            format!(
                "the authority is of {}, not of {organisation}",
                authority.organisation
            ),
        );
    }
    let now_s = session.block.time_ms / 1_000;
    if now_s < authority.validity.not_before_ms / 1_000 {
        return refuse(
            "certificate.authority_not_yet_valid",
            "the authority's certificate is not valid yet",
        );
    }
    if now_s > authority.validity.not_after_ms / 1_000 {
        return refuse(
            "certificate.authority_expired",
            "the authority's certificate has expired",
        );
    }
    Ok(authority)
}

pub(super) fn admit(
    case: &Case<'_>,
    signed: &SignedInvitation,
    answer: &SignedAcceptance,
) -> Result<(), Failure> {
    let session = case.session;
    let invitation = &signed.invitation;
    let accepted = check_acceptance(session, invitation, answer)?;
    let record = OrganisationRecord {
        name: invitation.name.clone(),
        roles: invitation.roles.clone(),
        ca_certificate: answer.acceptance.root.clone(),
        suspended_at: None,
        removed_at: None,
    };
    put_organisation(session, &invitation.organisation, &record)?;
    let height = session.block.height;
    let key = accepted.certificate.public_key;
    let member = records::write(&member_record(accepted.certificate, height));
    let id = accepted.admin.as_str();
    members::hold_key(session, &key, &accepted.admin)?;
    session.put(MEMBERS, &records::member_key(id), Some(member))?;
    let chain = answer.acceptance.admin.clone();
    session.put(MEMBERS, &records::certificate_key(id), Some(chain))?;
    membership::apply(session, &accepted.node)
}

pub(super) fn check_removal(
    case: &Case<'_>,
    organisation: &OrganisationId,
) -> Result<Vec<Difference>, Failure> {
    let session = case.session;
    let record = organisation_record(session, organisation)?;
    super::change::check_not_last(session, organisation)?;
    let before = match record.suspended_at {
        None => "of the consortium".to_owned(),
        Some(height) => format!("suspended in block {height}"),
    };
    let mut differences = vec![Difference::new(
        format!("organisation {organisation}"),
        before,
        "removed for good",
    )];
    differences.extend(membership::check_expulsion(session, organisation)?);
    Ok(differences)
}

pub(super) fn remove(case: &Case<'_>, organisation: &OrganisationId) -> Result<(), Failure> {
    let session = case.session;
    let mut record = organisation_record(session, organisation)?;
    record.removed_at = Some(session.block.height);
    put_organisation(session, organisation, &record)?;
    membership::expel(session, organisation)
}

pub(super) fn check_authority(
    case: &Case<'_>,
    organisation: &OrganisationId,
    certificate: &[u8],
    replaces: &Digest,
) -> Result<Vec<Difference>, Failure> {
    let record = organisation_record(case.session, organisation)?;
    // Nobody of an organisation whose root has ended could register an admin to propose another.
    let ended = parse_authority(&record.ca_certificate)
        .is_ok_and(|root| case.session.block.time_ms / 1_000 > root.validity.not_after_ms / 1_000);
    if case.proposer != organisation.as_str() && !ended {
        return refuse(
            "proposal.other_organisation",
            format!(
                "only an admin of {organisation} may propose its root certificate, not {}",
                case.proposer
            ),
        );
    }
    let now = sha256(&[&record.ca_certificate]);
    if now != *replaces {
        return refuse(
            "proposal.superseded",
            format!(
                "the root certificate of {organisation} is the one of SHA-256 {now}, not {replaces}, which this would replace"
            ),
        );
    }
    if certificate == record.ca_certificate {
        return refuse(
            "proposal.no_change",
            format!("{organisation} has this root certificate already"),
        );
    }
    let authority = check_root(case.session, organisation, certificate)?;
    Ok(vec![Difference::new(
        format!("root certificate of {organisation}"),
        format!("SHA-256 {now}"),
        format!(
            "SHA-256 {}; `{}`, key {}",
            sha256(&[certificate]),
            authority.name,
            authority.public_key
        ),
    )])
}

pub(super) fn set_authority(
    case: &Case<'_>,
    organisation: &OrganisationId,
    certificate: &[u8],
) -> Result<(), Failure> {
    let mut record = organisation_record(case.session, organisation)?;
    certificate.clone_into(&mut record.ca_certificate);
    put_organisation(case.session, organisation, &record)
}

/// An admin of an organisation whose own admins can act no more: its certificate is its organisation's
/// word, the votes stand in for the admin who would have registered it.
pub(super) fn check_admin(
    case: &Case<'_>,
    organisation: &OrganisationId,
    chain: &[u8],
    possession: &Signature,
) -> Result<Vec<Difference>, Failure> {
    let session = case.session;
    organisation_record(session, organisation)?;
    let (id, certificate) =
        members::check_chain(session, organisation.as_str(), chain, possession)?;
    if !certificate.functions.iter().any(|held| held == "admin") {
        return refuse(
            "proposal.not_an_admin",
            format!("the certificate of {id} does not give the function admin"),
        );
    }
    members::check_key(session, &certificate.public_key, &id)?;
    let before = match members::find(session, &id)? {
        None => "not registered".to_owned(),
        Some(record) if record.revoked_at.is_some() => return Err(members::already_revoked(&id)),
        Some(record) => format!("{}; key {}", record.functions.join(" "), record.key),
    };
    let mut functions = certificate.functions;
    functions.sort();
    let after = format!(
        "{}; key {}; certificate SHA-256 {}",
        functions.join(" "),
        certificate.public_key,
        sha256(&[chain])
    );
    Ok(vec![Difference::new(format!("member {id}"), before, after)])
}

pub(super) fn register_admin(
    case: &Case<'_>,
    organisation: &OrganisationId,
    chain: &[u8],
    possession: &Signature,
) -> Result<(), Failure> {
    let (id, certificate) =
        members::check_chain(case.session, organisation.as_str(), chain, possession)?;
    members::store(case.session, "registered", &id, certificate, chain.to_vec())?;
    Ok(())
}
