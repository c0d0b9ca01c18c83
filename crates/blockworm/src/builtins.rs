//! The native contracts of this program, and those that a local consortium begins with.

use blockworm_execution::{Builtins, Native};
use blockworm_ledger::genesis::GenesisContract;
use blockworm_service::consortium::{
    self, KEY_HOLDERS, LedgerPlan, REGISTRY as REGISTRY_LEDGER, TRADE as TRADE_LEDGER,
};
use blockworm_workflows::{asset::classes, receivable::Contracts};
use serde_json::json;
use std::sync::Arc;

/// The code under which the asset issuance contract is linked in.
pub const ASSET_ISSUANCE: &str = "asset-issuance@1";
/// The code under which the asset transaction contract is linked in.
pub const ASSET_TRANSACTION: &str = "asset-transaction@1";
/// What the evidence contract is called on a ledger.
pub const EVIDENCE_CONTRACT: &str = "evidence";
/// The code under which the evidence contract is linked in.
pub const EVIDENCE: &str = "evidence@1";
/// The code under which the receivable contract is linked in.
pub const RECEIVABLE: &str = "receivable@1";

/// The code under which the registry contract is linked in.
pub const REGISTRY: &str = "registry@1";

/// Where a local consortium's debts fall due: China, which keeps one time.
const UTC_OFFSET_MINUTES: i16 = 480;

/// Every native contract of this program.
pub fn builtins() -> Arc<Builtins> {
    let issuance = Native::new(
        blockworm_asset_issuance::instantiate,
        blockworm_asset_issuance::execute,
        blockworm_asset_issuance::query,
    );
    let transaction = Native::new(
        blockworm_asset_transaction::instantiate,
        blockworm_asset_transaction::execute,
        blockworm_asset_transaction::query,
    );
    let evidence = Native::new(
        blockworm_evidence::instantiate,
        blockworm_evidence::execute,
        blockworm_evidence::query,
    );
    let receivable = Native::new(
        blockworm_receivable::instantiate,
        blockworm_receivable::execute,
        blockworm_receivable::query,
    );
    let registry = Native::new(
        blockworm_registry::instantiate,
        blockworm_registry::execute,
        blockworm_registry::query,
    );
    Arc::new(
        Builtins::new()
            .with(ASSET_ISSUANCE, issuance)
            .with(ASSET_TRANSACTION, transaction)
            .with(EVIDENCE, evidence)
            .with(RECEIVABLE, receivable)
            .with(REGISTRY, registry),
    )
}

/// The ledgers of a local consortium of so many nodes with their contracts. Each is known to the other by its own
/// name, under which `up` lets the founders pin it.
///
/// # Panics
/// Never: the names are constants.
pub fn local_ledgers(nodes: usize) -> Vec<LedgerPlan> {
    let contract = |name: &str, code: &str, init: serde_json::Value| GenesisContract {
        name: name
            .parse()
            .expect("invariant: the built-in contracts' names are well formed"),
        code: code.to_owned(),
        init: init.to_string(),
    };
    let registry = json!({
        "ledger": REGISTRY_LEDGER, "contract": "registry", "known_as": TRADE_LEDGER,
    });
    let names = Contracts::default();
    let (issuance, assets) = (
        names.assets.issuance.as_str(),
        names.assets.holdings.as_str(),
    );
    let vouchers = classes::CURRENCIES.map(|currency| classes::name(classes::VOUCHER, currency));
    let receivable = json!({
        "issuance": issuance, "assets": assets, "class": classes::RECEIVABLE,
        "vouchers": vouchers, "utc_offset_minutes": UTC_OFFSET_MINUTES, "registry": registry,
    });
    let founding = classes::founding(names.receivable.as_str());
    let trade = vec![
        contract(
            issuance,
            ASSET_ISSUANCE,
            json!({ "holdings": assets, "definers": ["platform"], "classes": founding }),
        ),
        contract(assets, ASSET_TRANSACTION, json!({ "issuance": issuance })),
        contract(names.receivable.as_str(), RECEIVABLE, receivable),
        contract(EVIDENCE_CONTRACT, EVIDENCE, json!({})),
    ];
    let ledgers = json!([{ "name": TRADE_LEDGER, "contract": "receivable" }]);
    let registry = vec![contract(
        "registry",
        REGISTRY,
        // Longer by one block than those who may fail can withhold a reservation.
        json!({
            "ledgers": ledgers,
            "holders": KEY_HOLDERS,
            "settle_blocks": nodes.saturating_sub(1) / 3 + 1,
        }),
    )];
    consortium::local_ledgers(trade, registry)
}
