//! `organisations`: who belongs to the consortium and which roles it granted. Read-only: votes
//! change it (`proposals`).

use super::{json, page};
use crate::{
    records::{self, ORGANISATIONS, OrganisationRecord},
    session::{Failure, Session},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};

/// Questions to `organisations`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum OrganisationsQuery {
    /// One organisation, or `null`.
    Organisation {
        /// Its slug.
        id: String,
    },
    /// A page of organisations in order of slug.
    List {
        /// The last slug of the page before.
        start_after: Option<String>,
        /// At most 100; 30 when left out.
        limit: Option<u32>,
    },
}

#[derive(Serialize)]
struct Answer {
    id: String,
    name: String,
    roles: Vec<String>,
    ca_certificate: String,
    suspended_at: Option<u64>,
    removed_at: Option<u64>,
}

fn answer(id: String, bytes: &[u8]) -> Result<Answer, Failure> {
    let record: OrganisationRecord =
        records::read(bytes, "an organisation").map_err(crate::session::Stop::from)?;
    Ok(Answer {
        id,
        name: record.name,
        roles: record.roles,
        ca_certificate: BASE64_STANDARD.encode(record.ca_certificate),
        suspended_at: record.suspended_at,
        removed_at: record.removed_at,
    })
}

pub(super) fn query(
    session: &Session<'_>,
    question: OrganisationsQuery,
) -> Result<Vec<u8>, Failure> {
    match question {
        OrganisationsQuery::Organisation { id } => {
            let record = session.get(ORGANISATIONS, id.as_bytes())?;
            Ok(json(&record.map(|bytes| answer(id, &bytes)).transpose()?))
        }
        OrganisationsQuery::List { start_after, limit } => {
            let rows = page(session, ORGANISATIONS, b"", start_after.as_deref(), limit)?;
            let answers: Result<Vec<_>, _> = rows
                .into_iter()
                .map(|(id, bytes)| answer(id, &bytes))
                .collect();
            Ok(json(&answers?))
        }
    }
}
