//! Every standing × action × member of the evidence contract, against a table that is written here by hand.

#![allow(clippy::unwrap_used)]

mod support;

use support::{
    COURT, HOUR, MATTER, NOTARY, OPENER, PARTY, PARTY_COURT, PARTY_NOTARY, START, STRANGER, Scene,
    deposit, message,
};

const MEMBERS: [&str; 11] = [
    OPENER,
    PARTY,
    STRANGER,
    NOTARY,
    "notary/other",
    "notary-2/clerk",
    COURT,
    PARTY_NOTARY,
    PARTY_COURT,
    "bank/gone",
    "nobody/maker",
];

/// Where each action leads if its rightful member takes it, or the refusal. `disputed`: entry 1 is,
/// and no court has decided. `kept`: the retention has not ended. `erased`: entry 1's original is
/// destroyed. `taken-back`: the attestation is withdrawn.
const TABLE: &str = "
            deposit attest withdraw dispute decide retain hold release erase close
open        open open open open !no_dispute open held !not_held open closed
disputed    open open open open open open held !not_held !dispute_open !dispute_open
kept        open open open open !no_dispute !bad_retention held !not_held !retained closed
held        held held held held !no_dispute held !already_held open !on_hold closed+held
erased      open open open open !no_dispute open held !not_held !already_erased closed
taken-back  open open !already_withdrawn open !no_dispute open held !not_held open closed
closed      !closed closed closed closed !no_dispute closed closed+held !not_held closed !closed
closed+held !closed closed+held closed+held closed+held !no_dispute closed+held !already_held closed !on_hold !closed
missing     open !unknown_matter !unknown_matter !unknown_matter !unknown_matter !unknown_matter !unknown_matter !unknown_matter !unknown_matter !unknown_matter
";

fn expected(member: &str, action: &str, state: &str, cell: &str) -> String {
    let organisation = member.split('/').next().unwrap();
    let is_court = [COURT, PARTY_COURT].contains(&member);
    let is_notary = member.contains("notary");
    let is_party = [OPENER, PARTY, PARTY_NOTARY, PARTY_COURT].contains(&member);
    let role = match action {
        "attest" | "hold" => is_court || is_notary,
        "decide" | "release" => is_court,
        _ => true,
    };
    let caller = match member {
        "nobody/maker" => Some("caller.not_a_member"),
        "bank/gone" => Some("caller.inactive"),
        _ if !role => Some("caller.missing_role"),
        _ => None,
    };
    if let Some(code) = caller {
        return code.to_owned();
    }
    if state == "missing" {
        // Whoever deposits in an unknown matter opens it.
        return match cell.strip_prefix('!') {
            Some(code) => format!("evidence.{code}"),
            None => cell.to_owned(),
        };
    }
    let place = match action {
        "deposit" | "dispute" | "retain" | "close" if !is_party => Some("evidence.not_a_party"),
        "close" if member != OPENER => Some("evidence.not_the_opener"),
        "attest" | "decide" | "hold" | "release" if is_party => Some("evidence.interested"),
        _ => None,
    };
    if let Some(code) = place {
        return code.to_owned();
    }
    let refusal = cell.strip_prefix('!');
    // Whose entry or attestation it is, is asked after how the matter stands.
    let own = match action {
        "erase" if organisation != "platform" && refusal != Some("on_hold") => {
            Some("evidence.not_the_depositor")
        }
        "withdraw" if organisation != "notary" => Some("evidence.not_the_attester"),
        _ => None,
    };
    match (own, refusal) {
        (Some(code), _) => code.to_owned(),
        (None, Some(code)) => format!("evidence.{code}"),
        (None, None) => cell.to_owned(),
    }
}

/// A matter brought into a state by the members whose business it is.
fn bring(state: &str) -> Scene {
    if state == "missing" {
        return Scene::new();
    }
    let mut scene = Scene::opened();
    // Parties by their own doing: who was only named is tried apart.
    scene.must(PARTY_NOTARY, deposit(&[3]));
    scene.must(PARTY_COURT, deposit(&[4]));
    let steps: &[(&str, &str)] = match state {
        "open" => &[],
        "disputed" => &[(PARTY, "dispute")],
        "kept" => &[(PARTY, "retain")],
        "held" => &[(NOTARY, "hold")],
        "erased" => &[(OPENER, "erase")],
        "taken-back" => &[(NOTARY, "withdraw")],
        "closed" => &[(OPENER, "close")],
        "closed+held" => &[(OPENER, "close"), (COURT, "hold")],
        other => unreachable!("{other}"),
    };
    for (member, action) in steps {
        scene.must(member, message(action));
    }
    scene
}

fn seen(scene: &Scene) -> &'static str {
    let matter = scene.matter().unwrap();
    match (matter.closed, matter.hold.is_some()) {
        (false, false) => "open",
        (false, true) => "held",
        (true, false) => "closed",
        (true, true) => "closed+held",
    }
}

#[test]
fn every_standing_action_and_member_has_the_outcome_of_the_table() {
    let mut lines = TABLE.trim_matches('\n').lines();
    let actions: Vec<&str> = lines.next().unwrap().split_whitespace().collect();
    let rows: Vec<Vec<&str>> = lines.map(|l| l.split_whitespace().collect()).collect();
    let (mut cases, mut taken) = (0, 0);
    for row in &rows {
        let state = row[0];
        assert_eq!(row.len(), actions.len() + 1, "{state}");
        for (action, cell) in actions.iter().zip(&row[1..]) {
            for member in MEMBERS {
                let mut scene = bring(state);
                let before = scene.stored();
                let outcome = scene.run(member, message(action));
                let got = match &outcome {
                    Ok(response) => {
                        taken += 1;
                        let about = &response.events.last().unwrap().attributes[0];
                        assert_eq!(
                            (about.key.as_str(), about.value.as_str()),
                            ("subject", MATTER)
                        );
                        seen(&scene).to_owned()
                    }
                    Err(refusal) => {
                        assert_eq!(before, scene.stored(), "a refusal changes nothing");
                        support::code(refusal).to_owned()
                    }
                };
                let wanted = expected(member, action, state, cell);
                assert_eq!(got, wanted, "{member} {action} on {state}: {outcome:?}");
                cases += 1;
            }
        }
    }
    println!(
        "evidence: {} standings x {} actions x {} members = {cases} cases, {taken} taken",
        rows.len(),
        actions.len(),
        MEMBERS.len(),
    );
    assert_eq!(cases, 9 * 10 * 11);
}

/// What a retention keeps it keeps to the millisecond, and what an order keeps beyond it.
#[test]
fn an_original_is_destroyed_when_nothing_keeps_it_any_more() {
    let mut scene = Scene::opened();
    scene.must(OPENER, message("retain"));
    scene.at(START + HOUR - 1);
    assert_eq!(scene.code(OPENER, message("erase")), "evidence.retained");
    scene.must(NOTARY, message("hold"));
    scene.at(START + HOUR);
    assert_eq!(scene.code(OPENER, message("erase")), "evidence.on_hold");
    // A notary that ordered cannot lift what it ordered: a court does.
    let refused = scene.code(NOTARY, message("release"));
    assert_eq!(refused, "caller.missing_role");
    scene.must(COURT, message("release"));
    scene.must(PARTY, message("dispute"));
    assert_eq!(
        scene.code(OPENER, message("erase")),
        "evidence.dispute_open"
    );
    // The dispute is about the first entry: the other's depositor is free.
    let other = blockworm_evidence::ExecuteMsg::Erase {
        matter: MATTER.into(),
        entry: 2,
    };
    scene.must(PARTY, other);
    let decide = blockworm_evidence::ExecuteMsg::Decide {
        matter: MATTER.into(),
        dispute: 4,
        outcome: "dismissed".into(),
        document: support::digest(9),
    };
    scene.must(COURT, decide);
    scene.must(OPENER, message("erase"));
    let erased: Vec<Option<u32>> = scene.entries(MATTER).iter().map(|e| e.erased).collect();
    assert_eq!(erased, [Some(7), Some(5)]);
    let acts: Vec<&str> = scene.acts().iter().map(|act| act.act.name()).collect();
    let told = [
        "retain", "hold", "release", "dispute", "erase", "decide", "erase",
    ];
    assert_eq!(acts, told);
    let of: Vec<Option<u32>> = scene.acts().iter().map(|act| act.of).collect();
    assert_eq!(of, [None, None, Some(2), None, None, Some(4), None]);
}
