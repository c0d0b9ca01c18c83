//! `ledger`: the genesis that the ledger began with and the numbers that all nodes share.

use super::json;
use crate::{
    records::{self, GENESIS_KEY, LEDGER, PARAMETERS_KEY},
    session::{Failure, Session, Stop},
};
use blockworm_ledger::genesis::Parameters;
use serde::{Deserialize, Serialize};

/// Questions to `ledger`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum LedgerQuery {
    /// The genesis digest, in hex.
    Genesis {},
    /// The parameters.
    Parameters {},
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
    }
}
