//! Another ledger, whose validators sign what it holds, and a contract here that asks the host about it.

#![allow(dead_code, clippy::unwrap_used)]

use super::{Chain, Founded, STEP_MS, found, key_of, vote};
use aws_lc_rs::signature::Ed25519KeyPair;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use blockworm_crypto::sha256;
use blockworm_execution::Native;
use blockworm_kit::{KitQuery, foreign_value};
use blockworm_ledger::{
    Block, CertifiedHeaders, FinalityProof, ForeignState, Genesis, Handover, Header, StateClaim,
    Transaction, Transactions,
    finality::{quorum, validator_set_digest},
    genesis::Validator,
};
use cosmwasm_std::{Binary, Deps, DepsMut, Env, MessageInfo, Response, StdResult, to_json_binary};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;

/// The root lag of these ledgers.
const LAG: u64 = 4;

/// Asks the host and hands its answer on as data.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    ledger: String,
    contract: String,
    key: Binary,
    proof: Binary,
}

fn begin(_: DepsMut<'_, KitQuery>, _: Env, _: MessageInfo, _: Value) -> StdResult<Response> {
    Ok(Response::new())
}

fn probe(deps: DepsMut<'_, KitQuery>, _: Env, _: MessageInfo, msg: Probe) -> StdResult<Response> {
    let (ledger, contract) = (msg.ledger, msg.contract);
    let shown = foreign_value(&deps.querier, &ledger, &contract, &msg.key, msg.proof)?;
    Ok(Response::new().set_data(to_json_binary(&shown)?))
}

fn nothing(_: Deps<'_, KitQuery>, _: Env, _: Value) -> StdResult<Binary> {
    Ok(Binary::default())
}

/// The contract `probe@1`.
pub fn prober() -> Native<Value, Probe, Value, cosmwasm_std::StdError> {
    Native::new(begin, probe, nothing)
}

/// The seed of one of the other ledger's validators.
fn seed(organisation: &str) -> [u8; 32] {
    sha256(&[b"validator", organisation.as_bytes()]).0
}

pub fn validators(organisations: &[&str]) -> Vec<Validator> {
    let mut set: Vec<Validator> = organisations
        .iter()
        .map(|organisation| Validator {
            organisation: organisation.parse().unwrap(),
            key: blockworm_crypto::SecretKey::from_ed25519_seed(seed(organisation)).public_key(),
        })
        .collect();
    set.sort_by_key(|validator| validator.key);
    set
}

/// A ledger with four validators and short epochs, whose headers are kept.
pub struct Other {
    pub chain: Chain,
    headers: Vec<Header>,
    roots: Vec<blockworm_crypto::Digest>,
    /// Who votes now.
    pub voting: Vec<Validator>,
}

impl Other {
    pub fn start(name: &str) -> Self {
        let founded = found();
        let mut genesis = (*founded.genesis).clone();
        name.clone_into(&mut genesis.name);
        genesis.parameters.epoch_length = 20;
        genesis.validators = validators(&["bank", "court", "notary", "platform"]);
        let founded = Founded {
            genesis: Arc::new(genesis),
            ..founded
        };
        let chain = Chain::start(founded);
        Self {
            headers: vec![chain.founded.genesis.header()],
            roots: vec![chain.state.root()],
            voting: chain.founded.genesis.validators.clone(),
            chain,
        }
    }

    pub fn genesis(&self) -> &Genesis {
        &self.chain.founded.genesis
    }

    pub fn height(&self) -> u64 {
        self.headers.len() as u64 - 1
    }

    /// The next block, after which `next` votes.
    fn block(&mut self, transactions: &[Transaction], next: &[Validator]) {
        let encoded: Vec<Vec<u8>> = transactions.iter().map(Transaction::encode).collect();
        let transactions = Transactions::from_encoded(encoded.iter()).unwrap();
        let before = self.headers.last().unwrap().clone();
        let height = before.height + 1;
        let lagging = height.checked_sub(LAG).filter(|at| *at > 0);
        let header = Header {
            height,
            time_ms: before.time_ms + STEP_MS,
            parent: before.digest(),
            transactions_root: transactions.root(),
            state_root: lagging.map_or(blockworm_crypto::Digest::ZERO, |at| {
                self.roots[usize::try_from(at).unwrap()]
            }),
            next_validators: validator_set_digest(next),
            ..before
        };
        let block = Block {
            header: header.clone(),
            transactions,
        };
        let (outcome, root) = self.chain.run(&block);
        assert!(outcome.receipts.iter().all(|receipt| receipt.code == "ok"));
        self.headers.push(header);
        self.roots.push(root);
    }

    pub fn pass(&mut self, blocks: u64) {
        for _ in 0..blocks {
            let voting = self.voting.clone();
            self.block(&[], &voting);
        }
    }

    pub fn send(&mut self, sender: &str, contract: &str, message: &Value) {
        let body = self.chain.body(sender, contract, message);
        let voting = self.voting.clone();
        self.block(&[Chain::sign(body)], &voting);
    }

    /// Passes to the end of the epoch, where the set changes; the handover.
    pub fn hand_over(&mut self, to: &[&str]) -> Handover {
        let length = self.genesis().parameters.epoch_length;
        self.pass(length - 2 - self.height() % length);
        let next = validators(to);
        self.block(&[], &next);
        let header = self.headers.last().unwrap().clone();
        let finality = self.sign(&header, &self.voting);
        self.voting.clone_from(&next);
        Handover {
            header,
            finality,
            validators: next,
        }
    }

    pub fn sign(&self, header: &Header, set: &[Validator]) -> FinalityProof {
        let mut proof = FinalityProof {
            epoch: header.height / self.genesis().parameters.epoch_length,
            view: header.height,
            parent_view: header.height - 1,
            payload: header.digest(),
            signatures: Vec::new(),
        };
        let bytes = proof.signed_bytes(&header.ledger);
        let signers = set.iter().enumerate().take(quorum(set.len()));
        proof.signatures = signers
            .map(|(place, validator)| {
                let seed = seed(validator.organisation.as_str());
                let pair = Ed25519KeyPair::from_seed_unchecked(&seed).unwrap();
                let signature = pair.sign(&bytes).as_ref().try_into().unwrap();
                (u32::try_from(place).unwrap(), signature)
            })
            .collect();
        proof
    }

    /// What a key of a contract holds now, proved a few blocks later.
    pub fn prove(&mut self, contract: &str, key: &[u8]) -> ForeignState {
        let number = self.chain.executor.reader().contract_id(contract).unwrap();
        let full = blockworm_ledger::state_proof::state_key(number, key);
        let proved = self.chain.state.prove(&full).unwrap();
        let height = proved.height;
        assert_eq!(height, self.height());
        self.pass(LAG);
        let headers = self.headers[usize::try_from(height).unwrap()..].to_vec();
        let finality = self.sign(headers.last().unwrap(), &self.voting);
        ForeignState {
            claim: StateClaim::new(height, number, key.to_vec(), proved.value, proved.proof),
            chain: CertifiedHeaders {
                handovers: Vec::new(),
                headers,
                finality,
            },
        }
    }
}

pub fn borsh64<T: borsh::BorshSerialize>(value: &T) -> String {
    BASE64_STANDARD.encode(borsh::to_vec(value).unwrap())
}

/// The message to `probe`.
pub fn ask(ledger: &str, contract: &str, key: &[u8], proof: &[u8]) -> Value {
    json!({
        "ledger": ledger, "contract": contract,
        "key": BASE64_STANDARD.encode(key), "proof": BASE64_STANDARD.encode(proof),
    })
}

pub fn follow(name: &str, genesis: &Genesis) -> Value {
    json!({ "follow": { "name": name, "genesis": borsh64(genesis) } })
}

pub fn advance(name: &str, handovers: &[Handover]) -> Value {
    let handovers: Vec<String> = handovers.iter().map(borsh64).collect();
    json!({ "advance": { "name": name, "handovers": handovers } })
}

/// Three of the four organisations pin `genesis` as `name`; the last of `numbers` counts up.
pub fn pin(chain: &mut Chain, number: u64, name: &str, genesis: &Genesis) {
    let action = json!({ "pin_ledger": { "name": name, "genesis": genesis.digest() } });
    let propose = json!({ "propose": { "action": action, "for_ms": 3_600_000 } });
    chain.must("bank/admin", "proposals", &propose);
    for voter in ["court/admin", "notary/admin"] {
        let vote = vote(chain, number, true);
        chain.must(voter, "proposals", &vote);
    }
}

/// Never one of the other ledger's.
pub fn stranger() -> blockworm_crypto::SecretKey {
    key_of("stranger")
}
