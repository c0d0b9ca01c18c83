//! Reading: the node, ledgers, blocks, transactions, proofs, state, contracts, health and metrics.

use crate::world::{PATIENCE, WORLD, problem};
use blockworm_api::{
    ClientError, Paging,
    model::{StateKey, StateQuestion},
};
use blockworm_ledger::{
    Block, Header, SignedCheckpoint, Transaction, block::BlockLimits, chain::Pin,
    proof::TransactionProof, report::Outcome, state_claim::StateAnswerProof,
};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

#[test]
fn the_node_tells_who_it_is_and_how_its_ledgers_do() {
    WORLD.run(async {
        WORLD.committed().await;
        let client = WORLD.client();
        let node = client.node().await.unwrap();
        assert_eq!(node.organisation, "bank");
        let [ledger] = &node.ledgers[..] else {
            panic!("one ledger")
        };
        assert_eq!(
            (ledger.id.as_str(), ledger.name.as_str()),
            (&*WORLD.id(), "tests")
        );
        assert_eq!((ledger.validators, ledger.connected_peers), (1, 0));
        assert!(ledger.height >= 1 && ledger.tip >= ledger.height);
        assert_eq!(
            client.ledger("tests").await.unwrap().id,
            ledger.id,
            "by name"
        );
        assert_eq!(client.ledgers().await.unwrap().len(), 1);
        let genesis = client.genesis(&ledger.id).await.unwrap();
        assert_eq!(&genesis, WORLD.ledger().genesis().as_ref());
        assert_eq!(genesis.digest().to_string(), ledger.genesis_digest);
    });
}

#[test]
fn blocks_and_headers_are_read_in_both_forms() {
    WORLD.run(async {
        let (id, height) = WORLD.committed().await;
        let client = WORLD.client();
        let block = client.block(&WORLD.id(), Some(height)).await.unwrap();
        assert_eq!(block.header.height, height);
        let listed = client
            .block_transactions(&WORLD.id(), Some(height), &Paging::default())
            .await
            .unwrap();
        assert_eq!(listed.items.len(), block.transaction_count);
        let line = listed.items.iter().find(|line| line.id == id).unwrap();
        assert_eq!(
            (
                line.sender.as_str(),
                line.contract.as_str(),
                line.code.as_str()
            ),
            ("bank/maker", "money", "ok")
        );
        let header = client.header(&WORLD.id(), Some(height)).await.unwrap();
        assert_eq!(header, block.header);
        assert_eq!(client.header(&WORLD.id(), Some(0)).await.unwrap().height, 0);
        assert!(client.block(&WORLD.id(), None).await.unwrap().header.height >= height);
        let octets = |path: String| async move {
            let request = WORLD
                .http()
                .get(WORLD.at(&path))
                .header("accept", "application/octet-stream");
            request.send().await.unwrap().bytes().await.unwrap()
        };
        let bytes = octets(format!("/blocks/{height}")).await;
        let limits = BlockLimits::from(&WORLD.ledger().genesis().parameters);
        let decoded = Block::decode(bytes, &limits).unwrap();
        assert_eq!(decoded.digest().to_string(), header.digest);
        let bytes = octets(format!("/headers/{height}")).await;
        assert_eq!(Header::decode(&bytes).unwrap(), decoded.header);
    });
}

#[test]
fn a_transaction_is_read_in_both_forms() {
    WORLD.run(async {
        let (id, height) = WORLD.committed().await;
        let view = WORLD.client().transaction(&WORLD.id(), &id).await.unwrap();
        assert_eq!((view.id.as_str(), view.height), (id.as_str(), height));
        assert_eq!(view.receipt.code, "ok");
        let transaction: Transaction = serde_json::from_value(view.transaction).unwrap();
        assert_eq!(transaction.id().to_string(), id);
        let request = WORLD.http().get(WORLD.at(&format!("/transactions/{id}")));
        let bytes = request
            .header("accept", "application/octet-stream")
            .send()
            .await
            .unwrap();
        assert_eq!(bytes.headers()["content-type"], "application/octet-stream");
        assert_eq!(&bytes.bytes().await.unwrap()[..], &transaction.encode()[..]);
    });
}

/// Asks until the header with the roots is certified.
async fn proof(id: &str) -> String {
    let started = Instant::now();
    loop {
        match WORLD.client().proof(&WORLD.id(), id).await {
            Ok(text) => return text,
            Err(error) => {
                assert_eq!(error.code(), Some("proof.not_yet_provable"), "{error}");
                assert!(error.is_temporary());
                assert!(started.elapsed() < PATIENCE, "never provable");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

#[test]
fn a_proof_is_a_file_that_a_stranger_verifies() {
    WORLD.run(async {
        let (id, _) = WORLD.committed().await;
        let text = proof(&id).await;
        let parsed = TransactionProof::from_json(&text).unwrap();
        let pin = Pin::genesis(WORLD.ledger().genesis());
        let report = parsed.verify(Some(&pin));
        assert_eq!(report.outcome, Outcome::Valid, "{report:?}");
        assert_eq!(
            serde_json::from_str::<Value>(&text).unwrap()["format"],
            "blockworm-proof/1"
        );
        let request = WORLD
            .http()
            .get(WORLD.at(&format!("/transactions/{id}/proof")));
        let response = request.send().await.unwrap();
        assert_eq!(
            response.headers()["content-disposition"],
            format!("attachment; filename=\"{id}.proof.json\"").as_str()
        );
    });
}

#[test]
fn organisations_members_and_contracts_are_listed() {
    WORLD.run(async {
        let client = WORLD.client();
        let page = client
            .organisations(&WORLD.id(), &Paging::default())
            .await
            .unwrap();
        let [bank] = &page.items[..] else {
            panic!("one organisation")
        };
        assert_eq!(
            (bank.id.as_str(), &bank.roles[..]),
            ("bank", &["bank".to_owned()][..])
        );
        assert_eq!((page.next, bank.suspended_at), (None, None));
        for organisation in [None, Some("bank")] {
            let page = client
                .members(&WORLD.id(), organisation, &Paging::default())
                .await
                .unwrap();
            let maker = page
                .items
                .iter()
                .find(|member| member.id == "bank/maker")
                .unwrap();
            assert_eq!(maker.functions, ["maker"]);
        }
        let contracts = client.contracts(&WORLD.id()).await.unwrap();
        let money = contracts
            .iter()
            .find(|contract| contract.name == "money")
            .unwrap();
        assert_eq!((money.id, money.code.as_str()), (16, "money@1"));
        assert_eq!(contracts.len(), 6);
    });
}

#[test]
fn a_contract_answers_and_refuses_queries() {
    WORLD.run(async {
        WORLD.committed().await;
        let client = WORLD.client();
        let question = json!({"balance": {"account": "bank/maker", "currency": "CNY"}});
        let answer: Value = client.query(&WORLD.id(), "money", &question).await.unwrap();
        assert!(
            answer
                .to_string()
                .contains(|digit: char| ('1'..='9').contains(&digit)),
            "{answer}"
        );
        let refused = |contract: &'static str, question: Value| async move {
            let answer = WORLD
                .client()
                .query::<_, Value>(&WORLD.id(), contract, &question)
                .await;
            match answer.unwrap_err() {
                ClientError::Problem(problem) => (problem.status, problem.code),
                other => panic!("{other}"),
            }
        };
        assert_eq!(
            refused("nothing", json!({})).await,
            (404, "contract.unknown".into())
        );
        assert_eq!(refused("money", json!({"no_such": {}})).await.0, 422);
    });
}

#[test]
fn a_value_and_its_absence_are_read_and_proved() {
    WORLD.run(async {
        let (id, _) = WORLD.committed().await;
        proof(&id).await;
        let client = WORLD.client();
        let pin = Pin::genesis(WORLD.ledger().genesis());
        // docs/contracts/system.md: a member's record is under `m/` and its id.
        for (key, present) in [(&b"m/bank/maker"[..], true), (b"m/bank/nobody", false)] {
            let plain = client.state(&WORLD.id(), "members", key).await.unwrap();
            assert_eq!(plain.value.is_some(), present);
            let text = client
                .state_proof(&WORLD.id(), "members", key)
                .await
                .unwrap();
            let proved = StateAnswerProof::from_json(&text).unwrap();
            let report = proved.verify(Some(&pin));
            assert_eq!(report.outcome, Outcome::Valid, "{report:?}");
            let [claim] = &proved.states[..] else {
                panic!("one claim")
            };
            assert_eq!((&claim.key[..], claim.contract), (key, 2));
            assert_eq!(claim.value.as_ref().map(hex::encode), plain.value);
        }
        for path in ["", "/proof"] {
            let url = WORLD.at(&format!("/contracts/nothing/state/00{path}"));
            let answer = problem(WORLD.http().get(url).send().await.unwrap()).await;
            assert_eq!(answer, (404, "contract.unknown".into()));
        }
    });
}

#[test]
fn many_values_are_proved_after_one_block() {
    WORLD.run(async {
        let (id, _) = WORLD.committed().await;
        proof(&id).await;
        let client = WORLD.client();
        let pin = Pin::genesis(WORLD.ledger().genesis());
        let key = |contract: &str, key: &[u8]| StateKey {
            contract: contract.into(),
            key: hex::encode(key),
        };
        let keys = vec![
            key("members", b"m/bank/maker"),
            key("organisations", b"bank"),
            key("members", b"m/bank/nobody"),
        ];
        let question = StateQuestion { keys };
        let text = client.state_proofs(&WORLD.id(), &question).await.unwrap();
        let proved = StateAnswerProof::from_json(&text).unwrap();
        assert_eq!(proved.verify(Some(&pin)).outcome, Outcome::Valid);
        let held: Vec<_> = proved
            .states
            .iter()
            .map(|one| one.value.is_some())
            .collect();
        assert_eq!(held, [true, true, false]);
        assert_eq!(proved.states[1].contract, 1);
        let height = proved.states[0].height;
        assert!(proved.states.iter().all(|one| one.height == height));
        let refused = async |keys: Vec<StateKey>| {
            let refused = client
                .state_proofs(&WORLD.id(), &StateQuestion { keys })
                .await;
            refused.unwrap_err().code().unwrap_or_default().to_owned()
        };
        assert_eq!(refused(Vec::new()).await, "api.bad_parameter");
        let many = vec![key("members", b"m/bank/maker"); 513];
        assert_eq!(refused(many).await, "api.bad_parameter");
        assert_eq!(refused(vec![key("nothing", b"")]).await, "contract.unknown");
        let bad = StateKey {
            contract: "members".into(),
            key: "0g".into(),
        };
        assert_eq!(refused(vec![bad]).await, "api.bad_parameter");
        // This node looks after nobody's certificates.
        assert_eq!(client.revocations(&WORLD.id(), "bank").await.unwrap(), None);
    });
}

#[test]
fn health_metrics_and_the_document_are_served() {
    WORLD.run(async {
        WORLD.committed().await;
        let client = WORLD.client();
        client.ready().await.unwrap();
        let live = WORLD
            .http()
            .get(WORLD.url("/health/live"))
            .send()
            .await
            .unwrap();
        assert_eq!(
            live.json::<Value>().await.unwrap(),
            json!({"status": "live"})
        );
        let metrics = client.metrics().await.unwrap();
        assert!(
            metrics.contains("route=\"/v1/ledgers/{ledger}/transactions\""),
            "{metrics}"
        );
        let own = metrics
            .lines()
            .filter(|line| line.starts_with("blockworm_"))
            .count();
        assert!(own > 5, "the node's own figures are there: {metrics}");
        for line in metrics.lines().filter(|line| !line.starts_with('#')) {
            assert!(
                line.rsplit_once(' ').unwrap().1.parse::<f64>().is_ok(),
                "{line}"
            );
        }
        let document = WORLD
            .http()
            .get(WORLD.url("/v1/openapi.json"))
            .send()
            .await
            .unwrap();
        assert_eq!(document.headers()["content-type"], "application/json");
        let document: Value = document.json().await.unwrap();
        assert_eq!(
            document,
            serde_json::to_value(blockworm_api::openapi()).unwrap()
        );
    });
}

#[test]
fn what_is_not_there_is_a_problem_of_its_own() {
    WORLD.run(async {
        let none = "00".repeat(32);
        let cases = [
            (
                WORLD.url(&format!("/v1/ledgers/{}", "0".repeat(32))),
                404,
                "ledger.not_found",
            ),
            (
                WORLD.url("/v1/ledgers/no-such-name/blocks"),
                404,
                "ledger.not_found",
            ),
            (WORLD.at("/blocks/999999999"), 404, "block.not_found"),
            (
                WORLD.at("/headers/18446744073709551615"),
                404,
                "block.not_found",
            ),
            (
                WORLD.at(&format!("/transactions/{none}")),
                404,
                "transaction.not_found",
            ),
            (
                WORLD.at(&format!("/transactions/{none}/receipt")),
                404,
                "receipt.not_found",
            ),
            (
                WORLD.at(&format!("/transactions/{none}/receipt?wait_ms=20")),
                404,
                "receipt.not_found",
            ),
            (
                WORLD.at(&format!("/transactions/{none}/proof")),
                404,
                "proof.not_found",
            ),
        ];
        for (url, status, code) in cases {
            let response = WORLD.http().get(&url).send().await.unwrap();
            assert_eq!(problem(response).await, (status, code.into()), "{url}");
        }
        let receipt = WORLD
            .client()
            .receipt(&WORLD.id(), &none, Duration::ZERO)
            .await
            .unwrap();
        assert_eq!(receipt, None);
    });
}

#[test]
fn a_checkpoint_covers_every_block_and_shows_who_cosigned_it() {
    WORLD.run(async {
        let (_, height) = WORLD.committed().await;
        let (client, id) = (WORLD.client(), WORLD.id());
        let begun = Instant::now();
        let view = loop {
            if let Ok(view) = client.checkpoint(&id, Some(height)).await
                && view.size > height
            {
                break view;
            }
            assert!(begun.elapsed() < PATIENCE);
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        let signed = SignedCheckpoint::parse(view.note.as_bytes()).unwrap();
        let [cosigner] = &view.cosigners[..] else {
            panic!("one node, one cosigner")
        };
        assert_eq!(
            (cosigner.name.as_str(), cosigner.organisation.as_str()),
            ("blockworm/bank", "bank")
        );
        let key = cosigner.vkey.parse().unwrap();
        let time_s = signed.cosignatures[0]
            .verify(&signed.checkpoint, &key)
            .unwrap();
        assert_eq!(time_s, cosigner.time_s);
        assert!(
            cosigner
                .chain_pem
                .starts_with("-----BEGIN CERTIFICATE-----")
        );
        assert_eq!(view.root, signed.checkpoint.root.to_string());
        let history = client.history(&id, height, Some(view.size)).await.unwrap();
        let (header, proof) = history.read().unwrap();
        assert_eq!(
            header,
            WORLD.ledger().header(height).await.unwrap().unwrap()
        );
        assert!(proof.verify(&header.history_leaf(), &signed.checkpoint.root));
        let beyond = client
            .history(&id, height, Some(1 << 40))
            .await
            .unwrap_err();
        assert_eq!(beyond.code(), Some("history.not_found"));
        let before = client.history(&id, height, Some(height)).await.unwrap_err();
        assert_eq!(before.code(), Some("history.not_found"));
        let metrics = client.metrics().await.unwrap();
        assert!(
            metrics.contains("blockworm_checkpoint_cosigners{"),
            "{metrics}"
        );
    });
}
