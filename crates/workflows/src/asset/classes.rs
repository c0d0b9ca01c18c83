//! The classes that a trade's ledger begins with: for each currency settlement money, and receivables that the receivable contract runs.

use blockworm_asset_issuance::msg::{Class, Field, Form, Supply, Tier};
use blockworm_kit::{
    Currency,
    assets::{Kind, Manager, Requirement},
};
use cosmwasm_std::Uint128;

/// First part of the names of settlement money's classes.
pub const VOUCHER: &str = "voucher";
/// First part of the names of receivables' classes.
pub const RECEIVABLE: &str = "receivable";

/// Currencies in which a local ledger's debts are owed and paid; others are defined later by whoever
/// may define classes.
pub const CURRENCIES: [&str; 6] = ["CNY", "EUR", "GBP", "HKD", "JPY", "USD"];

/// Most units of settlement money in one asset: 10^15 minor units.
const MOST_MONEY: u128 = 1_000_000_000_000_000;

/// `voucher-cny`, `receivable-cny`.
#[must_use]
pub fn name(kind: &str, currency: &str) -> String {
    format!("{kind}-{}", currency.to_ascii_lowercase())
}

/// Settlement money of a currency: a bank's makers issue it on what stands in its settlement account,
/// its checkers approve, it alone redeems it, a court may freeze it.
#[must_use]
pub fn voucher(currency: Currency) -> Class {
    let bank = || vec!["bank".to_owned()];
    Class {
        name: name(VOUCHER, currency.as_str()),
        kind: Kind::Fungible,
        currency,
        issue: bank(),
        freeze: vec!["court".to_owned()],
        redeem: bank(),
        tiers: vec![Tier {
            up_to: None,
            approvals: vec![Requirement {
                role: "bank".to_owned(),
                count: 1,
            }],
            other_organisation: false,
        }],
        supply: Supply::Capped(Uint128::new(MOST_MONEY)),
        schema: Vec::new(),
        transfer_approvals: Vec::new(),
        manager: None,
    }
}

/// Receivables of a currency, which the contract of this name runs: banks get parts through it alone.
#[must_use]
pub fn receivable(currency: Currency, contract: &str) -> Class {
    let field = |name: &str, form, required| Field {
        name: name.to_owned(),
        form,
        required,
    };
    Class {
        name: name(RECEIVABLE, currency.as_str()),
        kind: Kind::Divisible,
        currency,
        issue: Vec::new(),
        freeze: vec!["court".to_owned()],
        redeem: Vec::new(),
        tiers: Vec::new(),
        supply: Supply::Fixed,
        schema: vec![
            field("receivable", Form::Text, true),
            field("buyer", Form::Text, true),
            field("due", Form::Date, true),
            field("document", Form::Digest, false),
        ],
        transfer_approvals: Vec::new(),
        manager: Some(Manager {
            contract: contract.to_owned(),
            guarded: vec!["bank".to_owned()],
        }),
    }
}

/// Both of every currency in [`CURRENCIES`].
///
/// # Panics
/// Never: the codes are constants.
#[must_use]
pub fn founding(receivable_contract: &str) -> Vec<Class> {
    let currencies = CURRENCIES.iter().map(|code| {
        Currency::parse(code).expect("invariant: the currencies' codes are of ISO 4217")
    });
    currencies
        .flat_map(|currency| [voucher(currency), receivable(currency, receivable_contract)])
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_founding_class_can_work() {
        let classes = founding("receivable");
        assert_eq!(classes.len(), 2 * CURRENCIES.len());
        for class in classes {
            blockworm_asset_issuance::check::check_class(&class).unwrap();
        }
    }
}
