//! Calendars by vote: which days of a year are no business days, and which weekend days are.

use super::{Difference, difference::listed};
use crate::{
    records::{self, CalendarRecord, LEDGER, calendar_key},
    session::{Failure, Session, Stop},
};
use blockworm_kit::CivilDate;
use blockworm_ledger::OrganisationId;

/// Most holidays of a year, and most worked weekend days.
const MAX_DAYS: usize = 120;
/// The years for which calendars are voted.
const YEARS: std::ops::RangeInclusive<u16> = 2000..=2999;

/// The calendar of a year; none where nothing was voted.
pub(crate) fn calendar(
    session: &Session<'_>,
    name: &str,
    year: u16,
) -> Result<Option<CalendarRecord>, Stop> {
    let voted = session.get(LEDGER, &calendar_key(name, year))?;
    let read = |bytes: Vec<u8>| records::read(&bytes, "a calendar").map_err(Stop::from);
    voted.map(read).transpose()
}

pub(super) fn check(
    session: &Session<'_>,
    name: &OrganisationId,
    year: u16,
    days: &CalendarRecord,
) -> Result<Vec<Difference>, Failure> {
    let bad = |what: String| Failure::refused("proposal.bad_calendar", what);
    if !YEARS.contains(&year) {
        return Err(bad("a calendar is of a year from 2000 to 2999".to_owned()));
    }
    for (what, list) in [("holidays", &days.holidays), ("workdays", &days.workdays)] {
        let of_the_year =
            |day: &String| CivilDate::parse(day).is_ok() && day.starts_with(&format!("{year:04}-"));
        if let Some(day) = list.iter().find(|day| !of_the_year(day)) {
            let day: String = day.chars().take(16).collect();
            return Err(bad(format!("`{day}` in {what} is no day of {year}")));
        }
        if list.len() > MAX_DAYS || !list.windows(2).all(|pair| pair[0] < pair[1]) {
            return Err(bad(format!(
                "{what} are at most {MAX_DAYS} days in ascending order, each once"
            )));
        }
    }
    let on_a_weekend = |day: &String| CivilDate::parse(day).is_ok_and(|date| date.is_weekend());
    if let Some(day) = days.workdays.iter().find(|day| !on_a_weekend(day)) {
        return Err(bad(format!(
            "{day} in workdays is no Saturday or Sunday; other days are worked anyway"
        )));
    }
    let before = calendar(session, name.as_str(), year)?;
    let of = |list: fn(&CalendarRecord) -> &Vec<String>| {
        let nothing = || "no calendar".to_owned();
        before
            .as_ref()
            .map_or_else(nothing, |now| listed(list(now)))
    };
    Ok(vec![
        Difference::new(
            format!("holidays of {name} in {year}"),
            of(|now| &now.holidays),
            listed(&days.holidays),
        ),
        Difference::new(
            format!("worked weekend days of {name} in {year}"),
            of(|now| &now.workdays),
            listed(&days.workdays),
        ),
    ])
}

pub(super) fn set(
    session: &Session<'_>,
    name: &OrganisationId,
    year: u16,
    days: &CalendarRecord,
) -> Result<(), Failure> {
    let key = calendar_key(name.as_str(), year);
    Ok(session.put(LEDGER, &key, Some(records::write(days)))?)
}
