//! Who founds a consortium, with which roles, and the genesis that follows from it.

use blockworm_ledger::{
    Genesis, MemberId, OrganisationId,
    genesis::{GenesisContract, GenesisMember, Organisation, Parameters, Validator},
};

/// An organisation that will found a consortium.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FounderPlan {
    /// Its slug.
    pub id: OrganisationId,
    /// Its name for people.
    pub name: String,
    /// Roles that the founders grant it.
    pub roles: Vec<String>,
    /// Its first members.
    pub members: Vec<MemberPlan>,
}

/// A member that an organisation will have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberPlan {
    /// Its name inside the organisation.
    pub name: String,
    /// What its organisation lets it do.
    pub functions: Vec<String>,
    /// Registered by genesis; else by a transaction of the organisation's admin.
    pub founding: bool,
}

/// An organisation with its certificates made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Founder {
    /// Its slug.
    pub id: OrganisationId,
    /// Its name for people.
    pub name: String,
    /// Roles that the founders grant it.
    pub roles: Vec<String>,
    /// Its root certificate, DER.
    pub ca_certificate: Vec<u8>,
    /// Members registered from the start and their certificates, DER.
    pub members: Vec<(MemberId, Vec<u8>)>,
}

/// Name of the local consortium's ledger.
pub const LOCAL_LEDGER: &str = "trade";

/// The pseudonym of the sample's supplier on the platform.
pub const SUPPLIER: &str = "supplier-3f9a";
/// The pseudonym of the sample's buyer on the platform.
pub const BUYER: &str = "buyer-c27e";

/// The four founders of a local consortium. Each has an admin from the start; its operator is
/// registered by the first transactions, so that registration itself has run once.
///
/// # Panics
/// Never: the names are constants of this function.
#[must_use]
pub fn local_founders() -> Vec<FounderPlan> {
    let founder = |id: &str, name: &str, more: &[(&str, &[&str])]| FounderPlan {
        id: id
            .parse()
            .expect("invariant: the local organisations' slugs are well formed"),
        name: name.to_owned(),
        roles: vec![id.to_owned()],
        members: [("admin", &["admin"][..]), ("operator", &["operator"][..])]
            .iter()
            .chain(more)
            .map(|(member, functions)| MemberPlan {
                name: (*member).to_owned(),
                functions: functions.iter().map(ToString::to_string).collect(),
                founding: *member != "operator",
            })
            .collect(),
    };
    vec![
        founder(
            "platform",
            "Supply Chain Platform",
            &[(SUPPLIER, &["maker"]), (BUYER, &["checker"])],
        ),
        founder(
            "bank",
            "Settlement Bank",
            &[
                ("maker", &["maker"]),
                ("checker", &["checker"]),
                ("maker-2", &["maker"]),
            ],
        ),
        founder("notary", "Notary Office", &[]),
        founder("court", "Internet Court", &[]),
    ]
}

/// The shared numbers of a local consortium.
#[must_use]
pub fn local_parameters() -> Parameters {
    Parameters {
        root_lag: 4,
        epoch_length: 1 << 20,
        bucket_bits: 16,
        block_bytes: 4 << 20,
        block_transactions: 8192,
        transaction_bytes: 64 << 10,
        expiry_window_ms: 120_000,
        heartbeat_ms: 2_000,
        transaction_cost: 1_000_000,
    }
}

/// Puts a genesis together. The same inputs give the same bytes in whichever order they come,
/// so that founders who exchange certificates arrive at one digest on their own machines.
#[must_use]
pub fn genesis(
    name: &str,
    time_ms: u64,
    parameters: Parameters,
    founders: &[Founder],
    validators: &[Validator],
    contracts: &[GenesisContract],
) -> Genesis {
    let mut organisations: Vec<Organisation> = founders.iter().map(organisation).collect();
    organisations.sort_by(|a, b| a.id.cmp(&b.id));
    let mut validators = validators.to_vec();
    validators.sort_by_key(|validator| validator.key);
    Genesis {
        version: 1,
        protocol_version: 1,
        name: name.to_owned(),
        time_ms,
        parameters,
        organisations,
        validators,
        contracts: contracts.to_vec(),
    }
}

fn organisation(founder: &Founder) -> Organisation {
    let mut roles = founder.roles.clone();
    roles.sort();
    roles.dedup();
    let mut members: Vec<GenesisMember> = founder
        .members
        .iter()
        .map(|(id, certificate)| GenesisMember {
            id: id.clone(),
            certificate: certificate.clone(),
        })
        .collect();
    members.sort_by(|a, b| a.id.cmp(&b.id));
    Organisation {
        id: founder.id.clone(),
        name: founder.name.clone(),
        roles,
        ca_certificate: founder.ca_certificate.clone(),
        members,
    }
}
