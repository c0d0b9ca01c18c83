//! Four organisations found a ledger, each in a folder of its own: one draft, four signatures, and nothing without all of them.
#![allow(clippy::unwrap_used)]

mod dsl;

use dsl::machines::{Machine, Machines, draft_of, found};
use serde_json::Value;
use std::fs;

fn read(path: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn nothing_is_founded_without_every_founders_signature_on_the_same_genesis() {
    let table = Machines::new();
    let bank = table.founder("bank", &["bank"]);
    let court = table.founder("court", &["court"]);
    let again = bank.init(&["bank"]);
    assert_eq!(again.error_code(), "organisation.exists");
    // The same files in another order are the same draft, byte for byte.
    let (draft, other) = (table.file("draft.json"), table.file("other.json"));
    draft_of("trade", &[&bank, &court], &draft, &[]).json();
    draft_of("trade", &[&court, &bank], &other, &[]).json();
    assert_eq!(fs::read(&draft).unwrap(), fs::read(&other).unwrap());
    let twice = draft_of("trade", &[&bank, &bank], &other, &[]);
    assert_eq!(twice.error_code(), "founding.twice");
    let stranger = draft_of(
        "trade",
        &[&bank, &court],
        &other,
        &["--role", "notary=notary"],
    );
    assert_eq!(stranger.error_code(), "founding.not_a_founder");

    let sign = |machine: &Machine, draft: &str, out: &str| {
        machine.run(&["consortium", "sign", draft, "-o", out])
    };
    let (by_bank, by_court) = (table.file("bank.sig"), table.file("court.sig"));
    sign(&bank, &draft, &by_bank).json();
    sign(&court, &draft, &by_court).json();
    let founding = |signatures: &[&str]| {
        let mut args = vec!["consortium", "found", &draft];
        for signature in signatures {
            args.extend(["--signature", signature]);
        }
        bank.run(&args)
    };
    // One is missing.
    assert_eq!(founding(&[&by_bank]).error_code(), "founding.unsigned");
    // The court's, by the bank's key.
    let mut forged = read(&by_bank);
    forged["organisation"] = "court".into();
    forged["member"] = "court/admin".into();
    let by_another = table.file("forged.sig");
    fs::write(&by_another, forged.to_string()).unwrap();
    let refused = founding(&[&by_bank, &by_another]);
    assert_eq!(refused.error_code(), "founding.forged");
    // The court's, of a draft in which it is a notary too.
    draft_of(
        "trade",
        &[&bank, &court],
        &other,
        &["--role", "court=notary"],
    )
    .json();
    let of_another = table.file("another.sig");
    sign(&court, &other, &of_another).json();
    let refused = founding(&[&by_bank, &of_another]);
    assert_eq!(refused.error_code(), "founding.other_draft");
    // A draft that says of the court what its folder does not: nobody signs for it.
    let impostor = table.machine_in("court", "impostor");
    impostor.init(&["court"]).json();
    let swapped = table.file("swapped.json");
    draft_of("trade", &[&bank, &impostor], &swapped, &[]).json();
    let refused = sign(&court, &swapped, &table.file("nothing.sig"));
    assert_eq!(refused.error_code(), "founding.other_part");
    // A founder's file changed on its way.
    let mut changed = read(dsl::path(&court.founder_file()));
    changed["founder"]["address"] = "127.0.0.1:1".into();
    fs::write(court.founder_file(), changed.to_string()).unwrap();
    let refused = draft_of("trade", &[&bank, &court], &other, &[]);
    assert_eq!(refused.error_code(), "founding.forged");
    assert!(
        !bank.folder.node_file(&bank.organisation).exists(),
        "nothing was founded"
    );
    // A draft whose genesis was changed after it was made.
    let mut edited = read(&draft);
    edited["genesis"]["organisations"][1]["name"] = "Another Court".into();
    fs::write(&other, edited.to_string()).unwrap();
    let refused = sign(&bank, &other, &table.file("nothing.sig"));
    assert_eq!(refused.error_code(), "founding.bad_genesis");
    founding(&[&by_bank, &by_court]).json();
}

#[test]
fn four_folders_make_a_network_and_later_a_second_ledger() {
    let table = Machines::new();
    let names = ["bank", "court", "notary", "platform"];
    let founders = names.map(|name| table.founder(name, &[name]));
    let all: Vec<&Machine> = founders.iter().collect();
    found(&table, "trade", &all);
    for founder in &founders {
        founder.start();
    }
    for founder in &founders {
        founder.wait_ready(1);
    }
    // A transaction by the bank on its machine stands on the court's.
    let [bank, court, ..] = &founders;
    let register = ["member", "register", "bank/clerk", "--function", "maker"];
    bank.run(&register).json();
    court.wait_until("the court knows the clerk", |court| {
        let question = r#"{"member":{"id":"bank/clerk"}}"#;
        !court.query("members", question).is_null()
    });
    // No folder holds another's keys.
    for machine in &founders {
        for other in names
            .iter()
            .filter(|name| **name != machine.organisation.as_str())
        {
            assert!(!machine.folder.keys(&other.parse().unwrap()).exists());
        }
    }
    let signed = bank.run(&[
        "proposal",
        "make",
        "suspend",
        "court",
        "--as",
        "court/admin",
    ]);
    assert_eq!(signed.error_code(), "key.unusable");
    // Two of them begin a ledger of their own.
    let two = [bank, court];
    let digest = found(&table, "bilateral", &two);
    for founder in two {
        founder.restart();
    }
    for founder in two {
        founder.wait_ready(2);
    }
    let on = ["--ledger", "bilateral"];
    let register = [
        &["member", "register", "bank/second", "--function", "maker"][..],
        &on,
    ]
    .concat();
    bank.run(&register).json();
    let genesis = [&["query", "ledger", r#"{"genesis":{}}"#][..], &on].concat();
    assert_eq!(court.run(&genesis).json(), digest.as_str());
}
