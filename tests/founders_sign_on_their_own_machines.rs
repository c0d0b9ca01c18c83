//! Four organisations found a ledger, each in a folder of its own: one draft, four signatures, and nothing without all of them.
#![allow(clippy::unwrap_used)]

mod dsl;

use dsl::{
    Ran,
    machines::{Machine, Machines, draft_of, found},
};
use serde_json::Value;
use std::fs;

fn read(path: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn sign(machine: &Machine, draft: &str, out: &str) -> Ran {
    machine.run(&["consortium", "sign", draft, "-o", out])
}

#[test]
fn one_draft_follows_from_the_founders_files() {
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
    let refused = |founders: &[&Machine], more: &[&str]| {
        draft_of("trade", founders, &other, more).error_code()
    };
    assert_eq!(refused(&[&bank, &bank], &[]), "founding.twice");
    let stranger = ["--role", "notary=notary"];
    assert_eq!(
        refused(&[&bank, &court], &stranger),
        "founding.not_a_founder"
    );
    // A founder's file changed on its way.
    let mut changed = read(dsl::path(&court.founder_file()));
    changed["founder"]["address"] = "127.0.0.1:1".into();
    fs::write(court.founder_file(), changed.to_string()).unwrap();
    assert_eq!(refused(&[&bank, &court], &[]), "founding.forged");
}

#[test]
fn nothing_is_founded_without_every_founders_signature_on_the_same_genesis() {
    let table = Machines::new();
    let bank = table.founder("bank", &["bank"]);
    let court = table.founder("court", &["court"]);
    let (draft, other) = (table.file("draft.json"), table.file("other.json"));
    draft_of("trade", &[&bank, &court], &draft, &[]).json();
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
    assert!(
        !bank.folder.node_file(&bank.organisation).exists(),
        "nothing was founded"
    );
    founding(&[&by_bank, &by_court]).json();
}

#[test]
fn nobody_signs_what_its_own_folder_does_not_say() {
    let table = Machines::new();
    let bank = table.founder("bank", &["bank"]);
    let court = table.founder("court", &["court"]);
    let (draft, nothing) = (table.file("draft.json"), table.file("nothing.sig"));
    // Somebody else's keys under the court's slug.
    let impostor = table.machine_in("court", "impostor");
    impostor.init(&["court"]).json();
    draft_of("trade", &[&bank, &impostor], &draft, &[]).json();
    assert_eq!(
        sign(&court, &draft, &nothing).error_code(),
        "founding.other_part"
    );
    // A genesis that was changed after it was made.
    draft_of("trade", &[&bank, &court], &draft, &[]).json();
    let mut edited = read(&draft);
    edited["genesis"]["organisations"][1]["name"] = "Another Court".into();
    fs::write(&draft, edited.to_string()).unwrap();
    assert_eq!(
        sign(&bank, &draft, &nothing).error_code(),
        "founding.bad_genesis"
    );
    assert!(fs::metadata(&nothing).is_err(), "nothing was signed");
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
