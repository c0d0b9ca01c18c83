//! Flags about certificates: authorities, enrolment, renewal, calendars, and the rehearsal's clock.

use super::{Credentials, Place, Signing, Target};
use blockworm_ledger::{MemberId, OrganisationId};
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Whose certificates.
#[derive(Args, Clone, Debug)]
pub struct OfOrganisation {
    #[command(flatten)]
    pub place: Place,
    /// The organisation whose folder is meant.
    #[arg(long = "node", value_name = "ORGANISATION")]
    pub organisation: OrganisationId,
}

#[derive(Debug, Subcommand)]
pub enum CertificateCommand {
    /// List certificates and how long they count, the soonest to end first.
    List(CertificateListArgs),
    /// What ends in the next days; as a calendar file with -o.
    Calendar(CertificateCalendarArgs),
    /// Make a key of the organisation that its folder has not, with its certificate.
    Issue(CertificateIssueArgs),
    /// Issue a certificate of the folder again, before its time.
    Renew(CertificateRenewArgs),
    /// Write the list of revoked certificates, for outsiders.
    Crl(CertificateCrlArgs),
}

#[derive(Args, Debug)]
pub struct CertificateListArgs {
    /// Only this organisation's; else all whose folders are here.
    #[arg(long)]
    pub organisation: Option<OrganisationId>,
    #[command(flatten)]
    pub place: Place,
}

#[derive(Args, Debug)]
pub struct CertificateCalendarArgs {
    /// Days to look ahead.
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u64).range(1..=36_500))]
    pub days: u64,
    /// Write a calendar (iCalendar, RFC 5545) that other programs read.
    #[arg(short, long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Only this organisation's; else all whose folders are here.
    #[arg(long)]
    pub organisation: Option<OrganisationId>,
    #[command(flatten)]
    pub place: Place,
}

#[derive(Args, Debug)]
pub struct CertificateIssueArgs {
    /// What for: the node's cosigner of checkpoints, a timestamp authority, or signatures under documents.
    #[arg(value_parser = ["cosigner", "timestamping", "documents"])]
    pub key: String,
    #[command(flatten)]
    pub of: OfOrganisation,
}

#[derive(Args, Debug)]
pub struct CertificateRenewArgs {
    /// The file's name without .cert.pem: a member's name, node, tls, cosigner, timestamping, documents or issuing.
    pub name: String,
    /// With a new key; of a TLS server alone (members: `member rotate-key`).
    #[arg(long)]
    pub new_key: bool,
    #[command(flatten)]
    pub of: OfOrganisation,
}

#[derive(Args, Debug)]
pub struct CertificateCrlArgs {
    /// Where to write it, PEM.
    #[arg(short, long, value_name = "FILE")]
    pub out: PathBuf,
    /// Days until the next list is due.
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u64).range(1..=365))]
    pub days: u64,
    #[command(flatten)]
    pub of: OfOrganisation,
}

#[derive(Debug, Subcommand)]
pub enum EnrolmentCommand {
    /// Make a one-time token for somebody who is to be certified; it is shown this once.
    Token(EnrolmentTokenArgs),
    /// Make a key here and have it certified by the organisation's node, for a token.
    Request(EnrolmentRequestArgs),
    /// List the tokens: for whom, until when, used or not; never the tokens themselves.
    List(OfOrganisation),
}

#[derive(Args, Debug)]
pub struct EnrolmentTokenArgs {
    /// The name that is certified, such as maker-9.
    pub name: String,
    /// What the member may do: maker, checker, operator or admin; may be repeated.
    #[arg(long = "function", value_name = "FUNCTION")]
    pub functions: Vec<String>,
    /// What the certificate is for: member, tls-server, document-signing or timestamping.
    #[arg(long, default_value = "member")]
    pub profile: String,
    /// A TLS server's IP address or name; may be repeated.
    #[arg(long = "host", value_name = "HOST")]
    pub hosts: Vec<String>,
    /// The ledgers on which the member is to be registered, by id or name; else all that the
    /// organisation keeps.
    #[arg(long = "ledger", value_name = "LEDGER")]
    pub ledgers: Vec<String>,
    /// Hours until the token ends.
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u64).range(1..=720))]
    pub hours: u64,
    #[command(flatten)]
    pub of: OfOrganisation,
}

#[derive(Args, Debug)]
pub struct EnrolmentRequestArgs {
    /// Who is to be certified, such as bank/maker-9.
    pub member: MemberId,
    /// File with the token.
    #[arg(long, value_name = "FILE")]
    pub token_file: PathBuf,
    /// The address of the organisation's node, such as `https://node.bank.example:7443`.
    #[arg(long, env = "BLOCKWORM_API", hide_env = true)]
    pub api: String,
    #[command(flatten)]
    pub credentials: Credentials,
    #[command(flatten)]
    pub place: Place,
}

#[derive(Debug, Subcommand)]
pub enum AuthorityCommand {
    /// Show an organisation's root and issuing authority.
    Show(OfOrganisation),
    /// Replace the issuing authority by a new one below the same root; no vote is needed.
    Rotate(OfOrganisation),
    /// Make a new root and propose it on a ledger; it is used once all ledgers have accepted it.
    Root(AuthorityRootArgs),
    /// Use the new root, once the votes of all ledgers have accepted it.
    Adopt(AuthorityAdoptArgs),
}

#[derive(Args, Debug)]
pub struct AuthorityRootArgs {
    /// The organisation, which proposes for itself.
    pub organisation: OrganisationId,
    /// The admin who proposes; else the organisation's `admin`.
    #[arg(long = "as", value_name = "MEMBER")]
    pub admin: Option<MemberId>,
    /// Hours that the others have to vote.
    #[arg(long, default_value_t = 72, value_parser = clap::value_parser!(u64).range(1..=720))]
    pub hours: u64,
    #[command(flatten)]
    pub signing: Signing,
    #[command(flatten)]
    pub target: Target,
}

#[derive(Args, Debug)]
pub struct AuthorityAdoptArgs {
    /// The organisation.
    pub organisation: OrganisationId,
    #[command(flatten)]
    pub target: Target,
}

#[derive(Debug, Subcommand)]
pub enum ClockCommand {
    /// Let the clock of a local consortium run ahead for a while: a rehearsal.
    Move(ClockMoveArgs),
    /// Show how far ahead it is.
    Show(Place),
}

#[derive(Args, Debug)]
pub struct ClockMoveArgs {
    /// How many hours pass in a minute: 1 is sixty times the usual pace.
    #[arg(long, value_name = "HOURS", value_parser = clap::value_parser!(u64).range(1..=60))]
    pub hours_per_minute: u64,
    /// How many hours to gain.
    #[arg(long, value_name = "HOURS", value_parser = clap::value_parser!(u64).range(1..=87_600))]
    pub for_hours: u64,
    #[command(flatten)]
    pub place: Place,
}
