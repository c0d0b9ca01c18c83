//! An organisation is taken in on an invitation alone, replaces its root, and is removed for good; each refusal has its code.

#![allow(clippy::unwrap_used)]

mod support;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use blockworm_crypto::{
    Algorithm, Digest, SecretKey,
    identity::{CertificateAuthority, Validity},
    sha256,
};
use blockworm_execution::{
    Action, MembershipAction, NewMember,
    invitation::{Acceptance, Invitation},
};
use serde_json::json;
use support::{
    Chain, START_MS, found,
    joining::{DAY, Joining, THREE, admit, answered, decide, propose, signed},
    key_of, mint, validity, vote,
};

#[test]
fn an_invited_organisation_acts_votes_and_keeps_the_ledger() {
    let mut chain = Chain::start(found());
    let fifth = Joining::new("fifth");
    let admission = fifth.admission(&chain, "platform/admin", 1);
    let receipt = decide(
        &mut chain,
        &admission,
        &["platform/admin", "bank/admin", "court/admin"],
    );
    assert_eq!(receipt.events.last().unwrap().kind, "accepted");
    let question = json!({ "organisation": { "id": "fifth" } });
    let record = chain.query("organisations", &question);
    assert_eq!(
        (&record["name"], &record["roles"]),
        (&json!("A Fifth"), &json!(["insurer"]))
    );
    let nodes = chain.query("ledger", &json!({ "nodes": {} }));
    assert_eq!(nodes[0]["key"], fifth.node.public_key().to_string());
    // What voters read: root, admin and node of the newcomer.
    let proposal = chain.query("proposals", &json!({ "proposal": { "number": 1 } }));
    let differences = proposal["differences"].as_array().unwrap();
    let whats: Vec<_> = differences
        .iter()
        .map(|one| one["what"].as_str().unwrap())
        .collect();
    assert_eq!(
        whats[..3],
        [
            "organisation fifth",
            "root certificate of fifth",
            "member fifth/admin"
        ]
    );
    let root = sha256(&[fifth.root.certificate()]).to_string();
    assert!(differences[1]["after"].as_str().unwrap().contains(&root));
    // Its admin acts with its own key, registers others, and its vote counts: four of five now.
    let clerk = chain.new_member_of(&fifth.root, "fifth", "clerk", &["maker"]);
    chain.must("fifth/admin", "members", &json!({ "register": clerk }));
    let add = Action::Membership(MembershipAction::AddValidator {
        key: fifth.node.public_key(),
    });
    decide(
        &mut chain,
        &add,
        &["fifth/admin", "bank/admin", "court/admin"],
    );
    let open = chain.query("proposals", &json!({ "proposal": { "number": 2 } }));
    assert_eq!(
        (&open["outcome"], &open["needed"]),
        (&json!("open"), &json!(4))
    );
    chain.must("notary/admin", "proposals", &vote(&chain, 2, true));
    let sets = chain.query("ledger", &json!({ "validators": {} }));
    assert_eq!(sets[1]["validators"].as_array().unwrap().len(), 2);
}

fn refused_with(chain: &mut Chain, cases: Vec<(&str, Action)>) {
    for (code, action) in cases {
        let refused = chain.refused("bank/admin", "proposals", &propose(&action));
        assert_eq!(refused.code, code, "{}", refused.message);
    }
}

#[test]
fn a_bad_invitation_is_refused_with_its_code() {
    let mut chain = Chain::start(found());
    let fifth = Joining::new("fifth");
    let inviter = key_of("platform/admin");
    let good = fifth.invitation(&chain, "platform/admin", 1);
    let by = |key: &SecretKey, invitation: Invitation| {
        let acceptance = fifth.acceptance(&invitation);
        admit(signed(invitation, key), answered(acceptance, &fifth.admin))
    };
    let change = |edit: &dyn Fn(&mut Invitation)| {
        let mut changed = good.clone();
        edit(&mut changed);
        by(&inviter, changed)
    };
    let inviter_unknown = "invitation.inviter_unknown";
    let cases = vec![
        ("invitation.forged", by(&key_of("stranger"), good.clone())),
        (
            inviter_unknown,
            change(&|i| i.inviter = "bank/maker".parse().unwrap()),
        ),
        (
            inviter_unknown,
            change(&|i| i.inviter = "fifth/admin".parse().unwrap()),
        ),
        (
            "invitation.other_ledger",
            change(&|i| i.ledgers[0].genesis = Digest([7; 32])),
        ),
        (
            "invitation.malformed",
            change(&|i| i.expires_at_ms += 90 * DAY),
        ),
        (
            "invitation.expired",
            change(&|i| i.expires_at_ms = START_MS),
        ),
        (
            "proposal.bad_roles",
            change(&|i| i.roles = vec!["b".into(), "a".into()]),
        ),
        ("proposal.bad_name", change(&|i| i.name = "\u{7}".into())),
        (
            "proposal.organisation_exists",
            change(&|i| i.organisation = "court".parse().unwrap()),
        ),
    ];
    refused_with(&mut chain, cases);
}

#[test]
fn a_bad_acceptance_is_refused_with_its_code() {
    let mut chain = Chain::start(found());
    let fifth = Joining::new("fifth");
    let good = fifth.invitation(&chain, "platform/admin", 1);
    let answer = fifth.acceptance(&good);
    let by = |key: &SecretKey, answer: Acceptance| {
        admit(
            signed(good.clone(), &key_of("platform/admin")),
            answered(answer, key),
        )
    };
    let change = |edit: &dyn Fn(&mut Acceptance)| {
        let mut changed = answer.clone();
        edit(&mut changed);
        by(&fifth.admin, changed)
    };
    let rogue = CertificateAuthority::create("fifth", "Root", Algorithm::Ed25519, validity());
    let rogue = rogue.unwrap().certificate().to_vec();
    let banks = chain.founded.authorities["bank"].certificate().to_vec();
    // The new admin with a key that is another member's: one could not be told from the other.
    let mut taken = Joining::new("fifth");
    taken.admin = key_of("court/admin");
    let of_taken = taken.acceptance(&good);
    let cases = vec![
        (
            "acceptance.other_invitation",
            change(&|a| a.invitation = Digest([1; 32])),
        ),
        ("acceptance.forged", by(&key_of("stranger"), answer.clone())),
        (
            "acceptance.not_an_admin",
            by(&fifth.admin, fifth.acceptance_of(&good, &["maker"])),
        ),
        ("member.duplicate_key", by(&taken.admin, of_taken)),
        (
            "certificate.bad_signature",
            change(&|a| a.root = rogue.clone()),
        ),
        (
            "certificate.organisation_mismatch",
            change(&|a| a.root = banks.clone()),
        ),
        (
            "proposal.bad_address",
            change(&|a| a.address = "0.0.0.0:9000".into()),
        ),
    ];
    refused_with(&mut chain, cases);
}

#[test]
fn an_invitation_counts_once() {
    let mut chain = Chain::start(found());
    let fifth = Joining::new("fifth");
    let admission = fifth.admission(&chain, "platform/admin", 1);
    chain.must("bank/admin", "proposals", &propose(&admission));
    // While it is open, and with another acceptance too.
    let again = chain.refused("court/admin", "proposals", &propose(&admission));
    assert_eq!(again.code, "invitation.used");
    // Rejected: it may be proposed again.
    chain.must("court/admin", "proposals", &vote(&chain, 1, false));
    chain.must("notary/admin", "proposals", &vote(&chain, 1, false));
    decide(&mut chain, &admission, &THREE);
    let remove = Action::RemoveOrganisation {
        organisation: "fifth".parse().unwrap(),
    };
    let four = [
        "bank/admin",
        "court/admin",
        "notary/admin",
        "platform/admin",
    ];
    decide(&mut chain, &remove, &four);
    let late = chain.refused("court/admin", "proposals", &propose(&admission));
    assert_eq!(late.code, "invitation.used");
    // Neither does the slug come back with a new invitation.
    let anew = fifth.admission(&chain, "platform/admin", 2);
    let late = chain.refused("court/admin", "proposals", &propose(&anew));
    assert_eq!(late.code, "proposal.organisation_exists");
}

#[test]
fn an_inviter_who_is_revoked_or_suspended_before_the_vote_admits_nobody() {
    let mut chain = Chain::start(found());
    let fifth = Joining::new("fifth");
    let admission = fifth.admission(&chain, "platform/admin", 1);
    chain.must("bank/admin", "proposals", &propose(&admission));
    chain.must("court/admin", "proposals", &vote(&chain, 1, true));
    let suspend = Action::Suspend {
        organisation: "platform".parse().unwrap(),
    };
    decide(&mut chain, &suspend, &THREE);
    let refused = chain.refused("notary/admin", "proposals", &vote(&chain, 1, true));
    assert_eq!(refused.code, "invitation.inviter_unknown");
}

#[test]
fn a_vote_for_another_change_under_the_same_number_is_refused() {
    let mut chain = Chain::start(found());
    let fifth = Joining::new("fifth");
    let shown = fifth.admission(&chain, "platform/admin", 1);
    // Somebody proposes the same invitation with an authority of his own making.
    let impostor = Joining::new("fifth").admission(&chain, "platform/admin", 1);
    chain.must("bank/admin", "proposals", &propose(&impostor));
    let vote = json!({ "vote": { "proposal": 1, "approve": true, "action": shown.digest() } });
    let refused = chain.refused("court/admin", "proposals", &vote);
    assert_eq!(refused.code, "proposal.other_action");
}

fn new_root(slug: &str, validity: Validity) -> Vec<u8> {
    let root = CertificateAuthority::create(slug, "Next Root", Algorithm::Ed25519, validity);
    root.unwrap().certificate().to_vec()
}

#[test]
fn a_root_is_replaced_by_its_own_organisation_and_members_stay() {
    let mut chain = Chain::start(found());
    let replaces = sha256(&[chain.founded.authorities["bank"].certificate()]);
    let set = |certificate: Vec<u8>| Action::SetAuthority {
        organisation: "bank".parse().unwrap(),
        certificate,
        replaces,
    };
    let next = set(new_root("bank", validity()));
    let foreign = chain.refused("court/admin", "proposals", &propose(&next));
    assert_eq!(foreign.code, "proposal.other_organisation");
    let court = set(new_root("court", validity()));
    let refused = chain.refused("bank/admin", "proposals", &propose(&court));
    assert_eq!(refused.code, "certificate.organisation_mismatch");
    let over = set(new_root(
        "bank",
        Validity {
            not_before_ms: START_MS - 2 * DAY,
            not_after_ms: START_MS - DAY,
        },
    ));
    let refused = chain.refused("bank/admin", "proposals", &propose(&over));
    assert_eq!(refused.code, "certificate.authority_expired");
    // Two at once: the second is decided, and the first has become another change than was read.
    let another = set(new_root("bank", validity()));
    chain.must("bank/admin", "proposals", &propose(&next));
    chain.must("court/admin", "proposals", &vote(&chain, 1, true));
    decide(&mut chain, &another, &THREE);
    let late = chain.refused("notary/admin", "proposals", &vote(&chain, 1, true));
    assert_eq!(late.code, "proposal.superseded");
    chain.must("bank/maker", "money", &mint("bank/maker", 5));
    let old = chain.new_member("bank", "clerk", &["maker"]);
    let refused = chain.refused("bank/admin", "members", &json!({ "register": old }));
    assert_ne!(refused.code, "ok");
}

#[test]
fn a_removed_organisation_is_refused_and_its_nodes_go_with_it() {
    let mut chain = Chain::start(found());
    let fifth = Joining::new("fifth");
    let admission = fifth.admission(&chain, "platform/admin", 1);
    decide(&mut chain, &admission, &THREE);
    let key = fifth.node.public_key();
    let add = Action::Membership(MembershipAction::AddValidator { key });
    let four = ["bank/admin", "court/admin", "notary/admin", "fifth/admin"];
    decide(&mut chain, &add, &four);
    let remove = |organisation: &str| Action::RemoveOrganisation {
        organisation: organisation.parse().unwrap(),
    };
    decide(
        &mut chain,
        &remove("fifth"),
        &[
            "bank/admin",
            "court/admin",
            "notary/admin",
            "platform/admin",
        ],
    );
    let sets = chain.query("ledger", &json!({ "validators": {} }));
    assert_eq!(sets[2]["validators"].as_array().unwrap().len(), 1);
    let nodes = chain.query("ledger", &json!({ "nodes": {} }));
    assert!(nodes[0]["dismissed_at"].is_u64());
    let refused = chain.refused("fifth/admin", "proposals", &vote(&chain, 3, true));
    assert_eq!(refused.code, "organisation.removed");
    let mut chain = chain.restart();
    let refused = chain.refused("fifth/admin", "proposals", &vote(&chain, 3, true));
    assert_eq!(refused.code, "organisation.removed");
    let reinstate = Action::Reinstate {
        organisation: "fifth".parse().unwrap(),
    };
    let refused = chain.refused("bank/admin", "proposals", &propose(&reinstate));
    assert_eq!(refused.code, "proposal.organisation_removed");
    // The bank's is the only validator.
    let refused = chain.refused("court/admin", "proposals", &propose(&remove("bank")));
    assert_eq!(refused.code, "proposal.last_validator");
}

#[test]
fn a_node_is_replaced_with_never_a_vote_less() {
    let mut chain = Chain::start(found());
    let chain_of = |chain: &Chain, organisation: &str, name: &str| {
        let order = blockworm_crypto::identity::Order {
            profile: blockworm_crypto::identity::Profile::Node,
            name: "node",
            functions: &[],
            hosts: &[],
        };
        let authority = &chain.founded.authorities[organisation];
        let key = key_of(name).public_key();
        authority.issue_as(&order, &key, validity()).unwrap()
    };
    let replace = |by: Vec<u8>| {
        Action::Membership(MembershipAction::ReplaceNode {
            key: key_of("validator").public_key(),
            by,
            address: "192.0.2.9:9000".to_owned(),
        })
    };
    let foreign = replace(chain_of(&chain, "court", "next"));
    let refused = chain.refused("bank/admin", "proposals", &propose(&foreign));
    assert_eq!(refused.code, "certificate.organisation_mismatch");
    let own = replace(chain_of(&chain, "bank", "validator"));
    let refused = chain.refused("bank/admin", "proposals", &propose(&own));
    assert_eq!(refused.code, "proposal.no_change");
    let next = replace(chain_of(&chain, "bank", "next"));
    decide(&mut chain, &next, &THREE);
    let sets = chain.query("ledger", &json!({ "validators": {} }));
    let keys: Vec<_> = sets
        .as_array()
        .unwrap()
        .iter()
        .map(|set| &set["validators"])
        .collect();
    assert_eq!(keys[1].as_array().unwrap().len(), 1);
    assert_eq!(keys[1][0]["key"], key_of("next").public_key().to_string());
    let membership = chain.executor.reader().membership().unwrap();
    assert_eq!(membership.admitted[0].key, key_of("next").public_key());
    assert_eq!(
        membership.dismissed[0].key,
        key_of("validator").public_key()
    );
}

#[test]
fn an_organisation_without_admins_gets_one_by_vote_on_its_own_authoritys_word() {
    let mut chain = Chain::start(found());
    let revoke = json!({ "revoke": { "member": "bank/admin", "reason": "keys lost" } });
    chain.must("bank/admin", "members", &revoke);
    let asked = |member: NewMember| Action::RegisterAdmin {
        organisation: "bank".parse().unwrap(),
        certificate: BASE64_STANDARD.decode(member.certificate).unwrap(),
        possession: member.possession,
    };
    let refused = |chain: &mut Chain, member: NewMember| {
        let receipt = chain.refused("court/admin", "proposals", &propose(&asked(member)));
        receipt.code
    };
    let clerk = chain.new_member("bank", "clerk", &["maker"]);
    assert_eq!(refused(&mut chain, clerk), "proposal.not_an_admin");
    let foreign = chain.new_member("court", "admin-2", &["admin"]);
    assert_eq!(
        refused(&mut chain, foreign),
        "certificate.organisation_mismatch"
    );
    let again = chain.new_member("bank", "admin", &["admin"]);
    assert_eq!(refused(&mut chain, again), "member.already_revoked");
    let next = chain.new_member("bank", "admin-2", &["admin"]);
    let mut forged = next.clone();
    forged.possession = chain.new_member("bank", "admin-3", &["admin"]).possession;
    assert_eq!(refused(&mut chain, forged), "member.possession_unproved");
    let three = ["court/admin", "notary/admin", "platform/admin"];
    decide(&mut chain, &asked(next), &three);
    let clerk = chain.new_member("bank", "clerk", &["maker"]);
    chain.must("bank/admin-2", "members", &json!({ "register": clerk }));
}
