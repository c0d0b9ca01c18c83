//! Flags about being let in at an API: what a caller shows, and the keys that an operator gives.

use blockworm_api::keys::Scope;
use blockworm_ledger::OrganisationId;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// What to show a node that asks who comes in, and whom to trust.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Where the node asks who comes in")]
pub struct Credentials {
    /// File with the API key to show.
    #[arg(
        long,
        value_name = "FILE",
        env = "BLOCKWORM_API_KEY_FILE",
        hide_env = true
    )]
    pub api_key_file: Option<PathBuf>,
    /// Root certificate (PEM) that an https:// node's own must lead to.
    #[arg(
        long,
        value_name = "FILE",
        env = "BLOCKWORM_SERVER_CA",
        hide_env = true
    )]
    pub server_ca: Option<PathBuf>,
    /// Member's certificate to show, NAME.cert.pem; beside it NAME.key.pem and `passphrase`.
    #[arg(
        long,
        value_name = "FILE",
        env = "BLOCKWORM_CLIENT_CERTIFICATE",
        hide_env = true,
        requires = "server_ca"
    )]
    pub client_certificate: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum ApiKeyCommand {
    /// Make a key and print it; it is shown this once.
    Create(ApiKeyCreateArgs),
    /// List the keys: names, scopes, ends; never the keys themselves.
    List(ApiKeyPlace),
    /// End a key's rights; the node notices at the next request.
    Revoke(ApiKeyRevokeArgs),
}

/// Whose node the keys or people are for.
#[derive(Args, Clone, Debug)]
pub struct ApiKeyPlace {
    #[command(flatten)]
    pub place: super::Place,
    /// The organisation whose node it is.
    #[arg(long)]
    pub node: OrganisationId,
}

#[derive(Args, Debug)]
pub struct ApiKeyCreateArgs {
    /// What to call the key: 1 to 64 of a-z, 0-9, '-', '.' and '_'.
    pub name: String,
    /// What its holder may do: read, submit or metrics; may be repeated.
    #[arg(long = "scope", value_name = "SCOPE", required = true)]
    pub scopes: Vec<Scope>,
    /// Only this ledger, by id or name; may be repeated; all unless given.
    #[arg(long = "ledger", value_name = "LEDGER")]
    pub ledgers: Vec<String>,
    /// Days until it ends.
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u64).range(1..=3650))]
    pub days: u64,
    #[command(flatten)]
    pub of: ApiKeyPlace,
}

#[derive(Args, Debug)]
pub struct ApiKeyRevokeArgs {
    /// The key's name.
    pub name: String,
    #[command(flatten)]
    pub of: ApiKeyPlace,
}
