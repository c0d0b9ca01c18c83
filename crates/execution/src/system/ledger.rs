//! `ledger`: the genesis that the ledger began with and the numbers that all nodes share.

use super::{MAX_PAGE, anchors, json, membership, page, proposals};
use crate::{
    records::{self, ARCHIVED_KEY, CALENDARS_PREFIX, GENESIS_KEY, LEDGER, PARAMETERS_KEY, pin_key},
    session::{Failure, Session, Stop},
};
use blockworm_ledger::genesis::Parameters;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Questions to `ledger`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum LedgerQuery {
    /// The genesis digest, in hex.
    Genesis {},
    /// The parameters.
    Parameters {},
    /// The other ledgers whose finality proofs count here: name → genesis digest, in hex.
    Pins {},
    /// Those of them whose proofs can be checked: name → ledger, genesis digest, and the validators
    /// who sign from the height `since` on.
    Anchors {},
    /// Which roles the consortium lets issue, attest, freeze and upgrade: act → roles, `null` where
    /// each contract has its own.
    Policies {},
    /// A year of a calendar: its holidays and worked weekend days; `null` where none was voted.
    Calendar {
        /// The calendar's name.
        calendar: String,
        /// The year.
        year: u16,
    },
    /// The years for which calendars were voted: `name/year`, in this order.
    Calendars {},
    /// The block that archived the ledger, or `null`.
    Archived {},
    /// The validators as decided, with the block that decided them: the newest 100, oldest first.
    Validators {},
    /// A page of the nodes that votes admitted or dismissed, in order of key.
    Nodes {
        /// The last key of the page before.
        start_after: Option<String>,
        /// At most 100; 30 when left out.
        limit: Option<u32>,
    },
}

pub(super) fn query(session: &Session<'_>, question: LedgerQuery) -> Result<Vec<u8>, Failure> {
    match question {
        LedgerQuery::Genesis {} => {
            let digest = session.get(LEDGER, GENESIS_KEY)?.unwrap_or_default();
            Ok(json(&hex::encode(digest)))
        }
        LedgerQuery::Parameters {} => {
            let bytes = session.get(LEDGER, PARAMETERS_KEY)?.unwrap_or_default();
            let parameters: Parameters =
                records::read(&bytes, "the parameters").map_err(Stop::from)?;
            Ok(json(&parameters))
        }
        LedgerQuery::Policies {} => Ok(json(&proposals::policies(session)?)),
        LedgerQuery::Calendar { calendar, year } => {
            Ok(json(&proposals::calendar(session, &calendar, year)?))
        }
        LedgerQuery::Calendars {} => {
            let rows = page(session, LEDGER, CALENDARS_PREFIX, None, Some(MAX_PAGE))?;
            let names = rows.into_iter().map(|(name, _)| name);
            Ok(json(&names.collect::<Vec<_>>()))
        }
        LedgerQuery::Archived {} => {
            let archived = session.get(LEDGER, ARCHIVED_KEY)?;
            let read = |bytes: Vec<u8>| records::read::<u64>(&bytes, "a height");
            Ok(json(&archived.map(read).transpose().map_err(Stop::from)?))
        }
        LedgerQuery::Validators {} => Ok(json(&membership::decided(session)?)),
        LedgerQuery::Nodes { start_after, limit } => {
            let nodes = membership::nodes(session, start_after.as_deref(), limit)?;
            Ok(json(&nodes))
        }
        LedgerQuery::Pins {} => {
            let rows = page(session, LEDGER, &pin_key(""), None, Some(MAX_PAGE))?;
            let pins = rows
                .into_iter()
                .map(|(name, genesis)| (name, hex::encode(genesis)));
            Ok(json(&pins.collect::<BTreeMap<_, _>>()))
        }
        LedgerQuery::Anchors {} => anchors::list(session),
    }
}
