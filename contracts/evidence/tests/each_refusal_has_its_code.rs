//! Refusals that no standing decides: words, digests, times, counts, parties, limits, relations and pages.

#![allow(clippy::unwrap_used)]

mod support;

use blockworm_evidence::{
    Deposit, ExecuteMsg, QueryMsg, execute,
    msg::{CAPTURE_TOLERANCE_MS, MAX_RETENTION_MS},
    state::{Entry, Matter, Relation, RelationKind},
};
use cosmwasm_std::Uint64;
use support::{
    COURT, HOUR, MATTER, NOTARY, OPENER, PARTY, PARTY_COURT, PARTY_NOTARY, START, STRANGER, Scene,
    code, deposit, digest, file, info, message,
};

/// A deposit with one thing changed.
fn changed(change: impl FnOnce(&mut Deposit)) -> ExecuteMsg {
    let mut one = file(MATTER, 1);
    change(&mut one);
    // A good one before it: all or nothing.
    ExecuteMsg::Deposit {
        deposits: vec![file("another", 7), one],
    }
}

#[test]
fn deposits_that_do_not_fit_have_their_codes() {
    let at = |time_ms| changed(|one| one.captured_ms = Uint64::new(time_ms));
    let cases = [
        (
            changed(|one| one.matter = String::new()),
            "evidence.bad_matter",
        ),
        (
            changed(|one| one.matter = "Steel".into()),
            "evidence.bad_matter",
        ),
        (
            changed(|one| one.matter = "a".repeat(65)),
            "evidence.bad_matter",
        ),
        (
            changed(|one| one.phase = "two words".into()),
            "evidence.bad_word",
        ),
        (changed(|one| one.kind = String::new()), "evidence.bad_word"),
        (
            changed(|one| one.method = "x".repeat(33)),
            "evidence.bad_word",
        ),
        (changed(|one| one.kind = "a\nb".into()), "evidence.bad_word"),
        (
            changed(|one| one.commitment = "AB".repeat(32)),
            "evidence.bad_digest",
        ),
        (
            changed(|one| one.capture = "ab".into()),
            "evidence.bad_digest",
        ),
        (changed(|one| one.size = Uint64::zero()), "evidence.empty"),
        (at(0), "evidence.bad_time"),
        (at(START + CAPTURE_TOLERANCE_MS + 1), "evidence.bad_time"),
        (at(u64::MAX), "evidence.bad_time"),
        (deposit(&[]), "evidence.bad_count"),
        (deposit(&(1..=65).collect::<Vec<_>>()), "evidence.bad_count"),
        (deposit(&[3, 4, 3]), "evidence.already_deposited"),
        (at(START + CAPTURE_TOLERANCE_MS), "ok"),
        (at(1), "evidence.already_deposited"),
    ];
    let mut scene = Scene::new();
    for (message, wanted) in cases {
        let before = scene.stored();
        assert_eq!(scene.code(OPENER, message.clone()), wanted, "{message:?}");
        assert_eq!(before == scene.stored(), wanted != "ok", "all or nothing");
    }
    assert_eq!(scene.code("nobody/x", deposit(&[9])), "caller.not_a_member");
    assert_eq!(scene.code("bank/gone", deposit(&[9])), "caller.inactive");
    assert_eq!(scene.code(PARTY, deposit(&[9])), "evidence.not_a_party");
    let refusal = scene.run(OPENER, deposit(&[1])).unwrap_err();
    assert!(refusal.ends_with("as entry 1"), "{refusal}");
    // The same file in another matter says nothing of the first.
    let elsewhere = vec![file("elsewhere", 1)];
    scene.must(
        STRANGER,
        ExecuteMsg::Deposit {
            deposits: elsewhere,
        },
    );
}

#[test]
fn without_a_transaction_nothing_is_written() {
    let mut scene = Scene::new();
    let mut env = scene.env.clone();
    env.transaction = None;
    let refusal = execute(scene.deps.as_mut(), env, info(OPENER), deposit(&[1])).unwrap_err();
    assert_eq!(code(&refusal.to_string()), "evidence.no_transaction");
    assert!(scene.stored().is_empty());
}

#[test]
fn matters_are_opened_once_and_for_known_parties() {
    let open = |matter: &str, parties: &[&str]| ExecuteMsg::Open {
        matter: matter.into(),
        parties: parties.iter().map(ToString::to_string).collect(),
    };
    let many: Vec<String> = (0..16).map(|number| format!("party-{number}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let mut scene = Scene::new();
    let cases = [
        ("nobody/x", open("m", &[]), "caller.not_a_member"),
        (OPENER, open("M", &[]), "evidence.bad_matter"),
        (OPENER, open("m", &["bank", "bank"]), "evidence.bad_parties"),
        (OPENER, open("m", &["Bank"]), "evidence.bad_parties"),
        (OPENER, open("m", &[""]), "evidence.bad_parties"),
        (OPENER, open("m", &many), "evidence.bad_parties"),
        (OPENER, open("m", &["platform", "bank"]), "ok"),
        (STRANGER, open("m", &[]), "evidence.matter_exists"),
        (OPENER, open("alone", &[]), "ok"),
        (OPENER, open("many", &many[..15]), "ok"),
    ];
    for (sender, message, wanted) in cases {
        assert_eq!(scene.code(sender, message.clone()), wanted, "{message:?}");
    }
    let matters: Vec<Matter> = scene.ask(QueryMsg::Matters {
        start_after: None,
        limit: None,
    });
    let parties: Vec<usize> = matters.iter().map(|matter| matter.parties.len()).collect();
    assert_eq!(parties, [1, 2, 16]);
    let after: Vec<Matter> = scene.ask(QueryMsg::Matters {
        start_after: Some("alone".into()),
        limit: Some(1),
    });
    assert_eq!(after[0].id, "m");
    assert_eq!(after[0].parties, ["bank", "platform"]);
}

#[test]
fn words_about_entries_are_checked_before_the_matter() {
    let attest = |entry, statement: &str, findings: Option<&str>| ExecuteMsg::Attest {
        matter: MATTER.into(),
        entry,
        statement: statement.into(),
        findings: findings.map(String::from),
    };
    let dispute = |entry, document: &str| ExecuteMsg::Dispute {
        matter: MATTER.into(),
        entry,
        document: document.into(),
    };
    let decide = |act, outcome: &str, document: &str| ExecuteMsg::Decide {
        matter: MATTER.into(),
        dispute: act,
        outcome: outcome.into(),
        document: document.into(),
    };
    let order = |document: &str| ExecuteMsg::Hold {
        matter: MATTER.into(),
        document: document.into(),
    };
    let withdraw = |attestation| ExecuteMsg::Withdraw {
        matter: MATTER.into(),
        attestation,
    };
    let erase = |entry| ExecuteMsg::Erase {
        matter: MATTER.into(),
        entry,
    };
    let good = digest(9);
    let mut scene = Scene::opened();
    scene.must(PARTY, dispute(2, &good));
    let cases = [
        (NOTARY, attest(1, "Seen", None), "evidence.bad_word"),
        (NOTARY, attest(1, "seen", Some("0")), "evidence.bad_digest"),
        (NOTARY, attest(3, "seen", None), "evidence.unknown_entry"),
        (NOTARY, attest(0, "seen", None), "evidence.unknown_entry"),
        (NOTARY, withdraw(2), "evidence.unknown_attestation"),
        (PARTY, dispute(1, "0"), "evidence.bad_digest"),
        (PARTY, dispute(3, &good), "evidence.unknown_entry"),
        (COURT, decide(1, "", &good), "evidence.bad_word"),
        (COURT, decide(1, "upheld", ""), "evidence.bad_digest"),
        (COURT, decide(2, "upheld", &good), "evidence.no_dispute"),
        (COURT, decide(1, "upheld", &good), "ok"),
        (COURT, decide(1, "upheld", &good), "evidence.no_dispute"),
        (COURT, order("x"), "evidence.bad_digest"),
        (OPENER, erase(3), "evidence.unknown_entry"),
    ];
    for (sender, message, wanted) in cases {
        assert_eq!(scene.code(sender, message.clone()), wanted, "{message:?}");
    }
    let decided = scene.acts().pop().unwrap();
    assert_eq!((decided.entry, decided.of), (Some(2), Some(1)));
    assert_eq!(decided.outcome.as_deref(), Some("upheld"));
}

#[test]
fn a_retention_only_becomes_longer() {
    let retain = |until_ms| ExecuteMsg::Retain {
        matter: MATTER.into(),
        until_ms: Uint64::new(until_ms),
    };
    let mut scene = Scene::opened();
    let cases = [
        (retain(0), "evidence.bad_retention"),
        (retain(START), "evidence.bad_retention"),
        (
            retain(START + MAX_RETENTION_MS + 1),
            "evidence.bad_retention",
        ),
        (retain(START + HOUR), "ok"),
        (retain(START + HOUR), "evidence.bad_retention"),
        (retain(START + HOUR - 1), "evidence.bad_retention"),
        (retain(START + HOUR + 1), "ok"),
        (retain(START + MAX_RETENTION_MS), "ok"),
    ];
    for (message, wanted) in cases {
        assert_eq!(scene.code(PARTY, message.clone()), wanted, "{message:?}");
    }
}

#[test]
fn a_vote_says_who_attests() {
    let mut scene = Scene::opened();
    let voted = vec!["auditor".to_owned(), "platform".to_owned()];
    scene.deps.querier.policies.insert("attest".into(), voted);
    let members = &mut scene.deps.querier.members;
    let stranger = members.get_mut(STRANGER).unwrap();
    stranger.roles = vec!["auditor".into(), "bank".into()];
    assert_eq!(scene.code(NOTARY, message("attest")), "caller.missing_role");
    assert_eq!(scene.code(OPENER, message("attest")), "evidence.interested");
    scene.must(STRANGER, message("attest"));
    let roles: Vec<String> = scene.attestations().into_iter().map(|a| a.role).collect();
    assert_eq!(roles, ["notary", "auditor"]);
    // Who attested before may take it back, whatever was voted since.
    scene.must("notary/other", message("withdraw"));
    assert_eq!(
        scene.attestations()[0].withdrawn,
        Some(scene.env.block.height)
    );
}

/// Or whoever opens a matter could keep every court out of it.
#[test]
fn who_was_only_named_may_be_the_notary_or_court_and_is_no_party_then() {
    let mut scene = Scene::opened();
    let parties = |scene: &Scene| scene.matter().unwrap().parties;
    let all = ["bank", "house-court", "house-notary", "platform"];
    assert_eq!(parties(&scene), all);
    let response = scene.must(PARTY_COURT, message("hold"));
    let kinds: Vec<&str> = response.events.iter().map(|e| e.ty.as_str()).collect();
    assert_eq!(kinds, ["left", "held"]);
    assert_eq!(parties(&scene), ["bank", "house-notary", "platform"]);
    let refused = scene.code(PARTY_COURT, deposit(&[70]));
    assert_eq!(refused, "evidence.not_a_party");
    scene.must(PARTY_COURT, message("release"));
    scene.must(PARTY_NOTARY, message("hold"));
    assert_eq!(parties(&scene), ["bank", "platform"]);
    // A refusal leaves it a party, and a party's own act keeps it one.
    let mut scene = Scene::opened();
    scene.must(COURT, message("hold"));
    let refused = scene.code(PARTY_NOTARY, message("hold"));
    assert_eq!(refused, "evidence.already_held");
    assert_eq!(parties(&scene), all);
    scene.must(PARTY_NOTARY, message("dispute"));
    let refused = scene.code(PARTY_NOTARY, message("attest"));
    assert_eq!(refused, "evidence.interested");
    let response = scene.must(PARTY_COURT, message("attest"));
    let told = &response.events[0].attributes;
    assert_eq!(
        (response.events[0].ty.as_str(), told[1].value.as_str()),
        ("left", "house-court")
    );
    // Who opened it is a party, whatever else it is.
    let mut scene = Scene::new();
    scene.must(
        COURT,
        ExecuteMsg::Open {
            matter: MATTER.into(),
            parties: vec![],
        },
    );
    assert_eq!(scene.code(COURT, message("hold")), "evidence.interested");
}

#[test]
fn a_relation_is_an_organisations_own_statement() {
    let declare = |to: &str, relation| ExecuteMsg::Declare {
        to: to.into(),
        relation,
    };
    let mut scene = Scene::new();
    let (admin, none) = ("platform/admin", RelationKind::None);
    let cases = [
        ("nobody/x", declare("bank", none), "caller.not_a_member"),
        (OPENER, declare("bank", none), "caller.missing_function"),
        (admin, declare("platform", none), "evidence.bad_relation"),
        (admin, declare("Bank", none), "evidence.bad_relation"),
        (admin, declare("bank", none), "ok"),
        (admin, declare("notary", none), "ok"),
        (admin, declare("bank", RelationKind::Customer), "ok"),
    ];
    for (sender, message, wanted) in cases {
        assert_eq!(scene.code(sender, message.clone()), wanted, "{message:?}");
    }
    let page = |organisation: Option<&str>, start_after: Option<(&str, &str)>| {
        let said: Vec<Relation> = scene.ask(QueryMsg::Relations {
            organisation: organisation.map(String::from),
            start_after: start_after.map(|(from, to)| (from.to_owned(), to.to_owned())),
            limit: None,
        });
        let told = said.into_iter().map(|said| (said.to, said.relation.name()));
        told.collect::<Vec<_>>()
    };
    let customer = ("bank".to_owned(), "customer");
    let notary = ("notary".to_owned(), "none");
    assert_eq!(page(None, None), [customer.clone(), notary.clone()]);
    assert_eq!(page(Some("platform"), None), [customer, notary.clone()]);
    assert!(page(Some("bank"), None).is_empty());
    let after = Some(("platform", "bank"));
    assert_eq!(page(None, after), vec![notary.clone()]);
    assert_eq!(page(Some("platform"), after), [notary]);
}

#[test]
fn what_is_full_says_so_and_neither_side_uses_up_the_others_acts() {
    let mut scene = Scene::opened();
    for first in [10, 70] {
        let more: Vec<u64> = (first..first + 60).collect();
        scene.must(OPENER, deposit(&more));
    }
    assert_eq!(
        scene.code(OPENER, deposit(&[200, 201, 202, 203, 204, 205, 206])),
        "evidence.full"
    );
    scene.must(OPENER, deposit(&[200, 201, 202, 203, 204, 205]));
    assert_eq!(scene.code(PARTY, deposit(&[300])), "evidence.full");
    assert_eq!(scene.entries(MATTER).len(), 128);
    for _ in 1..64 {
        scene.must(COURT, message("attest"));
    }
    assert_eq!(scene.code(COURT, message("attest")), "evidence.full");
    for party in [PARTY, OPENER, PARTY_NOTARY, PARTY_COURT] {
        for _ in 0..16 {
            scene.must(party, message("dispute"));
        }
        assert_eq!(scene.code(party, message("dispute")), "evidence.full");
    }
    assert_eq!(scene.code(OPENER, message("retain")), "evidence.full");
    for dispute in 1..=64 {
        let mut decide = message("decide");
        if let ExecuteMsg::Decide { dispute: act, .. } = &mut decide {
            *act = dispute;
        }
        scene.must(COURT, decide);
    }
    assert_eq!(scene.code(COURT, message("hold")), "evidence.full");
    assert_eq!(scene.code(OPENER, message("close")), "evidence.full");
    // Every original can still be destroyed.
    scene.must(OPENER, message("erase"));
    let found: Option<Entry> = scene.ask(QueryMsg::ByCommitment {
        matter: MATTER.into(),
        commitment: digest(205),
    });
    assert_eq!(found.unwrap().number, 128);
    let none: Option<Entry> = scene.ask(QueryMsg::ByCommitment {
        matter: MATTER.into(),
        commitment: format!("{}{}", &digest(205)[..32], "0".repeat(32)),
    });
    assert_eq!(none, None);
}
