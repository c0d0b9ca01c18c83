//! Organisations and members as matter.json lists them, against the rows of the state and the certificates in the package.

use super::Case;
use crate::{
    index::{MemberItem, OrganisationItem},
    pem,
};
use blockworm_crypto::identity::parse_member;
use blockworm_ledger::report::Checks;

impl Case<'_> {
    pub(super) fn check_people(&self, checks: &mut Checks) {
        for item in &self.index.organisations {
            checks.note(
                format!("organisation[{}].row", item.slug),
                self.check_organisation(item),
            );
        }
        for item in &self.index.members {
            checks.note(
                format!("member[{}].row", item.id.as_str()),
                self.check_member(item),
            );
        }
    }

    /// The certificates of a PEM file, one directly behind the other, as the ledger holds chains.
    pub(super) fn chain(&self, path: &str) -> Result<Vec<u8>, String> {
        let found = pem::certificates(&self.files.read(path)?);
        Ok(found
            .map_err(|reason| format!("{path}: {reason}"))?
            .concat())
    }

    /// The organisation's root as the state holds it, and as the genesis has it where that differs.
    pub(super) fn roots(&self, organisation: &str) -> Result<Vec<Vec<u8>>, String> {
        let mut roots = vec![self.state.organisation(organisation)?.ca_certificate];
        let founders = self
            .state
            .genesis
            .iter()
            .flat_map(|genesis| &genesis.organisations);
        for founder in founders.filter(|founder| founder.id.as_str() == organisation) {
            if !roots.contains(&founder.ca_certificate) {
                roots.push(founder.ca_certificate.clone());
            }
        }
        Ok(roots)
    }

    fn check_organisation(&self, item: &OrganisationItem) -> Result<String, String> {
        let row = self.state.organisation(&item.slug)?;
        let differs = |what| Err(format!("{what} differs from the proved row"));
        if row.name != item.name {
            return differs("its name");
        }
        if row.roles != item.roles {
            return differs("its list of roles");
        }
        if row.suspended_at != item.suspended_at {
            return differs("since when it is suspended");
        }
        if self.chain(&item.root)? != row.ca_certificate {
            return differs(&item.root);
        }
        Ok(format!("{}; roles {}", row.name, row.roles.join(", ")))
    }

    fn check_member(&self, item: &MemberItem) -> Result<String, String> {
        let id = item.id.as_str();
        let row = self.state.member(id)?;
        let chain = self.chain(&item.certificate)?;
        let said = parse_member(&chain).map_err(|error| error.to_string())?;
        if format!("{}/{}", said.organisation, said.name) != id || said.public_key != item.key {
            return Err("the certificate is another member's or of another key".into());
        }
        if self.state.holder(&item.key)? != id.as_bytes() {
            return Err("the key is not this member's".into());
        }
        if row.revoked_at != item.revoked_at {
            return Err("since when it is revoked differs from the proved row".into());
        }
        if row.key != item.key {
            return Ok("an earlier key of the member".into());
        }
        if row.functions != item.functions || row.registered_at != item.registered_at {
            return Err("its functions or its registration differ from the proved row".into());
        }
        if chain != self.state.certificate(id)? {
            return Err("the certificate is not the one that the ledger holds".into());
        }
        Ok(match row.revoked_at {
            Some(block) => format!("revoked in block {block}"),
            None => "registered, not revoked".into(),
        })
    }
}
