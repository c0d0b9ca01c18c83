//! The change that the flags of `blockworm proposal make` describe.

use crate::{
    cli::{PolicyAct, ProposalChange},
    commands::{authority::ledgers_root, member, verify::genesis_digest},
    failure::{Failure, Result},
    remote::Remote,
};
use blockworm_crypto::sha256;
use blockworm_execution::{Act, Action, MembershipAction};
use blockworm_ledger::OrganisationId;
use blockworm_service::identity;
use serde::Deserialize;
use serde_json::json;
use std::{fs, path::Path};

/// The change; what it replaces is asked of the ledger.
pub async fn action(change: &ProposalChange, remote: &Remote) -> Result<Action> {
    use ProposalChange as C;
    Ok(match change {
        C::Roles {
            organisation,
            roles,
            ..
        } => Action::SetRoles {
            organisation: organisation.clone(),
            roles: sorted(roles),
        },
        C::Suspend { organisation, .. } => Action::Suspend {
            organisation: organisation.clone(),
        },
        C::Reinstate { organisation, .. } => Action::Reinstate {
            organisation: organisation.clone(),
        },
        C::Remove { organisation, .. } => Action::RemoveOrganisation {
            organisation: organisation.clone(),
        },
        C::Authority {
            organisation,
            certificate,
            ..
        } => authority(organisation, certificate, remote).await?,
        C::Admin { file, .. } => member::presented(file)?,
        C::Pin { name, genesis, .. } => Action::PinLedger {
            name: name.clone(),
            genesis: genesis_digest(genesis)?,
        },
        C::Policy { act, roles, .. } => Action::SetPolicy {
            act: match act {
                PolicyAct::Issue => Act::Issue,
                PolicyAct::Attest => Act::Attest,
                PolicyAct::Freeze => Act::Freeze,
                PolicyAct::Upgrade => Act::Upgrade,
            },
            roles: sorted(roles),
        },
        C::Threshold {
            kind, more_than, ..
        } => Action::SetThreshold {
            kind: serde_json::from_value(json!(kind)).map_err(|error| {
                Failure::of("proposal.unknown_kind", &error)
                    .next("blockworm query proposals '{\"thresholds\":{}}'")
            })?,
            more_than: *more_than,
        },
        C::Calendar { name, file, .. } => calendar(name, file)?,
        C::Archive { .. } => Action::ArchiveLedger {},
        C::Reopen { .. } => Action::ReopenLedger {},
        nodes => Action::Membership(membership(nodes)?),
    })
}

fn membership(change: &ProposalChange) -> Result<MembershipAction> {
    use ProposalChange as C;
    Ok(match change {
        C::AdmitNode {
            organisation,
            certificate,
            address,
            ..
        } => MembershipAction::AdmitNode {
            organisation: organisation.clone(),
            certificate: chain(certificate)?,
            address: address.to_string(),
        },
        C::ReplaceNode {
            consensus_key: key,
            certificate,
            address,
            ..
        } => MembershipAction::ReplaceNode {
            key: *key,
            by: chain(certificate)?,
            address: address.to_string(),
        },
        C::DismissNode {
            consensus_key: key, ..
        } => MembershipAction::DismissNode { key: *key },
        C::AddValidator {
            consensus_key: key, ..
        } => MembershipAction::AddValidator { key: *key },
        C::RemoveValidator {
            consensus_key: key, ..
        } => MembershipAction::RemoveValidator { key: *key },
        _ => unreachable!("invariant: the other changes were told apart before"),
    })
}

fn sorted(roles: &[String]) -> Vec<String> {
    let mut roles = roles.to_vec();
    roles.sort();
    roles.dedup();
    roles
}

fn chain(path: &Path) -> Result<Vec<u8>> {
    identity::read_certificate(path).map_err(|error| {
        Failure::of("certificate.unreadable", &error)
            .next("give a PEM file, the certificate first, then its issuing authority's")
    })
}

/// The root that is replaced is the one that the ledger names now.
async fn authority(
    organisation: &OrganisationId,
    certificate: &Path,
    remote: &Remote,
) -> Result<Action> {
    let root = ledgers_root(remote, organisation).await?;
    Ok(Action::SetAuthority {
        organisation: organisation.clone(),
        certificate: chain(certificate)?,
        replaces: sha256(&[&root]),
    })
}

/// A year of a calendar as people write it down.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Year {
    year: u16,
    holidays: Vec<String>,
    #[serde(default)]
    workdays: Vec<String>,
}

fn calendar(name: &OrganisationId, file: &Path) -> Result<Action> {
    let unreadable = |failure: Failure| {
        failure
            .during(file.display())
            .next(r#"write {"year": 2027, "holidays": ["2027-01-01"], "workdays": []}"#)
    };
    let text = fs::read_to_string(file)
        .map_err(|error| unreadable(Failure::of("file.unreadable", &error)))?;
    let year: Year = serde_json::from_str(&text)
        .map_err(|error| unreadable(Failure::of("calendar.malformed", &error)))?;
    Ok(Action::SetCalendar {
        calendar: name.clone(),
        year: year.year,
        holidays: sorted(&year.holidays),
        workdays: sorted(&year.workdays),
    })
}
