//! What each action would change, whether it may, and the change itself.

use super::{
    Difference,
    action::Action,
    calendars,
    difference::listed,
    organisations::{self, MAX_ORGANISATIONS},
    rules,
};
use crate::{
    records::{
        self, ARCHIVED_KEY, CalendarRecord, LEDGER, ORGANISATIONS, OrganisationRecord, pin_key,
    },
    session::{Failure, Session, Stop},
    system::{membership, page},
};
use blockworm_ledger::OrganisationId;

/// Most roles of an organisation.
const MAX_ROLES: usize = 16;

/// A proposal under way.
pub(super) struct Case<'a> {
    pub(super) session: &'a Session<'a>,
    /// Its number.
    pub(super) number: u64,
    /// The organisation that proposed it.
    pub(super) proposer: &'a str,
}

/// Whether the change makes sense, and what it would make of what is there.
pub(super) fn check(case: &Case<'_>, action: &Action) -> Result<Vec<Difference>, Failure> {
    let session = case.session;
    let differences = match action {
        Action::SetRoles {
            organisation,
            roles,
        } => {
            check_roles(roles)?;
            let record = organisation_record(session, organisation)?;
            one(
                format!("roles of {organisation}"),
                listed(&record.roles),
                listed(roles),
            )
        }
        Action::Suspend { organisation } => check_suspension(session, organisation)?,
        Action::Reinstate { organisation } => check_reinstatement(session, organisation)?,
        Action::PinLedger { name, genesis } => {
            let pinned = session.get(LEDGER, &pin_key(name.as_str()))?;
            one(
                format!("genesis of {name}"),
                pinned.map_or_else(|| "not pinned".to_owned(), hex::encode),
                genesis.to_string(),
            )
        }
        Action::Membership(change) => membership::check(session, change, None)?,
        Action::AdmitOrganisation {
            invitation,
            acceptance,
        } => organisations::check_admission(case, invitation, acceptance)?,
        Action::RemoveOrganisation { organisation } => {
            organisations::check_removal(case, organisation)?
        }
        Action::RegisterAdmin {
            organisation,
            certificate,
            possession,
        } => organisations::check_admin(case, organisation, certificate, possession)?,
        Action::SetAuthority {
            organisation,
            certificate,
            replaces,
        } => organisations::check_authority(case, organisation, certificate, replaces)?,
        Action::SetPolicy { act, roles } => rules::check_policy(session, *act, roles)?,
        Action::SetThreshold { kind, more_than } => {
            rules::check_threshold(session, *kind, *more_than)?
        }
        Action::SetCalendar { calendar, year, .. } => {
            calendars::check(session, calendar, *year, &days(action))?
        }
        Action::ArchiveLedger {} => check_archive(session, true)?,
        Action::ReopenLedger {} => check_archive(session, false)?,
    };
    if differences.iter().all(|one| one.before == one.after) {
        let what: Vec<&str> = differences.iter().map(|one| one.what.as_str()).collect();
        return Err(no_change(format!(
            "{}: nothing would change",
            what.join(", ")
        )));
    }
    Ok(differences)
}

/// Makes the change.
pub(super) fn apply(case: &Case<'_>, action: &Action) -> Result<(), Failure> {
    let session = case.session;
    let edit = |organisation: &OrganisationId, edit: &dyn Fn(&mut OrganisationRecord)| {
        let mut record = organisation_record(session, organisation)?;
        edit(&mut record);
        put_organisation(session, organisation, &record)
    };
    match action {
        Action::SetRoles {
            organisation,
            roles,
        } => edit(organisation, &|record| record.roles.clone_from(roles)),
        Action::Suspend { organisation } => edit(organisation, &|record| {
            record.suspended_at = Some(session.block.height);
        }),
        Action::Reinstate { organisation } => {
            edit(organisation, &|record| record.suspended_at = None)
        }
        Action::PinLedger { name, genesis } => {
            let pinned = Some(genesis.as_bytes().to_vec());
            Ok(session.put(LEDGER, &pin_key(name.as_str()), pinned)?)
        }
        Action::Membership(change) => membership::apply(session, change),
        Action::AdmitOrganisation {
            invitation,
            acceptance,
        } => organisations::admit(case, invitation, acceptance),
        Action::RemoveOrganisation { organisation } => organisations::remove(case, organisation),
        Action::SetAuthority {
            organisation,
            certificate,
            ..
        } => organisations::set_authority(case, organisation, certificate),
        Action::RegisterAdmin {
            organisation,
            certificate,
            possession,
        } => organisations::register_admin(case, organisation, certificate, possession),
        Action::SetPolicy { act, roles } => rules::set_policy(session, *act, roles),
        Action::SetThreshold { kind, more_than } => {
            rules::set_threshold(session, *kind, *more_than)
        }
        Action::SetCalendar { calendar, year, .. } => {
            calendars::set(session, calendar, *year, &days(action))
        }
        Action::ArchiveLedger {} => {
            let height = records::write(&session.block.height);
            Ok(session.put(LEDGER, ARCHIVED_KEY, Some(height))?)
        }
        Action::ReopenLedger {} => Ok(session.put(LEDGER, ARCHIVED_KEY, None)?),
    }
}

fn one(
    what: impl Into<String>,
    before: impl Into<String>,
    after: impl Into<String>,
) -> Vec<Difference> {
    vec![Difference::new(what, before, after)]
}

fn no_change(sentence: String) -> Failure {
    Failure::refused("proposal.no_change", sentence)
}

/// The days of an action that sets a calendar.
fn days(action: &Action) -> CalendarRecord {
    match action {
        Action::SetCalendar {
            holidays, workdays, ..
        } => CalendarRecord {
            holidays: holidays.clone(),
            workdays: workdays.clone(),
        },
        _ => CalendarRecord::default(),
    }
}

pub(super) fn check_roles(roles: &[String]) -> Result<(), Failure> {
    let slug = |role: &String| OrganisationId::try_from(role.as_str()).is_ok();
    let ascending = roles.windows(2).all(|pair| pair[0] < pair[1]);
    if roles.len() > MAX_ROLES || !ascending || !roles.iter().all(slug) {
        return Err(Failure::refused(
            "proposal.bad_roles",
            "roles are at most 16 slugs in ascending order, each once",
        ));
    }
    Ok(())
}

fn check_suspension(
    session: &Session<'_>,
    organisation: &OrganisationId,
) -> Result<Vec<Difference>, Failure> {
    if let Some(height) = organisation_record(session, organisation)?.suspended_at {
        return Err(no_change(format!(
            "{organisation} was suspended in block {height}"
        )));
    }
    check_not_last(session, organisation)?;
    Ok(one(
        format!("organisation {organisation}"),
        "active",
        "suspended",
    ))
}

fn check_reinstatement(
    session: &Session<'_>,
    organisation: &OrganisationId,
) -> Result<Vec<Difference>, Failure> {
    match organisation_record(session, organisation)?.suspended_at {
        Some(height) => Ok(one(
            format!("organisation {organisation}"),
            format!("suspended in block {height}"),
            "active",
        )),
        None => Err(no_change(format!("{organisation} is not suspended"))),
    }
}

/// Without an active organisation nobody could ever vote again.
pub(super) fn check_not_last(
    session: &Session<'_>,
    organisation: &OrganisationId,
) -> Result<(), Failure> {
    let active = active_organisations(session)?;
    if active.iter().all(|slug| slug == organisation.as_str()) {
        return Err(Failure::refused(
            "proposal.last_organisation",
            format!("{organisation} is the last active organisation; nobody could vote after it"),
        ));
    }
    Ok(())
}

fn check_archive(session: &Session<'_>, archive: bool) -> Result<Vec<Difference>, Failure> {
    let archived = session.get(LEDGER, ARCHIVED_KEY)?.is_some();
    if archived == archive {
        let now = if archived { "archived" } else { "open" };
        return Err(no_change(format!("the ledger is {now} already")));
    }
    let text = |archived: bool| match archived {
        true => "takes nothing but proposals and votes",
        false => "takes transactions",
    };
    Ok(one("the ledger", text(archived), text(archive)))
}

/// The record of an organisation that has not been removed.
pub(super) fn organisation_record(
    session: &Session<'_>,
    organisation: &OrganisationId,
) -> Result<OrganisationRecord, Failure> {
    let bytes = session
        .get(ORGANISATIONS, organisation.as_str().as_bytes())?
        .ok_or_else(|| {
            Failure::refused(
                "proposal.unknown_organisation",
                format!("there is no organisation {organisation}"),
            )
        })?;
    let record: OrganisationRecord =
        records::read(&bytes, "an organisation").map_err(Stop::from)?;
    match record.removed_at {
        None => Ok(record),
        Some(height) => Err(Failure::refused(
            "proposal.organisation_removed",
            format!("{organisation} was removed for good in block {height}"),
        )),
    }
}

pub(super) fn put_organisation(
    session: &Session<'_>,
    organisation: &OrganisationId,
    record: &OrganisationRecord,
) -> Result<(), Failure> {
    let key = organisation.as_str().as_bytes();
    Ok(session.put(ORGANISATIONS, key, Some(records::write(record)))?)
}

/// Those whose votes count: the organisations that are neither suspended nor removed.
pub(super) fn active_organisations(session: &Session<'_>) -> Result<Vec<String>, Failure> {
    let rows = page(session, ORGANISATIONS, b"", None, Some(MAX_ORGANISATIONS))?;
    let mut active = Vec::with_capacity(rows.len());
    for (slug, bytes) in rows {
        let record: OrganisationRecord =
            records::read(&bytes, "an organisation").map_err(Stop::from)?;
        if record.is_active() {
            active.push(slug);
        }
    }
    Ok(active)
}
