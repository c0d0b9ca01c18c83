//! `blockworm org` and `blockworm consortium`: their verbs and flags.

use super::{Asking, Place, Signing, Target};
use blockworm_crypto::Digest;
use blockworm_ledger::{MemberId, OrganisationId};
use clap::{Args, Subcommand};
use std::{net::SocketAddr, path::PathBuf};

/// An organisation, from its own machine.
#[derive(Debug, Subcommand)]
pub enum OrgCommand {
    /// Make an organisation's keys, certificates and node settings in a folder of its own.
    Init(OrgInitArgs),
    /// List the organisations of a ledger.
    List(OrgListArgs),
    /// Invite an organisation: writes the signed file that it needs.
    Invite(OrgInviteArgs),
    /// Accept an invitation: makes keys and certificates here and writes the answer.
    Accept(OrgAcceptArgs),
    /// Ask the consortium to admit an organisation that accepted.
    Admit(OrgAdmitArgs),
    /// Start the node of an organisation that was admitted, and ask for its vote.
    Join(OrgJoinArgs),
}

#[derive(Args, Debug)]
pub struct OrgInitArgs {
    /// Its slug: 1 to 32 of a-z, 0-9 and '-', beginning with a letter.
    pub organisation: OrganisationId,
    /// Its name for people.
    #[arg(long)]
    pub name: String,
    /// A role that it asks for, such as bank; may be repeated.
    #[arg(long = "role", value_name = "ROLE")]
    pub roles: Vec<String>,
    #[command(flatten)]
    pub node: NodeAddresses,
    #[command(flatten)]
    pub place: Place,
}

/// Where a node is.
#[derive(Args, Debug)]
pub struct NodeAddresses {
    /// Where the other organisations' nodes reach its node, such as 192.0.2.7:9000.
    #[arg(long, value_name = "IP:PORT")]
    pub address: SocketAddr,
    /// Where its node serves people and programs; 127.0.0.1 and the next port unless given.
    #[arg(long = "api-address", value_name = "IP:PORT")]
    pub api_address: Option<SocketAddr>,
}

#[derive(Args, Debug)]
pub struct OrgListArgs {
    #[command(flatten)]
    pub target: Target,
}

#[derive(Args, Debug)]
pub struct OrgInviteArgs {
    /// The slug that it will have.
    pub organisation: OrganisationId,
    /// Its name for people.
    #[arg(long)]
    pub name: String,
    /// A role that the consortium is to grant it; may be repeated.
    #[arg(long = "role", value_name = "ROLE")]
    pub roles: Vec<String>,
    /// Days for which the invitation holds.
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u64).range(1..=90))]
    pub days: u64,
    /// A further ledger of this folder that it is to keep, by name; may be repeated.
    #[arg(long = "also", value_name = "LEDGER")]
    pub also: Vec<String>,
    /// The admin who invites, such as platform/admin.
    #[arg(long = "as", value_name = "MEMBER")]
    pub member: MemberId,
    /// The file to write.
    #[arg(short = 'o', long = "out", value_name = "FILE")]
    pub out: PathBuf,
    #[command(flatten)]
    pub signing: Signing,
    #[command(flatten)]
    pub target: Target,
}

#[derive(Args, Debug)]
pub struct OrgAcceptArgs {
    /// The invitation.
    pub invitation: PathBuf,
    /// The digest of the ledger's genesis, told by another way than the file; one for each ledger.
    #[arg(long = "genesis", value_name = "DIGEST", required = true)]
    pub genesis: Vec<Digest>,
    #[command(flatten)]
    pub node: NodeAddresses,
    /// The file to write.
    #[arg(short = 'o', long = "out", value_name = "FILE")]
    pub out: PathBuf,
    #[command(flatten)]
    pub place: Place,
}

#[derive(Args, Debug)]
pub struct OrgAdmitArgs {
    /// The invitation.
    pub invitation: PathBuf,
    /// What the new organisation answered.
    pub acceptance: PathBuf,
    #[command(flatten)]
    pub asking: Asking,
}

#[derive(Args, Debug)]
pub struct OrgJoinArgs {
    /// The invitation; the one that was accepted in this folder unless given.
    #[arg(long, value_name = "FILE")]
    pub invitation: Option<PathBuf>,
    /// Keep the ledgers without asking for a vote.
    #[arg(long)]
    pub watch: bool,
    /// Seconds to wait until the node has the block that admits the organisation.
    #[arg(long, default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub wait_s: u64,
    #[command(flatten)]
    pub place: Place,
}

/// Founding a ledger by signatures from several machines.
#[derive(Debug, Subcommand)]
pub enum ConsortiumCommand {
    /// Make the genesis of a ledger from the founders' files; the same on every founder's machine.
    Draft(DraftArgs),
    /// Sign a draft by your organisation's admin, once it says of you what lies in your folder.
    Sign(DraftSignArgs),
    /// Found the ledger in your folder, once every founder has signed.
    Found(FoundArgs),
}

#[derive(Args, Debug)]
pub struct DraftArgs {
    /// The ledger's name.
    #[arg(long, alias = "channel", value_name = "NAME")]
    pub ledger: String,
    /// A founder's file, from `blockworm org init`; once for each founder.
    #[arg(long = "founder", value_name = "FILE", required = true)]
    pub founders: Vec<PathBuf>,
    /// A role that the founders grant: bank=notary; may be repeated. Without any, what each asked for.
    #[arg(long = "role", value_name = "ORG=ROLE", value_parser = granted)]
    pub roles: Vec<(OrganisationId, String)>,
    /// Contracts from the start, JSON: [{"name", "code", "init"}]. Unless given, the usual ones of
    /// ledgers called trade and registry, and none of others.
    #[arg(long, value_name = "FILE")]
    pub contracts: Option<PathBuf>,
    /// When the ledger begins, milliseconds since 1970; unless given, when the youngest file was made.
    #[arg(long, value_name = "MS")]
    pub time_ms: Option<u64>,
    /// The file to write.
    #[arg(short = 'o', long = "out", value_name = "FILE")]
    pub out: PathBuf,
}

fn granted(text: &str) -> Result<(OrganisationId, String), String> {
    let (organisation, role) = text.split_once('=').ok_or("give it as ORG=ROLE")?;
    let organisation: OrganisationId = organisation
        .parse()
        .map_err(|error| format!("{organisation}: {error}"))?;
    Ok((organisation, role.to_owned()))
}

#[derive(Args, Debug)]
pub struct DraftSignArgs {
    /// The draft.
    pub draft: PathBuf,
    /// Whose signature, where the folder holds several organisations.
    #[arg(long)]
    pub organisation: Option<OrganisationId>,
    /// The file to write.
    #[arg(short = 'o', long = "out", value_name = "FILE")]
    pub out: PathBuf,
    #[command(flatten)]
    pub place: Place,
}

#[derive(Args, Debug)]
pub struct FoundArgs {
    /// The draft.
    pub draft: PathBuf,
    /// A founder's signature; once for each founder.
    #[arg(long = "signature", value_name = "FILE", required = true)]
    pub signatures: Vec<PathBuf>,
    /// Whose folder it is, where it holds several organisations.
    #[arg(long)]
    pub organisation: Option<OrganisationId>,
    #[command(flatten)]
    pub place: Place,
}
