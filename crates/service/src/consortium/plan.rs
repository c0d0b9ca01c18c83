//! Who founds a local consortium, with which roles, on which ledgers, and the genesis that follows from it.

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
    /// The ledgers whose genesis registers it, by name; on others its organisation's admin may do
    /// so by a transaction.
    pub founding: Vec<String>,
}

/// A ledger that founders begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerPlan {
    /// Its name for people, unique among the consortium's ledgers.
    pub name: String,
    /// Who keeps it; everybody else sees nothing of it.
    pub organisations: Vec<OrganisationId>,
    /// Built-in contracts that exist from the start.
    pub contracts: Vec<GenesisContract>,
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

/// The local consortium's ledger of one trade's parties.
pub const TRADE: &str = "trade";
/// The local consortium's ledger of financed documents, which rival banks share. It holds no
/// names of traders, no numbers of invoices and no amounts.
pub const REGISTRY: &str = "registry";

/// Who holds the two keys with which a local registry's fingerprints are made, in their order.
pub const KEY_HOLDERS: [&str; 2] = ["notary", "court"];

/// The bank that keeps the registry alone and must learn nothing of the trade.
pub const RIVAL: &str = "harbour-bank";

/// The pseudonym of the sample's supplier on the platform.
pub const SUPPLIER: &str = "supplier-3f9a";
/// The pseudonym of the sample's buyer on the platform.
pub const BUYER: &str = "buyer-c27e";

/// The members that an organisation's admin registers on a ledger by its first transactions. Nobody
/// who trades stands in a genesis: other ledgers are shown it when they follow this one.
#[must_use]
pub fn first_members(ledger: &str, organisation: &OrganisationId) -> &'static [&'static str] {
    match (ledger, organisation.as_str()) {
        (TRADE, "platform") => &["operator", SUPPLIER, BUYER],
        _ => &["operator"],
    }
}

/// The five founders of a local consortium. Each has an admin from the start; its operator is
/// registered by the first transactions, so that registration itself has run once, and so are the
/// traders. Only admins and the banks' people are known to the registry.
///
/// # Panics
/// Never: the names are constants of this function.
#[must_use]
pub fn local_founders() -> Vec<FounderPlan> {
    let member = |name: &str, functions: &[&str], ledgers: &[&str]| MemberPlan {
        name: name.to_owned(),
        functions: functions.iter().map(ToString::to_string).collect(),
        founding: ledgers.iter().map(ToString::to_string).collect(),
    };
    let founder = |id: &str, name: &str, role: &str, ledgers: &[&str], more: Vec<MemberPlan>| {
        let mut members = vec![
            member("admin", &["admin"], ledgers),
            member("operator", &["operator"], &[]),
        ];
        members.extend(more);
        FounderPlan {
            id: slug(id),
            name: name.to_owned(),
            roles: vec![role.to_owned()],
            members,
        }
    };
    let both = [TRADE, REGISTRY];
    vec![
        founder(
            "platform",
            "Supply Chain Platform",
            "platform",
            &both,
            vec![
                member(SUPPLIER, &["maker"], &[]),
                member(BUYER, &["checker"], &[]),
            ],
        ),
        founder(
            "bank",
            "Settlement Bank",
            "bank",
            &both,
            vec![
                member("maker", &["maker"], &both),
                member("checker", &["checker"], &both),
                member("maker-2", &["maker"], &[TRADE]),
            ],
        ),
        founder("notary", "Notary Office", "notary", &both, Vec::new()),
        founder("court", "Internet Court", "court", &both, Vec::new()),
        founder(
            RIVAL,
            "Harbour Bank",
            "bank",
            &[REGISTRY],
            vec![
                member("maker", &["maker"], &[REGISTRY]),
                member("checker", &["checker"], &[REGISTRY]),
            ],
        ),
    ]
}

/// The two ledgers of a local consortium, each with its contracts: `trade` for all but the rival
/// bank, `registry` for all.
#[must_use]
pub fn local_ledgers(
    trade: Vec<GenesisContract>,
    registry: Vec<GenesisContract>,
) -> Vec<LedgerPlan> {
    let all: Vec<OrganisationId> = local_founders()
        .into_iter()
        .map(|founder| founder.id)
        .collect();
    let parties = all.iter().filter(|id| id.as_str() != RIVAL).cloned();
    vec![
        LedgerPlan {
            name: TRADE.to_owned(),
            organisations: parties.collect(),
            contracts: trade,
        },
        LedgerPlan {
            name: REGISTRY.to_owned(),
            organisations: all.clone(),
            contracts: registry,
        },
    ]
}

fn slug(text: &str) -> OrganisationId {
    text.parse()
        .expect("invariant: the local organisations' slugs are well formed")
}

/// The shared numbers of a local consortium.
#[must_use]
pub fn local_parameters() -> Parameters {
    Parameters {
        root_lag: 4,
        epoch_length: 256,
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
