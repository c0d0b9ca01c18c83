//! A second bank keeps the registry alone: its folder, its log and its API say nothing of the invoice that it is refused.
#![allow(clippy::unwrap_used)]

mod dsl;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use blockworm_api::Paging;
use dsl::{Consortium, SAMPLE_INVOICE, wait};
use std::{
    fs,
    path::{Path, PathBuf},
};

const RIVAL: &str = "harbour-bank";

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        match entry.file_type().unwrap().is_dir() {
            true => files.extend(files_below(&entry.path())),
            false => files.push(entry.path()),
        }
    }
    files
}

/// Which of `secrets` stand in any of the files, as they are and in capitals or not.
fn found<'a>(secrets: &[&'a str], folder: &Path) -> Vec<&'a str> {
    let contents: Vec<String> = files_below(folder)
        .iter()
        .map(|file| {
            let mut bytes = fs::read(file).unwrap();
            bytes.make_ascii_lowercase();
            String::from_utf8_lossy(&bytes).into_owned()
        })
        .collect();
    let stands = |secret: &str| {
        let wanted = secret.to_ascii_lowercase();
        contents.iter().any(|text| text.contains(&wanted))
    };
    secrets
        .iter()
        .copied()
        .filter(|secret| stands(secret))
        .collect()
}

#[test]
fn a_rival_bank_learns_nothing_of_the_trade() {
    let consortium = Consortium::planned(5);
    let up = consortium.up(&["--sample"]).json();
    let sample = &up["sample"];
    assert_eq!(
        sample["rival_financing"]["code"],
        "registry.already_financed"
    );
    let financing = sample["transaction"].as_str().unwrap();
    let receivable = sample["receivable"].as_str().unwrap();
    let trade = consortium.ledger();
    let registry = consortium.record().ledgers[1].id.clone();

    // What it says of itself, and what its own node answers about the other ledger.
    let client = consortium.client(RIVAL);
    wait(async {
        let ledgers = client.ledgers().await.unwrap();
        assert_eq!(ledgers.len(), 1);
        assert_eq!(ledgers[0].id, registry);
        let code = |error: blockworm_api::ClientError| error.code().unwrap().to_owned();
        let refused = client.transaction(&trade, financing).await.unwrap_err();
        assert_eq!(code(refused), "ledger.not_found");
        let refused = client.transaction(&registry, financing).await.unwrap_err();
        assert_eq!(code(refused), "transaction.not_found");
    });
    let told = registry_as_told_by(&consortium);
    let shown = consortium.run(&["registry", "show", SAMPLE_INVOICE, "--node", RIVAL]);
    assert_eq!(shown.json()["standing"], "financed");

    consortium.run(&["down"]).json();
    let secrets = [
        "CL-2026-004417",
        "supplier-3f9a",
        "buyer-c27e",
        "164814405",
        "1648144.05",
        "162342195",
        "1623421.95",
        receivable,
    ];
    let root = consortium.folder.root();
    // The bank of the trade has what its ledger holds, so that the search is known to find it.
    let known = found(&secrets, &root.join("bank"));
    for secret in ["supplier-3f9a", "buyer-c27e", "164814405", receivable] {
        assert!(known.contains(&secret), "{secret} of {known:?}");
    }
    assert_eq!(found(&secrets, &root.join(RIVAL)), Vec::<&str>::new());
    for secret in secrets {
        assert!(!told.contains(secret), "{secret} in the API's answers");
    }
    let file = fs::read_to_string(SAMPLE_INVOICE).unwrap();
    let names: Vec<&str> = file
        .split("<cbc:RegistrationName>")
        .skip(1)
        .filter_map(|rest| rest.split('<').next())
        .collect();
    assert_eq!(names.len(), 2, "the seller's and the buyer's");
    assert_eq!(found(&names, &root.join(RIVAL)), Vec::<&str>::new());
}

/// What stands in Base64 anywhere in a transaction: proofs of the trade's ledger, and its genesis.
fn decoded(value: &serde_json::Value, told: &mut String) {
    match value {
        serde_json::Value::Object(fields) => fields.values().for_each(|one| decoded(one, told)),
        serde_json::Value::Array(all) => all.iter().for_each(|one| decoded(one, told)),
        serde_json::Value::String(text) => {
            if let Ok(bytes) = BASE64_STANDARD.decode(text) {
                told.push_str(&String::from_utf8_lossy(&bytes));
            } else if let Ok(message) = serde_json::from_str(text) {
                decoded(&message, told);
            }
        }
        _ => {}
    }
}

/// Every block, transaction and receipt of the registry, as the rival's own API tells them.
fn registry_as_told_by(consortium: &Consortium) -> String {
    let registry = &consortium.record().ledgers[1].id;
    let client = consortium.client(RIVAL);
    let mut told = String::new();
    wait(async {
        let height = client.ledger(registry).await.unwrap().height;
        for height in 1..=height {
            let block = client.block(registry, Some(height)).await.unwrap();
            told.push_str(&serde_json::to_string(&block).unwrap());
            let first = Paging::default();
            let page = client.block_transactions(registry, Some(height), &first);
            let page = page.await.unwrap();
            assert!(page.next.is_none(), "all of a block's in one page");
            for line in &page.items {
                let transaction = client.transaction(registry, &line.id).await.unwrap();
                told.push_str(&serde_json::to_string(&transaction).unwrap());
                decoded(&transaction.transaction, &mut told);
            }
        }
    });
    assert!(told.contains("reserve"), "{told}");
    // The trade's genesis was shown here, and its pledge was proved.
    assert!(told.contains("bank/maker-2"), "the trade's genesis");
    assert!(told.contains(r#""state":"pledged""#), "the trade's pledge");
    told
}
