//! Flags about keys in a hardware security module.

use super::{Place, Signing, Target};
use blockworm_crypto::Algorithm;
use blockworm_ledger::{MemberId, OrganisationId};
use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub enum HsmCommand {
    /// Ask the module and its token who they are, and log in.
    Status(HsmPlace),
    /// List the keys on the token, and which of them the folder refers to.
    Keys(HsmPlace),
    /// Make a key on the token; it never leaves it.
    Generate(HsmGenerateArgs),
    /// Certify and register a member whose key is on the token; the key is made if it is not there.
    Member(HsmMemberArgs),
    /// Certify the key of such a member anew.
    Renew(HsmMemberArgs),
    /// Make an issuing authority on the token, certified by the root, in place of the one before.
    Authority(HsmAuthorityArgs),
}

/// Whose security module.
#[derive(Args, Clone, Debug)]
pub struct HsmPlace {
    #[command(flatten)]
    pub place: Place,
    /// The organisation whose module it is.
    #[arg(long)]
    pub org: OrganisationId,
}

#[derive(Args, Debug)]
pub struct HsmGenerateArgs {
    /// What to call the key: `<name>.hsm.toml` will refer to it.
    pub name: String,
    /// p256 or ed25519.
    #[arg(long, default_value_t = Algorithm::P256)]
    pub algorithm: Algorithm,
    #[command(flatten)]
    pub of: HsmPlace,
}

#[derive(Args, Debug)]
pub struct HsmAuthorityArgs {
    /// Make the new key in a file instead, for a token that is given up.
    #[arg(long, conflicts_with = "algorithm")]
    pub back_to_file: bool,
    /// p256 or ed25519.
    #[arg(long, default_value_t = Algorithm::P256)]
    pub algorithm: Algorithm,
    #[command(flatten)]
    pub of: HsmPlace,
}

#[derive(Args, Debug)]
pub struct HsmMemberArgs {
    /// The member, ORG/NAME.
    pub member: MemberId,
    /// What the member may do; may be repeated; when renewing, as before unless given.
    #[arg(long = "function", value_name = "FUNCTION")]
    pub functions: Vec<String>,
    /// p256 or ed25519, for a key that is made.
    #[arg(long, default_value_t = Algorithm::P256)]
    pub algorithm: Algorithm,
    /// Who registers it; else ORG/admin.
    #[arg(long = "as", value_name = "MEMBER")]
    pub admin: Option<MemberId>,
    #[command(flatten)]
    pub signing: Signing,
    #[command(flatten)]
    pub target: Target,
}
