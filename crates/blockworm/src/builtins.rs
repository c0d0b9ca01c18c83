//! The native contracts of this program, and those that a local consortium begins with.

use blockworm_execution::{Builtins, Native};
use blockworm_ledger::genesis::GenesisContract;
use serde_json::json;
use std::sync::Arc;

/// The code under which the money contract is linked in.
pub const MONEY: &str = "money@1";
/// The code under which the receivable contract is linked in.
pub const RECEIVABLE: &str = "receivable@1";

/// Every native contract of this program.
pub fn builtins() -> Arc<Builtins> {
    let money = Native::new(
        blockworm_money::instantiate,
        blockworm_money::execute,
        blockworm_money::query,
    );
    let receivable = Native::new(
        blockworm_receivable::instantiate,
        blockworm_receivable::execute,
        blockworm_receivable::query,
    );
    Arc::new(
        Builtins::new()
            .with(MONEY, money)
            .with(RECEIVABLE, receivable),
    )
}

/// The contracts of a local consortium's ledger.
///
/// # Panics
/// Never: the names are constants.
pub fn local_contracts() -> Vec<GenesisContract> {
    let contract = |name: &str, code: &str, init: serde_json::Value| GenesisContract {
        name: name
            .parse()
            .expect("invariant: the built-in contracts' names are well formed"),
        code: code.to_owned(),
        init: init.to_string(),
    };
    vec![
        contract("money", MONEY, json!({})),
        contract("receivable", RECEIVABLE, json!({ "money": "money" })),
    ]
}
