//! `contracts`: which contracts the ledger has and which code they run. Read-only until votes
//! change it.

use super::json;
use crate::session::{Failure, Session};
use serde::{Deserialize, Serialize};

/// Questions to `contracts`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ContractsQuery {
    /// All contracts in order of name.
    List {},
}

#[derive(Serialize)]
struct Answer<'a> {
    name: &'a str,
    id: u32,
    code: &'a str,
}

pub(super) fn query(session: &Session<'_>, question: ContractsQuery) -> Result<Vec<u8>, Failure> {
    match question {
        ContractsQuery::List {} => {
            let contracts = session.contracts.iter();
            let answers: Vec<_> = contracts
                .map(|contract| Answer {
                    name: contract.name.as_str(),
                    id: contract.id,
                    code: &contract.code_name,
                })
                .collect();
            Ok(json(&answers))
        }
    }
}
