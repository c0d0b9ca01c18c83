//! Who may send what and when: every check before a contract, and the members contract itself.

#![allow(clippy::unwrap_used)]

mod support;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use blockworm_crypto::{
    Algorithm, SecretKey,
    identity::{CertificateAuthority, Validity},
};
use blockworm_execution::{OrganisationRecord, Refusal};
use blockworm_ledger::{LedgerId, Transaction, TransactionBody, transaction::TransactionView};
use serde_json::json;
use std::sync::Arc;
use support::{Chain, FOUNDERS, START_MS, STEP_MS, found, issue, key_of, mint, pay, validity};

fn admission(chain: &Chain, transaction: &Transaction) -> Result<(), Refusal> {
    let bytes = transaction.encode();
    let view = TransactionView::parse(&bytes).unwrap();
    chain
        .executor
        .admission()
        .check(&view, chain.time_ms() + STEP_MS)
}

/// Refused on arrival and in a block alike, without a trace.
fn refused(chain: &mut Chain, body: TransactionBody, key: &SecretKey, wanted: &str) {
    let transaction = body.sign(key);
    let before = chain.state.root();
    let refusal = admission(chain, &transaction).unwrap_err();
    assert_eq!(refusal.code, wanted);
    let receipt = chain.commit(&[transaction]).remove(0);
    assert_eq!(
        (receipt.code, receipt.message),
        (refusal.code, refusal.message)
    );
    assert_eq!(receipt.cost, 0);
    assert_eq!(chain.state.root(), before);
}

#[test]
fn the_checks_come_in_their_order() {
    let mut chain = Chain::start(found());
    let maker = key_of("bank/maker");
    let message = mint("bank/maker", 1);
    let mut body = chain.body("bank/maker", "money", &message);
    body.ledger = LedgerId([7; 16]);
    body.expires_at_ms = 0;
    refused(&mut chain, body, &maker, "transaction.wrong_ledger");
    let mut body = chain.body("bank/nobody", "money", &message);
    body.expires_at_ms = chain.time_ms() + STEP_MS;
    refused(&mut chain, body, &maker, "transaction.expired");
    let mut body = chain.body("bank/nobody", "money", &message);
    body.expires_at_ms = chain.time_ms() + STEP_MS + 120_001;
    refused(&mut chain, body, &maker, "transaction.expiry_too_far");
    let body = chain.body("bank/nobody", "nothing", &message);
    refused(&mut chain, body, &key_of("bank/nobody"), "member.unknown");
    let body = chain.body("nobody/maker", "nothing", &message);
    refused(&mut chain, body, &key_of("nobody/maker"), "member.unknown");
    let mut body = chain.body("bank/maker", "nothing", &message);
    body.key = key_of("bank/maker-2").public_key();
    refused(
        &mut chain,
        body,
        &key_of("bank/maker-2"),
        "member.key_mismatch",
    );
    let body = chain.body("bank/maker", "nothing", &message);
    refused(&mut chain, body, &maker, "contract.unknown");
    let mut body = chain.body("bank/maker", "money", &message);
    body.expires_at_ms = chain.time_ms() + STEP_MS + 120_000;
    assert_eq!(chain.commit(&[body.sign(&maker)])[0].code, "ok");
}

#[test]
fn a_revoked_member_is_refused_from_the_next_block_on() {
    let mut chain = Chain::start(found());
    chain.must("bank/maker", "money", &mint("bank/maker", 100));
    let revoke = json!({"revoke": {"member": "bank/maker", "reason": "left"}});
    let revoke = Chain::sign(chain.body("bank/admin", "members", &revoke));
    let same_block = Chain::sign(chain.body("bank/maker", "money", &pay("court/admin", 1)));
    let receipts = chain.commit(&[revoke, same_block]);
    assert_eq!(receipts[0].code, "ok");
    assert_eq!(
        receipts[1].code, "ok",
        "a revocation takes effect at the next block"
    );
    let body = chain.body("bank/maker", "money", &pay("court/admin", 1));
    refused(&mut chain, body, &key_of("bank/maker"), "member.revoked");
    let mut chain = chain.restart();
    let body = chain.body("bank/maker", "money", &pay("court/admin", 1));
    refused(&mut chain, body, &key_of("bank/maker"), "member.revoked");
    let revoke = json!({"revoke": {"member": "bank/maker", "reason": ""}});
    assert_eq!(
        chain.refused("bank/admin", "members", &revoke).code,
        "member.already_revoked"
    );
    let renewed = chain.new_member("bank", "maker", &["maker"]);
    let renew = json!({"renew": renewed});
    assert_eq!(
        chain.refused("bank/admin", "members", &renew).code,
        "member.already_revoked"
    );
}

#[test]
fn a_registered_member_acts_from_the_next_block_on() {
    let mut chain = Chain::start(found());
    let clerk = chain.new_member("bank", "clerk", &["operator", "maker"]);
    let register = Chain::sign(chain.body("bank/admin", "members", &json!({"register": clerk})));
    let same_block = Chain::sign(chain.body("bank/clerk", "money", &mint("bank/clerk", 5)));
    let receipts = chain.commit(&[register, same_block]);
    assert_eq!(receipts[0].code, "ok");
    assert_eq!(receipts[0].events[0].subject, "bank/clerk");
    assert_eq!(
        receipts[0].events[0].attribute("functions"),
        Some("maker operator")
    );
    assert_eq!(receipts[1].code, "member.unknown");
    chain.must("bank/clerk", "money", &mint("bank/clerk", 5));
    let register = json!({"register": chain.new_member("bank", "clerk", &["operator"])});
    assert_eq!(
        chain.refused("bank/admin", "members", &register).code,
        "member.already_registered"
    );
    let member = chain.query("members", &json!({"member": {"id": "bank/clerk"}}));
    assert_eq!(member["functions"], json!(["maker", "operator"]));
}

#[test]
fn a_renewal_replaces_key_and_functions() {
    let mut chain = Chain::start(found());
    let new_key = key_of("a new key");
    let authority = &chain.founded.authorities["bank"];
    let der = issue(
        authority,
        "bank",
        "maker",
        &["operator"],
        &new_key.public_key(),
    );
    let renew = json!({"renew": chain.possession(&der, &new_key)});
    chain.must("bank/admin", "members", &renew);
    let body = chain.body("bank/maker", "money", &mint("bank/maker", 1));
    refused(
        &mut chain,
        body,
        &key_of("bank/maker"),
        "member.key_mismatch",
    );
    let mut body = chain.body("bank/maker", "money", &mint("bank/maker", 1));
    body.key = new_key.public_key();
    assert_eq!(
        chain.commit(&[body.sign(&new_key)])[0].code,
        "caller.missing_function"
    );
    let stranger = json!({"renew": chain.new_member("bank", "stranger", &[])});
    assert_eq!(
        chain.refused("bank/admin", "members", &stranger).code,
        "member.not_registered"
    );
}

#[test]
fn only_an_admin_of_the_same_organisation_registers_and_revokes() {
    let mut chain = Chain::start(found());
    let clerk = json!({"register": chain.new_member("bank", "clerk", &[])});
    assert_eq!(
        chain.refused("bank/maker", "members", &clerk).code,
        "member.not_an_admin"
    );
    let refusal = chain.refused("court/admin", "members", &clerk);
    assert_eq!(refusal.code, "certificate.organisation_mismatch");
    let revoke = json!({"revoke": {"member": "bank/maker", "reason": "x"}});
    assert_eq!(
        chain.refused("court/admin", "members", &revoke).code,
        "member.other_organisation"
    );
    let revoke = json!({"revoke": {"member": "bank/nobody", "reason": "x"}});
    assert_eq!(
        chain.refused("bank/admin", "members", &revoke).code,
        "member.not_registered"
    );
    let long = json!({"revoke": {"member": "bank/maker", "reason": "x".repeat(257)}});
    assert_eq!(
        chain.refused("bank/admin", "members", &long).code,
        "member.reason_too_long"
    );
}

#[test]
fn a_certificate_is_validated_once_and_a_key_must_be_held() {
    let mut chain = Chain::start(found());
    let rogue = CertificateAuthority::create("bank", "CA", Algorithm::Ed25519, validity()).unwrap();
    let forged = json!({"register": chain.new_member_of(&rogue, "bank", "clerk", &[])});
    assert_eq!(
        chain.refused("bank/admin", "members", &forged).code,
        "certificate.bad_signature"
    );

    let key = key_of("bank/clerk");
    let authority = &chain.founded.authorities["bank"];
    let der = issue(authority, "bank", "clerk", &["maker"], &key.public_key());
    let stolen = json!({"register": chain.possession(&der, &key_of("thief"))});
    let expired = Validity {
        not_before_ms: START_MS - 10_000,
        not_after_ms: START_MS - 5_000,
    };
    let subject = blockworm_crypto::identity::MemberSubject {
        organisation: "bank".into(),
        name: "clerk".into(),
        functions: vec![],
    };
    let old = authority
        .issue(&subject, &key.public_key(), expired)
        .unwrap();
    let old = json!({"register": chain.possession(&old, &key)});
    let mut garbage = chain.new_member("bank", "clerk", &[]);
    garbage.certificate = BASE64_STANDARD.encode("not a certificate");
    let garbage = json!({"register": garbage});
    let refusal = chain.refused("bank/admin", "members", &stolen);
    assert_eq!(refusal.code, "member.possession_unproved");
    assert_eq!(
        chain.refused("bank/admin", "members", &old).code,
        "certificate.expired"
    );
    assert_eq!(
        chain.refused("bank/admin", "members", &garbage).code,
        "certificate.malformed"
    );
    let empty = json!({"register_many": {"members": []}});
    assert_eq!(
        chain.refused("bank/admin", "members", &empty).code,
        "member.bad_count"
    );
}

#[test]
fn several_members_are_registered_all_or_none() {
    let mut chain = Chain::start(found());
    let good: Vec<_> = (0..20)
        .map(|n| chain.new_member("platform", &format!("shop-{n}"), &[]))
        .collect();
    let mut one_known = good.clone();
    one_known.push(chain.new_member("platform", "buyer-1", &[]));
    let refusal = chain.refused(
        "platform/admin",
        "members",
        &json!({"register_many": {"members": one_known}}),
    );
    assert_eq!(refusal.code, "member.already_registered");
    let receipt = chain.must(
        "platform/admin",
        "members",
        &json!({"register_many": {"members": good}}),
    );
    assert_eq!(receipt.events.len(), 20);
    let page = json!({"list": {"organisation": "platform", "start_after": "platform/shop-8"}});
    let page = chain.query("members", &page);
    assert_eq!(page[0]["id"], "platform/shop-9");
    assert_eq!(page.as_array().unwrap().len(), 2, "shop-9 and supplier-1");
}

#[test]
fn as_many_members_as_a_message_may_hold_are_within_the_usual_price() {
    let mut chain = Chain::start(found());
    let name = |n: usize| format!("{}-{n:02}", "a-rather-long-pseudonym-of-a-shop");
    let functions = ["maker", "checker", "operator"];
    // Chains of two are what members usually have.
    let key = key_of("the issuing authority");
    let root = &chain.founded.authorities["platform"];
    let below = root.issue_authority("Platform issuing 1", &key.public_key(), validity());
    let issuing = CertificateAuthority::open_issuing(below.unwrap(), Arc::new(key)).unwrap();
    let mut many = |count: usize| {
        let members: Vec<_> = (0..count)
            .map(|n| chain.new_member_of(&issuing, "platform", &name(n), &functions))
            .collect();
        let message = json!({"register_many": {"members": members}});
        chain.ask("platform/admin", "members", &message).code
    };
    assert_eq!(many(33), "member.bad_count");
    assert_eq!(many(32), "ok");
}

#[test]
fn a_ca_that_certifies_a_role_gains_nothing() {
    let mut chain = Chain::start(found());
    // The court's CA may give functions, and it names its member "bank": no role comes of it.
    let member = chain.new_member("court", "bank", &["maker", "checker", "operator", "admin"]);
    chain.must("court/admin", "members", &json!({"register": member}));
    let refusal = chain.refused("court/bank", "money", &mint("court/bank", 1_000));
    assert_eq!(refusal.code, "caller.missing_role");
    // A role written where functions stand is no certificate at all.
    let subject = blockworm_crypto::identity::MemberSubject {
        organisation: "court".into(),
        name: "judge".into(),
        functions: vec!["bank".into()],
    };
    let key = key_of("court/judge").public_key();
    let issued = chain.founded.authorities["court"].issue(&subject, &key, validity());
    assert!(issued.is_err());
    // Neither is a certificate in the name of another organisation.
    let other = chain.new_member_of(&chain.founded.authorities["bank"], "bank", "mole", &[]);
    let refusal = chain.refused("court/admin", "members", &json!({"register": other}));
    assert_eq!(refusal.code, "certificate.organisation_mismatch");
    let organisation = chain.query("organisations", &json!({"organisation": {"id": "court"}}));
    assert_eq!(organisation["roles"], json!(["court"]));
}

#[test]
fn a_member_outlives_its_certificate_as_a_record_only() {
    let mut chain = Chain::start(found());
    let key = key_of("bank/temp");
    let short = Validity {
        not_before_ms: START_MS,
        not_after_ms: START_MS + 3 * STEP_MS,
    };
    let subject = blockworm_crypto::identity::MemberSubject {
        organisation: "bank".into(),
        name: "temp".into(),
        functions: vec!["maker".into()],
    };
    let der = chain.founded.authorities["bank"]
        .issue(&subject, &key.public_key(), short)
        .unwrap();
    chain.must(
        "bank/admin",
        "members",
        &json!({"register": chain.possession(&der, &key)}),
    );
    chain.must("bank/temp", "money", &mint("bank/temp", 1));
    chain.commit(&[]);
    chain.commit(&[]);
    let body = chain.body("bank/temp", "money", &mint("bank/temp", 1));
    refused(&mut chain, body, &key, "member.expired");
}

#[test]
fn members_of_a_suspended_organisation_are_refused() {
    let chain = Chain::start(found());
    // No vote suspends an organisation yet, so the record is written by hand.
    let key = [1u32.to_be_bytes().as_slice(), b"bank"].concat();
    let bytes = chain.state.get(&key).unwrap().unwrap();
    let mut record: OrganisationRecord = borsh::from_slice(&bytes).unwrap();
    record.suspended_at = Some(1);
    let writes = [(key, Some(borsh::to_vec(&record).unwrap()))].into();
    chain.state.stage(1, writes).unwrap();
    chain.state.commit(1, Vec::new()).unwrap();
    let mut chain = chain.restart();
    let body = chain.body("bank/maker", "money", &mint("bank/maker", 1));
    refused(
        &mut chain,
        body,
        &key_of("bank/maker"),
        "organisation.suspended",
    );
    let to_bank = chain.refused("court/admin", "money", &pay("bank/maker", 1));
    assert_eq!(to_bank.code, "money.inactive_account");
}

#[test]
fn the_systems_contracts_answer() {
    let chain = Chain::start(found());
    let organisations = chain.query("organisations", &json!({"list": {}}));
    let ids: Vec<_> = organisations
        .as_array()
        .unwrap()
        .iter()
        .map(|o| o["id"].clone())
        .collect();
    assert_eq!(ids, FOUNDERS.map(|(slug, _)| json!(slug)));
    let contracts = chain.query("contracts", &json!({"list": {}}));
    let money = contracts
        .as_array()
        .unwrap()
        .iter()
        .find(|c| c["name"] == "money")
        .unwrap();
    assert_eq!(
        money,
        &json!({"name": "money", "id": 16, "code": "money@1"})
    );
    let digest = chain.query("ledger", &json!({"genesis": {}}));
    assert_eq!(digest, json!(chain.founded.genesis.digest().to_string()));
    let parameters = chain.query("ledger", &json!({"parameters": {}}));
    assert_eq!(parameters["root_lag"], 4);
    assert_eq!(
        chain.query("members", &json!({"member": {"id": "no/body"}})),
        json!(null)
    );
    let reader = chain.executor.reader();
    let refusal = reader.query("nothing", b"{}").unwrap_err();
    assert_eq!(refusal.code, "contract.unknown");
    assert_eq!(
        reader.query("money", b"{}").unwrap_err().code,
        "contract.bad_message"
    );
    assert_eq!(
        reader.query("members", b"\xff").unwrap_err().code,
        "contract.bad_message"
    );
}

#[test]
fn only_members_have_messages_among_the_systems_contracts() {
    let mut chain = Chain::start(found());
    for contract in ["organisations", "contracts", "ledger"] {
        let grant = json!({"grant": {"organisation": "court", "role": "bank"}});
        assert_eq!(
            chain.refused("court/admin", contract, &grant).code,
            "contract.bad_message"
        );
    }
}

#[test]
fn a_member_renews_its_own_certificate_and_gains_nothing_by_it() {
    let mut chain = Chain::start(found());
    let new_key = key_of("the makers next key");
    let renewal = |chain: &Chain, name: &str, functions: &[&str], key: &SecretKey| {
        let authority = &chain.founded.authorities["bank"];
        let der = issue(authority, "bank", name, functions, &key.public_key());
        json!({"renew": chain.possession(&der, key)})
    };
    let more = renewal(&chain, "maker", &["maker", "admin"], &new_key);
    assert_eq!(
        chain.refused("bank/maker", "members", &more).code,
        "member.more_functions"
    );
    let others = renewal(&chain, "maker-2", &["maker"], &new_key);
    assert_eq!(
        chain.refused("bank/maker", "members", &others).code,
        "member.not_an_admin"
    );
    let own = renewal(&chain, "maker", &["maker"], &new_key);
    chain.must("bank/maker", "members", &own);
    let body = chain.body("bank/maker", "money", &mint("bank/maker", 1));
    refused(
        &mut chain,
        body,
        &key_of("bank/maker"),
        "member.key_mismatch",
    );
    let mut body = chain.body("bank/maker", "money", &mint("bank/maker", 1));
    body.key = new_key.public_key();
    assert_eq!(chain.commit(&[body.sign(&new_key)])[0].code, "ok");
}

#[test]
fn a_key_is_one_members_for_ever() {
    let mut chain = Chain::start(found());
    let certified = |chain: &Chain, name: &str, key: &SecretKey| {
        let authority = &chain.founded.authorities["bank"];
        let der = issue(authority, "bank", name, &["maker"], &key.public_key());
        chain.possession(&der, key)
    };
    // Of the genesis, of another organisation's member, and of one that has another key by now.
    let theirs = certified(&chain, "clerk", &key_of("bank/maker"));
    let register = json!({"register": theirs});
    assert_eq!(
        chain.refused("bank/admin", "members", &register).code,
        "member.duplicate_key"
    );
    let theirs = certified(&chain, "clerk", &key_of("court/admin"));
    let register = json!({"register": theirs});
    assert_eq!(
        chain.refused("bank/admin", "members", &register).code,
        "member.duplicate_key"
    );
    let next = certified(&chain, "maker", &key_of("next"));
    chain.must("bank/admin", "members", &json!({"renew": next}));
    let old = certified(&chain, "clerk", &key_of("bank/maker"));
    let both = json!({"register_many": {"members": [
        certified(&chain, "other", &key_of("other")), old,
    ]}});
    assert_eq!(
        chain.refused("bank/admin", "members", &both).code,
        "member.duplicate_key"
    );
    // The member itself may go back to it.
    let back = certified(&chain, "maker", &key_of("bank/maker"));
    chain.must("bank/admin", "members", &json!({"renew": back}));
    let fresh = certified(&chain, "clerk", &key_of("bank/clerk"));
    chain.must("bank/admin", "members", &json!({"register": fresh}));
}
