//! How long each certificate of this node's organisation counts: the calendar of their ends.

use crate::{fault::Fault, format::UtcTime, frame::Frame, visitor::Visitor, words::Words};
use askama::Template;
use axum::response::Response;
use blockworm_service::identity::{CertificateStanding, CertificateState};

struct Row {
    name: String,
    profile: &'static str,
    functions: String,
    state: &'static str,
    badge: &'static str,
    left: String,
    ends: UtcTime,
    serial: String,
}

#[derive(Template)]
#[template(path = "certificates.html")]
struct Certificates {
    f: Frame,
    w: &'static Words,
    rows: Vec<Row>,
}

/// The certificates that the node looks after, the soonest to end first.
pub(crate) async fn show(visitor: Visitor) -> Response {
    let page = page(&visitor).await;
    visitor.reply(page)
}

async fn page(visitor: &Visitor) -> Result<Certificates, Fault> {
    // Whoever may see no ledger of this node may not see this either.
    if visitor.ledgers().is_empty() {
        return Err(Fault::UnknownPage);
    }
    let standings = match visitor.console.identity.clone() {
        None => Vec::new(),
        Some(desk) => tokio::task::spawn_blocking(move || desk.certificates())
            .await
            .map_err(|error| Fault::Internal(error.to_string()))?,
    };
    let w = visitor.language.words();
    Ok(Certificates {
        f: visitor.frame(None, w.certificates),
        w,
        rows: standings.into_iter().map(|one| row(one, visitor)).collect(),
    })
}

fn row(standing: CertificateStanding, visitor: &Visitor) -> Row {
    let w = visitor.language.words();
    let (state, badge) = match standing.state {
        CertificateState::Valid => (w.certificate_valid, "good"),
        CertificateState::Ending => (w.certificate_ending, "warn"),
        CertificateState::NotYetValid => (w.certificate_not_yet, "warn"),
        CertificateState::Expired => (w.certificate_expired, "bad"),
        CertificateState::Revoked => (w.revoked, "bad"),
    };
    let profile = match standing.profile.as_str() {
        "member" => w.profile_member,
        "node" => w.profile_node,
        "tls-server" => w.profile_tls,
        "document-signing" => w.profile_document,
        "timestamping" => w.profile_time,
        _ => w.profile_authority,
    };
    Row {
        name: format!("{}/{}", standing.organisation, standing.file),
        profile,
        functions: crate::explain::names(&standing.functions, visitor.language),
        state,
        badge,
        left: left(standing.seconds_left, w),
        ends: UtcTime(standing.not_after_ms),
        serial: standing.serial,
    }
}

/// Days, or hours where less than two days are left.
fn left(seconds: i64, w: &Words) -> String {
    match seconds {
        ..=0 => "0".to_owned(),
        1..172_800 => format!("{} {}", seconds / 3_600, w.hours),
        _ => format!("{} {}", seconds / 86_400, w.days),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::ENGLISH;

    #[test]
    fn what_is_left_is_told_in_days_and_at_last_in_hours() {
        let told = [-5, 0, 3_599, 7_200, 172_799, 172_800].map(|seconds| left(seconds, &ENGLISH));
        assert_eq!(told, ["0", "0", "0 hours", "2 hours", "47 hours", "2 days"]);
    }
}
