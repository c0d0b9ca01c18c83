//! Admins vote on the command line: a role is granted, another ledger pinned, and an outvoted organisation refused.
#![allow(clippy::unwrap_used)]

mod dsl;

use dsl::Consortium;

#[test]
fn the_consortium_votes() {
    let consortium = Consortium::start(1);
    let make = |change: &[&str], by: &str| {
        consortium.run(&[&["proposal", "make"], change, &["--as", by]].concat())
    };
    let vote = |number: &str, by: &str, more: &[&str]| {
        consortium.run(&[&["proposal", "vote", number, "--as", by], more].concat())
    };
    // The founding let each ledger pin the other: that was proposal 1 on both.
    let founding = consortium.run(&["proposal", "list"]).json();
    assert_eq!(founding[0]["outcome"], "accepted");
    assert_eq!(founding.as_array().unwrap().len(), 1);
    // A role: three of the trade's four organisations are needed.
    make(&["roles", "notary", "notary", "regulator"], "notary/admin").json();
    vote("2", "court/admin", &[]).json();
    let open = consortium.run(&["proposal", "list", "--open"]).json();
    assert_eq!(open[0]["differences"][0]["before"], "notary");
    assert_eq!(
        open[0]["differences"][0]["after"], "notary regulator",
        "voters read what would change"
    );
    assert_eq!(
        (&open[0]["approvals"], &open[0]["needed"]),
        (&2.into(), &3.into())
    );
    vote("2", "bank/admin", &[]).json();
    let asked = r#"{"organisation":{"id":"notary"}}"#;
    let notary = consortium.run(&["query", "organisations", asked]).json();
    assert_eq!(notary["roles"], serde_json::json!(["notary", "regulator"]));

    // The registry's genesis, by its file, among five organisations: four are needed.
    let file = consortium.folder.genesis_file("trade");
    let on_registry = ["--ledger", "registry"];
    let pin = ["pin", "trade-too", dsl::path(&file)];
    make(&[&pin[..], &on_registry].concat(), "harbour-bank/admin").json();
    for by in ["bank/admin", "court/admin", "platform/admin"] {
        vote("2", by, &on_registry).json();
    }
    let pins = [&["query", "ledger", r#"{"pins":{}}"#][..], &on_registry].concat();
    let pins = consortium.run(&pins).json();
    assert_eq!(pins["trade-too"], consortium.genesis().digest().to_string());

    // Two of four against it are enough to reject.
    make(&["suspend", "court"], "bank/admin").json();
    vote("3", "court/admin", &["--reject"]).json();
    vote("3", "notary/admin", &["--reject"]).json();
    let late = vote("3", "platform/admin", &[]);
    assert_eq!(late.error_code(), "proposal.decided");
    let outsider = vote("3", "harbour-bank/admin", &[]);
    assert_eq!(outsider.error_code(), "member.unknown");

    // The court's admin is gone from the trade. Its next one, whom the registry knows, is presented.
    let revoke = ["member", "revoke", "court/admin", "--reason", "left"];
    consortium.run(&revoke).json();
    let next = ["member", "register", "court/admin-2", "--function", "admin"];
    consortium.run(&[&next[..], &on_registry].concat()).json();
    let clerk = ["member", "register", "court/clerk", "--function", "maker"];
    let by_next = [&clerk[..], &["--as", "court/admin-2"]].concat();
    assert_eq!(consortium.run(&by_next).error_code(), "member.unknown");
    let file = consortium.folder.root().join("admin.json");
    let file = dsl::path(&file);
    let present = ["member", "present", "court/admin-2", "--ledger", "trade"];
    consortium
        .run(&[&present[..], &["-o", file]].concat())
        .json();
    make(&["admin", file], "bank/admin").json();
    vote("4", "notary/admin", &[]).json();
    vote("4", "platform/admin", &[]).json();
    consortium.run(&by_next).json();
}
