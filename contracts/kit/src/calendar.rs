//! Business days by the calendars that the consortium votes.

use crate::{
    date::CivilDate,
    query::{CalendarYear, KitQuery},
};
use cosmwasm_std::{QuerierWrapper, StdResult};

/// The calendar by which debts fall due on this ledger.
pub const SETTLEMENT: &str = "settlement";

/// No run of days without a business day is longer than a calendar can make it.
const MAX_SHIFT: usize = 366;

/// The days of a calendar's year; none where the consortium voted none.
pub fn calendar_year(
    querier: &QuerierWrapper<'_, KitQuery>,
    calendar: &str,
    year: u16,
) -> StdResult<Option<CalendarYear>> {
    let calendar = calendar.to_owned();
    querier.query(&KitQuery::Calendar { calendar, year }.into())
}

/// The day itself if it is a business day, or else the next one: Monday to Friday without the voted
/// holidays, and the voted weekend days. A day of a year without a voted calendar is left as it is.
pub fn business_day(
    querier: &QuerierWrapper<'_, KitQuery>,
    calendar: &str,
    date: CivilDate,
) -> StdResult<CivilDate> {
    let mut day = date;
    let mut known: Option<(u16, Option<CalendarYear>)> = None;
    for _ in 0..MAX_SHIFT {
        let year = match known.take() {
            Some((year, days)) if year == day.year() => days,
            _ => calendar_year(querier, calendar, day.year())?,
        };
        let Some(days) = year else {
            return Ok(day);
        };
        let works =
            days.workdays.contains(&day) || !(day.is_weekend() || days.holidays.contains(&day));
        if works {
            return Ok(day);
        }
        known = Some((day.year(), Some(days)));
        day = day.next();
    }
    Ok(day)
}

#[cfg(all(test, feature = "testing"))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::testing::Directory;

    fn date(text: &str) -> CivilDate {
        CivilDate::parse(text).unwrap()
    }

    #[test]
    fn the_next_business_day_follows_the_vote() {
        let mut directory = Directory::default();
        let days = |list: &[&str]| list.iter().map(|text| date(text)).collect();
        let voted = CalendarYear {
            // A Thursday and a Friday, and the year's last day, also a Thursday.
            holidays: days(&["2026-10-01", "2026-10-02", "2026-12-31"]),
            // A Saturday.
            workdays: days(&["2026-10-10"]),
        };
        directory
            .calendars
            .insert(("settlement".into(), 2026), voted);
        let deps = directory.deps();
        let querier = QuerierWrapper::new(&deps.querier);
        for (due, business) in [
            ("2026-09-30", "2026-09-30"),
            ("2026-10-01", "2026-10-05"),
            ("2026-10-03", "2026-10-05"),
            ("2026-10-10", "2026-10-10"),
            ("2026-10-11", "2026-10-12"),
            // 2027 has no calendar, so its first day is left as it is.
            ("2026-12-31", "2027-01-01"),
            ("2027-01-02", "2027-01-02"),
        ] {
            let found = business_day(&querier, SETTLEMENT, date(due)).unwrap();
            assert_eq!(found, date(business), "{due}");
            let other = business_day(&querier, "another", date(due)).unwrap();
            assert_eq!(other, date(due));
        }
    }
}
