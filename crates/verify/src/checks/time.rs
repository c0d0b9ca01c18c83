//! Trusted time: tokens and evidence records over checkpoints, and the earliest one from outside.

use super::Case;
use crate::{files::Files, index::CheckpointItem, pem, report::EarliestTime};
use blockworm_crypto::{
    cms::{MAX_CERTIFICATES, MAX_CRL_BYTES},
    timestamp::{EvidenceRecord, TimestampError, Token, Verified},
};
use blockworm_ledger::report::Checks;

const NO_ROOT: &str =
    "no root of a timestamp authority was pinned, so nobody said whose time counts";

impl Case<'_> {
    pub(super) fn check_times(&self, checks: &mut Checks) -> Option<EarliestTime> {
        let mut found: Vec<(u64, Verified)> = Vec::new();
        for item in &self.index.checkpoints {
            let name = format!("time[{}]", item.size);
            let Ok(signed) = self.checkpoints.get(item.size) else {
                if item.token.is_some() || item.record.is_some() {
                    let reason = "the checkpoint that it stamps cannot be read";
                    checks.note(format!("{name}.token"), Err(reason.into()));
                }
                continue;
            };
            let body = signed.checkpoint.body();
            if let Some(verified) = self.check_token(&name, item, body.as_bytes(), checks) {
                found.push((item.size, verified));
            }
            if let Some(verified) = self.check_record(&name, item, body.as_bytes(), checks) {
                found.push((item.size, verified));
            }
        }
        let outside = found
            .into_iter()
            .filter(|(_, verified)| self.inside(verified).is_none());
        outside
            .min_by_key(|(_, verified)| verified.time_ms)
            .map(|(checkpoint, verified)| EarliestTime {
                time_ms: verified.time_ms,
                authority: verified.path.subject,
                root: verified.path.root_subject,
                checkpoint,
            })
    }

    fn check_token(
        &self,
        name: &str,
        item: &CheckpointItem,
        body: &[u8],
        checks: &mut Checks,
    ) -> Option<Verified> {
        let Some(path) = &item.token else {
            checks.unchecked(format!("{name}.token"), "no token stamps this checkpoint");
            return None;
        };
        let token = self.files.read(path).and_then(|der| {
            Token::parse(&der).map_err(|error| format!("{}: {error}", error.code()))
        });
        let token = match token {
            Ok(token) => token,
            Err(reason) => {
                checks.note(format!("{name}.token"), Err(reason));
                return None;
            }
        };
        let verified = token.verify_with(
            body,
            &self.tsa_certificates,
            &self.pins.tsa_roots,
            &self.lists,
        );
        let told = Ok(format!(
            "{} ms since 1970, over the checkpoint's body",
            token.time_ms
        ));
        match &verified {
            Err(error) if !of_trust(error) => {
                let reason = format!("{}: {error}", error.code());
                checks.note(format!("{name}.token"), Err(reason));
                return None;
            }
            _ => checks.note(format!("{name}.token"), told),
        }
        if self.pins.tsa_roots.is_empty() {
            checks.unchecked(format!("{name}.trust"), NO_ROOT);
            return None;
        }
        let trusted = verified.as_ref().map(|verified| self.describe(verified));
        let trusted = trusted.map_err(|error| format!("{}: {error}", error.code()));
        checks.note(format!("{name}.trust"), trusted);
        verified.ok()
    }

    fn check_record(
        &self,
        name: &str,
        item: &CheckpointItem,
        body: &[u8],
        checks: &mut Checks,
    ) -> Option<Verified> {
        let path = item.record.as_ref()?;
        let name = format!("{name}.record");
        let record = self.files.read(path).and_then(|der| {
            EvidenceRecord::parse(&der).map_err(|error| format!("{}: {error}", error.code()))
        });
        let record = match record {
            Ok(record) => record,
            Err(reason) => {
                checks.note(name, Err(reason));
                return None;
            }
        };
        let verified = record.verify(body, &self.pins.tsa_roots, &self.lists);
        match verified {
            Err(error) if of_trust(&error) && self.pins.tsa_roots.is_empty() => {
                checks.unchecked(name, NO_ROOT);
                None
            }
            Err(error) => {
                checks.note(name, Err(format!("{}: {error}", error.code())));
                None
            }
            Ok(tokens) => {
                let oldest = tokens.into_iter().next();
                let told = oldest.as_ref().map_or_else(
                    || Err("it holds no token".into()),
                    |verified| Ok(self.describe(verified)),
                );
                checks.note(name, told);
                oldest
            }
        }
    }

    /// The organisation of this consortium whose root the token's path ends in, if it votes here.
    fn inside(&self, verified: &Verified) -> Option<String> {
        let listed = self.index.organisations.iter();
        let own = listed.filter(|item| {
            self.roots(&item.slug)
                .is_ok_and(|roots| roots.contains(&verified.path.root))
        });
        let mut slugs = own.map(|item| item.slug.clone());
        slugs.find(|slug| {
            let mut voters = self.state.validators.iter();
            voters.any(|voter| voter.organisation.as_str() == slug)
        })
    }

    fn describe(&self, verified: &Verified) -> String {
        let inside = self.inside(verified).map_or_else(String::new, |slug| {
            format!("; {slug} also runs a validator, so this is no time from outside")
        });
        format!(
            "{} ms by {} under the pinned root {}{inside}",
            verified.time_ms, verified.path.subject, verified.path.root_subject
        )
    }
}

/// Certificates beside the tokens: what an authority did not put inside.
pub(super) fn tsa_certificates(files: &Files<'_>) -> Vec<Vec<u8>> {
    let paths = files
        .paths()
        .filter(|path| path.starts_with("data/certificates/tsa-") && path.ends_with(".pem"));
    let chains = paths.filter_map(|path| pem::certificates(&files.read(path).ok()?).ok());
    chains.flatten().take(MAX_CERTIFICATES / 2).collect()
}

/// Lists of revocations, those of timestamp authorities first, as many as one path takes.
pub(super) fn lists(files: &Files<'_>) -> Vec<Vec<u8>> {
    let mut paths: Vec<&str> = files
        .paths()
        .filter(|path| path.starts_with("data/revocation/"))
        .filter(|path| {
            files
                .size(path)
                .is_some_and(|size| size <= MAX_CRL_BYTES as u64)
        })
        .collect();
    paths.sort_by_key(|path| !path.starts_with("data/revocation/tsa-"));
    let lists = paths.into_iter().take(MAX_CERTIFICATES);
    lists.filter_map(|path| files.read(path).ok()).collect()
}

/// Whether the error is about who is trusted, not about the token itself.
fn of_trust(error: &TimestampError) -> bool {
    matches!(
        error,
        TimestampError::Untrusted
            | TimestampError::Expired
            | TimestampError::NotYetValid
            | TimestampError::Purpose(_)
            | TimestampError::Revoked { .. }
    )
}
