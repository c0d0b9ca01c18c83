//! Thresholds of each kind of change, and which roles may do what contracts ask about.

use super::{
    Difference,
    action::{Act, Action, ActionKind},
    difference::listed,
};
use crate::{
    records::{self, LEDGER, PROPOSALS, policy_key, threshold_key},
    session::{Failure, Session, Stop},
};

/// More than this share must approve where nothing else was voted: as many as finality needs.
const USUAL: [u16; 2] = [2, 3];
/// The largest denominator.
const MAX_DENOMINATOR: u16 = 1_000;

/// How many approvals a change needs of so many organisations.
pub(super) fn needed(
    session: &Session<'_>,
    action: &Action,
    organisations: usize,
) -> Result<usize, Failure> {
    let own = approvals(threshold(session, action.kind())?, organisations);
    // Whoever may not decide by a rule must not bring the rule about either.
    let more = match action {
        Action::SetThreshold { kind, more_than } => {
            let old = approvals(threshold(session, *kind)?, organisations);
            old.max(approvals(*more_than, organisations))
        }
        _ => 0,
    };
    Ok(own.max(more))
}

/// The least number that is more than the share.
pub(super) fn approvals([n, d]: [u16; 2], organisations: usize) -> usize {
    organisations * usize::from(n) / usize::from(d).max(1) + 1
}

/// The share of a kind of change.
pub(super) fn threshold(session: &Session<'_>, kind: ActionKind) -> Result<[u16; 2], Failure> {
    let voted = session.get(PROPOSALS, &threshold_key(kind.name()))?;
    let read = |bytes: Vec<u8>| records::read(&bytes, "a threshold").map_err(Stop::from);
    Ok(voted.map(read).transpose()?.unwrap_or(USUAL))
}

pub(super) fn check_threshold(
    session: &Session<'_>,
    kind: ActionKind,
    more_than: [u16; 2],
) -> Result<Vec<Difference>, Failure> {
    let [n, d] = more_than.map(u32::from);
    let least = if kind.may_be_eased() { [1, 2] } else { [2, 3] };
    let [least_n, least_d]: [u32; 2] = least;
    let enough = n * least_d >= least_n * d;
    if d == 0 || more_than[1] > MAX_DENOMINATOR || n >= d || !enough {
        return Err(Failure::refused(
            "proposal.bad_threshold",
            format!(
                "a threshold of {} is a share n/d with {least_n}/{least_d} <= n/d < 1 and d <= {MAX_DENOMINATOR}",
                kind.name()
            ),
        ));
    }
    let text = |[n, d]: [u16; 2]| format!("more than {n}/{d}");
    Ok(vec![Difference::new(
        format!("threshold of {}", kind.name()),
        text(threshold(session, kind)?),
        text(more_than),
    )])
}

pub(super) fn set_threshold(
    session: &Session<'_>,
    kind: ActionKind,
    more_than: [u16; 2],
) -> Result<(), Failure> {
    let bytes = records::write(&more_than);
    Ok(session.put(PROPOSALS, &threshold_key(kind.name()), Some(bytes))?)
}

/// The roles that a vote gave to an act; none where nothing was voted.
pub(crate) fn policy(session: &Session<'_>, act: Act) -> Result<Option<Vec<String>>, Stop> {
    let voted = session.get(LEDGER, &policy_key(act.name()))?;
    let read = |bytes: Vec<u8>| records::read(&bytes, "a policy").map_err(Stop::from);
    voted.map(read).transpose()
}

pub(super) fn check_policy(
    session: &Session<'_>,
    act: Act,
    roles: &[String],
) -> Result<Vec<Difference>, Failure> {
    super::change::check_roles(roles)?;
    if roles.is_empty() {
        return Err(Failure::refused(
            "proposal.bad_roles",
            "a policy names at least one role",
        ));
    }
    let before = policy(session, act)?;
    Ok(vec![Difference::new(
        format!("roles that may {}", act.name()),
        before.map_or_else(|| "as each contract has it".to_owned(), |now| listed(&now)),
        listed(roles),
    )])
}

pub(super) fn set_policy(session: &Session<'_>, act: Act, roles: &[String]) -> Result<(), Failure> {
    let bytes = records::write(&roles.to_vec());
    Ok(session.put(LEDGER, &policy_key(act.name()), Some(bytes))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_the_share_is_needed() {
        let two_thirds = [
            (1, 1),
            (2, 2),
            (3, 3),
            (4, 3),
            (5, 4),
            (6, 5),
            (7, 5),
            (10, 7),
        ];
        for (organisations, wanted) in two_thirds {
            assert_eq!(
                approvals(USUAL, organisations),
                wanted,
                "of {organisations}"
            );
        }
        for (organisations, wanted) in [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3)] {
            assert_eq!(approvals([1, 2], organisations), wanted);
        }
        assert_eq!(approvals([999, 1_000], 4), 4);
    }
}
