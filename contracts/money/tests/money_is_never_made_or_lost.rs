//! Property: whatever members do, balances add up to the supply, and refusals change nothing.

#![allow(clippy::unwrap_used)]

use blockworm_kit::{
    Currency, KitQuery,
    testing::{Directory, TestDeps},
};
use blockworm_money::{ExecuteMsg, QueryMsg, execute, msg, query};
use cosmwasm_std::{
    Addr, Binary, MessageInfo, Response, Uint128, from_json, testing::mock_env, to_json_vec,
};
use proptest::prelude::*;

const MEMBERS: [&str; 4] = [
    "bank/maker",
    "bank/clerk",
    "platform/supplier-1",
    "court/judge",
];

fn deps() -> TestDeps {
    Directory::default()
        .with("bank/maker", &["bank"], &["maker"])
        .with("bank/clerk", &["bank"], &["operator"])
        .with("platform/supplier-1", &["platform"], &["maker"])
        .with("court/judge", &["court"], &[])
        .with("court/gone", &["court"], &[])
        .revoked("court/gone")
        .deps()
}

fn cny() -> Currency {
    Currency::parse("CNY").unwrap()
}

fn run(deps: &mut TestDeps, sender: &str, msg: ExecuteMsg) -> Result<Response, String> {
    let info = MessageInfo {
        sender: Addr::unchecked(sender),
        funds: vec![],
    };
    execute(deps.as_mut(), mock_env(), info, msg).map_err(|refusal| refusal.to_string())
}

fn issue(to: &str, amount: u128) -> ExecuteMsg {
    ExecuteMsg::Issue {
        to: to.into(),
        amount: Uint128::new(amount),
        currency: cny(),
    }
}

fn transfer(to: &str, amount: u128) -> ExecuteMsg {
    ExecuteMsg::Transfer {
        to: to.into(),
        amount: Uint128::new(amount),
        currency: cny(),
    }
}

fn balance(deps: &TestDeps, account: &str) -> u128 {
    let question = QueryMsg::Balance {
        account: account.into(),
        currency: cny(),
    };
    let answer = query(deps.as_ref(), mock_env(), question).unwrap();
    from_json::<msg::BalanceResponse>(answer)
        .unwrap()
        .amount
        .u128()
}

fn supply(deps: &TestDeps) -> u128 {
    let answer = query(
        deps.as_ref(),
        mock_env(),
        QueryMsg::Supply { currency: cny() },
    )
    .unwrap();
    from_json::<msg::SupplyResponse>(answer)
        .unwrap()
        .amount
        .u128()
}

fn code(outcome: Result<Response, String>) -> String {
    outcome.unwrap_err().split(": ").next().unwrap().to_owned()
}

#[test]
fn each_refusal_has_its_code() {
    let mut deps = deps();
    run(&mut deps, "bank/maker", issue("bank/maker", 100)).unwrap();
    let cases = [
        ("nobody/x", issue("bank/maker", 1), "caller.not_a_member"),
        ("court/gone", issue("bank/maker", 1), "caller.inactive"),
        (
            "platform/supplier-1",
            issue("bank/maker", 1),
            "caller.missing_role",
        ),
        (
            "bank/clerk",
            issue("bank/maker", 1),
            "caller.missing_function",
        ),
        ("bank/maker", issue("bank/maker", 0), "money.zero_amount"),
        (
            "bank/maker",
            issue("bank/nobody", 1),
            "money.unknown_account",
        ),
        (
            "bank/maker",
            issue("court/gone", 1),
            "money.inactive_account",
        ),
        (
            "bank/maker",
            issue("bank/maker", u128::MAX),
            "money.supply_overflow",
        ),
        (
            "bank/maker",
            transfer("court/judge", 0),
            "money.zero_amount",
        ),
        (
            "bank/maker",
            transfer("receivable", 1),
            "money.unknown_account",
        ),
        (
            "bank/maker",
            transfer("court/gone", 1),
            "money.inactive_account",
        ),
        (
            "bank/maker",
            transfer("court/judge", 101),
            "money.insufficient_funds",
        ),
        (
            "court/judge",
            transfer("bank/maker", 1),
            "money.insufficient_funds",
        ),
    ];
    for (sender, message, wanted) in cases {
        assert_eq!(code(run(&mut deps, sender, message)), wanted);
        assert_eq!(balance(&deps, "bank/maker"), 100);
        assert_eq!(supply(&deps), 100);
    }
}

#[test]
fn sending_moves_the_units_and_calls_the_contract() {
    let mut deps = deps();
    run(&mut deps, "bank/maker", issue("bank/maker", 100)).unwrap();
    let send = ExecuteMsg::Send {
        contract: "receivable".into(),
        amount: Uint128::new(60),
        currency: cny(),
        payload: Binary::from(b"{}"),
    };
    let response = run(&mut deps, "bank/maker", send).unwrap();
    assert_eq!(response.messages.len(), 1);
    assert_eq!(balance(&deps, "bank/maker"), 40);
    assert_eq!(balance(&deps, "receivable"), 60);
}

proptest! {
    #[test]
    fn balances_add_up_to_the_supply(
        steps in proptest::collection::vec((any::<bool>(), 0..4usize, 0..4usize, 0..500u128), 0..60)
    ) {
        let mut deps = deps();
        for (minting, from, to, amount) in steps {
            let before: Vec<u128> = MEMBERS.iter().map(|member| balance(&deps, member)).collect();
            let message =
                if minting { issue(MEMBERS[to], amount) } else { transfer(MEMBERS[to], amount) };
            let refused = run(&mut deps, MEMBERS[from], message).is_err();
            let after: Vec<u128> = MEMBERS.iter().map(|member| balance(&deps, member)).collect();
            if refused {
                prop_assert_eq!(&before, &after);
            }
            prop_assert_eq!(after.iter().sum::<u128>(), supply(&deps));
        }
    }

    #[test]
    fn no_bytes_make_the_decoders_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = from_json::<ExecuteMsg>(&bytes);
        let _ = from_json::<QueryMsg>(&bytes);
        let _ = from_json::<KitQuery>(&bytes);
        let _ = from_json::<blockworm_kit::ReceiveMsg>(&bytes);
    }
}

#[test]
fn messages_read_as_people_write_them() {
    let text = r#"{"transfer":{"to":"court/judge","amount":"5","currency":"CNY"}}"#;
    assert_eq!(
        from_json::<ExecuteMsg>(text).unwrap(),
        transfer("court/judge", 5)
    );
    assert_eq!(
        String::from_utf8(to_json_vec(&transfer("court/judge", 5)).unwrap()).unwrap(),
        text
    );
    let extra = r#"{"transfer":{"to":"court/judge","amount":"5","currency":"CNY","memo":""}}"#;
    assert!(from_json::<ExecuteMsg>(extra).is_err());
}
