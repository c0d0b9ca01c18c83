//! Flags about people who sign in at a node's console.

use super::ApiKeyPlace;
use blockworm_api::keys::Scope;
use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub enum ConsoleUserCommand {
    /// Add a person; the secret for their app and their recovery codes are shown this once.
    Add(ConsoleUserAddArgs),
    /// List the people: names, scopes, passkeys; never a secret.
    List(ApiKeyPlace),
    /// Give a person another password; their sessions end.
    ResetPassword(ConsoleUserPasswordArgs),
    /// Give a person another secret for their app and other recovery codes; their sessions end.
    ResetTotp(ConsoleUserNamed),
    /// Refuse a person from now on; their sessions end.
    Disable(ConsoleUserNamed),
    /// Let a person in again.
    Enable(ConsoleUserNamed),
    /// Forget a person with all passkeys.
    Remove(ConsoleUserNamed),
}

/// Where a password comes from.
#[derive(Args, Clone, Debug)]
pub struct PasswordSource {
    /// File with the password, readable by its owner alone; else it is asked for.
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub struct ConsoleUserAddArgs {
    /// What to call the person: 1 to 64 of a-z, 0-9, '-', '.' and '_'.
    pub name: String,
    /// What they may do: read, submit or metrics; may be repeated.
    #[arg(long = "scope", value_name = "SCOPE", required = true)]
    pub scopes: Vec<Scope>,
    /// Only this ledger, by id or name; may be repeated; all unless given.
    #[arg(long = "ledger", value_name = "LEDGER")]
    pub ledgers: Vec<String>,
    #[command(flatten)]
    pub password: PasswordSource,
    #[command(flatten)]
    pub of: ApiKeyPlace,
}

#[derive(Args, Debug)]
pub struct ConsoleUserPasswordArgs {
    /// The person's name.
    pub name: String,
    #[command(flatten)]
    pub password: PasswordSource,
    #[command(flatten)]
    pub of: ApiKeyPlace,
}

#[derive(Args, Debug)]
pub struct ConsoleUserNamed {
    /// The person's name.
    pub name: String,
    #[command(flatten)]
    pub of: ApiKeyPlace,
}
