//! Signed documents: the seal over the manifest and the report, each by a notary's or court's document key.

use super::{Case, pdf};
use crate::bag::{MANIFEST, SEAL};
use blockworm_crypto::{
    cms::{Purpose, Signed, SignedData, verify_path},
    identity::{Profile, describe},
    timestamp::Token,
};
use blockworm_ledger::report::{Checks, Verdict};

const REPORT: &str = "data/report.pdf";
/// Who seals.
const ROLES: [&str; 2] = ["notary", "court"];

impl Case<'_> {
    pub(super) fn check_seal(&self, checks: &mut Checks) {
        if !self.files.contains(SEAL) {
            for name in ["signature", "certificate", "revocation"] {
                checks.unchecked(format!("seal.{name}"), "the package bears no seal");
            }
            return;
        }
        let signed = self.files.read(SEAL).and_then(|der| {
            let data = SignedData::parse(&der).map_err(|error| error.to_string())?;
            let manifest = self.files.read(MANIFEST)?;
            let signed = data
                .verify(Some(&manifest))
                .map_err(|error| error.to_string())?;
            Ok((signed, data.signature_value().to_vec()))
        });
        match signed {
            Err(reason) => checks.note("seal.signature", Err(reason)),
            Ok((signed, value)) => {
                checks.note("seal.signature", Ok(format!("over {MANIFEST}")));
                let claimed = signed.signing_time_ms.unwrap_or(self.index.exported_ms);
                let (certificate, revocation) = self.check_document(&signed, &value, claimed);
                checks.note("seal.certificate", certificate);
                checks.push("seal.revocation", revocation.0, revocation.1);
            }
        }
    }

    pub(super) fn check_report(&self, checks: &mut Checks) {
        let pdf = match self.files.read(REPORT) {
            Ok(pdf) => pdf,
            Err(reason) => {
                checks.note("report.signature", Err(reason));
                return;
            }
        };
        match self.check_report_signature(&pdf) {
            Ok((Verdict::Unchecked, reason)) => checks.unchecked("report.signature", reason),
            Ok((_, reason)) => checks.note("report.signature", Ok(reason)),
            Err(reason) => checks.note("report.signature", Err(reason)),
        }
        let attached = pdf::attached(&pdf).and_then(|attached| {
            if attached == self.files.read("data/matter.json")? {
                Ok("the attached index is data/matter.json".into())
            } else {
                Err("the attached index is not data/matter.json".into())
            }
        });
        checks.note("report.content", attached);
    }

    fn check_report_signature(&self, pdf: &[u8]) -> Result<(Verdict, String), String> {
        let Some(parts) = pdf::signature(pdf)? else {
            return Ok((Verdict::Unchecked, "the report bears no signature".into()));
        };
        let data = SignedData::parse(&parts.cms).map_err(|error| error.to_string())?;
        let signed = data
            .verify(Some(&parts.covered))
            .map_err(|error| error.to_string())?;
        let claimed = signed.signing_time_ms.unwrap_or(self.index.exported_ms);
        let (certificate, revocation) =
            self.check_document(&signed, data.signature_value(), claimed);
        let reason = certificate?;
        match revocation {
            (Verdict::Fail, reason) => Err(reason),
            (_, also) => Ok((Verdict::Pass, format!("{reason}; {also}"))),
        }
    }

    /// The certificate's path to its organisation's root, and what its list of revocations says.
    fn check_document(
        &self,
        signed: &Signed,
        signature: &[u8],
        claimed_ms: u64,
    ) -> (Result<String, String>, (Verdict, String)) {
        let stamped = self.stamped(signed, signature);
        let at_ms = stamped.unwrap_or(claimed_ms);
        let found = self.document_path(signed, at_ms);
        let (root, slug, until_ms, reason) = match found {
            Ok(found) => found,
            Err(reason) => {
                let unchecked = "its certificate does not hold anyway";
                return (Err(reason), (Verdict::Unchecked, unchecked.into()));
            }
        };
        let listed = self.index.organisations.iter();
        let list = listed
            .filter(|item| item.slug == slug)
            .find_map(|item| item.crl.as_ref());
        let revocation = match list.map(|path| self.files.read(path)) {
            None => (
                Verdict::Unchecked,
                format!("the package has no list of revocations of {slug}"),
            ),
            Some(Err(reason)) => (Verdict::Fail, reason),
            Some(Ok(list)) => {
                // Without a trusted time any revocation counts: nobody can say which came first.
                let at_ms = stamped.unwrap_or(until_ms);
                let path = verify_path(
                    &signed.certificate,
                    &signed.chain,
                    &[root],
                    at_ms,
                    Purpose::DocumentSigning,
                    &[list],
                );
                match (path, stamped) {
                    (Ok(_), Some(time)) => (
                        Verdict::Pass,
                        format!("not revoked at {time} ms, when it was stamped"),
                    ),
                    (Ok(_), None) => (Verdict::Pass, "not revoked".into()),
                    (Err(error), _) => (Verdict::Fail, error.to_string()),
                }
            }
        };
        (Ok(reason), revocation)
    }

    /// The time of a signature timestamp under a pinned root.
    fn stamped(&self, signed: &Signed, signature: &[u8]) -> Option<u64> {
        let token = Token::parse(signed.timestamp.as_ref()?).ok()?;
        let verified = token.verify(signature, &self.pins.tsa_roots, &self.lists);
        verified.ok().map(|verified| verified.time_ms)
    }

    /// Root, organisation, end of the path's validity, and what to say of it.
    fn document_path(
        &self,
        signed: &Signed,
        at_ms: u64,
    ) -> Result<(Vec<u8>, String, u64, String), String> {
        let said = describe(&signed.certificate).map_err(|error| error.to_string())?;
        let slug = said.organisation;
        if said.profile != Some(Profile::DocumentSigning) {
            return Err("the certificate is not for signing documents".into());
        }
        let row = self.state.organisation(&slug)?;
        let role = ROLES
            .iter()
            .find(|role| row.roles.iter().any(|held| held == *role));
        let role = role.ok_or_else(|| format!("{slug} is neither notary nor court"))?;
        let mut refused = String::new();
        for root in self.roots(&slug)? {
            let path = verify_path(
                &signed.certificate,
                &signed.chain,
                std::slice::from_ref(&root),
                at_ms,
                Purpose::DocumentSigning,
                &[],
            );
            match path {
                Ok(path) => {
                    let reason = format!("{} of {slug} ({role})", said.name);
                    return Ok((root, slug, path.not_after_ms, reason));
                }
                Err(error) => refused = error.to_string(),
            }
        }
        Err(refused)
    }
}
