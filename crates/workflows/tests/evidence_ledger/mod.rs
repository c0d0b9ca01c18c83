//! The evidence contract as a ledger for workflows: no node, but every rule, and deaths on the way.

#![allow(dead_code, clippy::unwrap_used)]

use blockworm_crypto::{Digest, sha256};
use blockworm_evidence::{ExecuteMsg, execute, query};
use blockworm_kit::testing::{Directory, TestDeps};
use blockworm_ledger::{ContractName, Event, MemberId};
use blockworm_workflows::{
    fingerprint::{Document, Fingerprinted},
    receivable::{On, Outcome, Request, Shown, Since, Submitter},
};
use cosmwasm_std::{
    Addr, Binary, Env, MessageInfo, Timestamp, TransactionInfo, from_json, testing::mock_env,
};

pub const NOW: u64 = 1_795_000_000_000;

/// What happens to the next submission.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fate {
    Fine,
    /// The node is not reached.
    Lost,
    /// It is executed, and nobody hears of it.
    Unheard,
}

pub struct Ledger {
    pub deps: TestDeps,
    pub env: Env,
    pub fate: Fate,
    pub submitted: usize,
}

impl Ledger {
    pub fn new() -> Self {
        let deps = Directory::default()
            .with("platform/clerk", &["platform"], &["maker"])
            .with("bank/maker", &["bank"], &["maker"])
            .with("notary/clerk", &["notary"], &["maker"])
            .with("court/judge", &["court"], &["maker"])
            .deps();
        let mut env = mock_env();
        env.block.time = Timestamp::from_nanos(NOW * 1_000_000);
        Self {
            deps,
            env,
            fate: Fate::Fine,
            submitted: 0,
        }
    }

    fn run(&mut self, request: &Request) -> Outcome {
        self.submitted += 1;
        self.env.block.height += 1;
        let transaction = sha256(&[&request.message, &self.submitted.to_be_bytes()]);
        let hash = Binary::new(transaction.0.to_vec());
        self.env.transaction = Some(TransactionInfo::new(0, hash));
        let info = MessageInfo {
            sender: Addr::unchecked(request.sender.as_str()),
            funds: vec![],
        };
        let message: ExecuteMsg = from_json(&request.message).unwrap();
        let ran = execute(self.deps.as_mut(), self.env.clone(), info, message);
        let (code, message, events) = match ran {
            Ok(response) => {
                let events = response.events.iter();
                let told = events.map(|event| event_of(&request.contract, event));
                ("ok".to_owned(), String::new(), told.collect())
            }
            Err(refusal) => {
                let text = refusal.to_string();
                let (code, sentence) = text.split_once(": ").unwrap();
                (code.to_owned(), sentence.to_owned(), Vec::new())
            }
        };
        Outcome {
            transaction,
            height: self.env.block.height,
            code,
            message,
            events,
        }
    }
}

fn event_of(contract: &ContractName, event: &cosmwasm_std::Event) -> Event {
    let mut pairs = event.attributes.iter();
    let subject = pairs.next().unwrap().value.clone();
    Event {
        contract: contract.clone(),
        kind: event.ty.clone(),
        subject,
        attributes: pairs.map(|a| (a.key.clone(), a.value.clone())).collect(),
    }
}

impl Submitter for Ledger {
    type Error = String;

    async fn submit(&mut self, request: &Request) -> Result<Outcome, String> {
        match std::mem::replace(&mut self.fate, Fate::Fine) {
            Fate::Fine => Ok(self.run(request)),
            Fate::Lost => Err("no node".to_owned()),
            Fate::Unheard => {
                self.run(request);
                Err("no receipt".to_owned())
            }
        }
    }

    async fn query(
        &mut self,
        _: On,
        _: &ContractName,
        message: &[u8],
    ) -> Result<Option<serde_json::Value>, String> {
        let message = from_json(message).unwrap();
        let answer = query(self.deps.as_ref(), self.env.clone(), message);
        let answer = answer.map_err(|refusal| refusal.to_string())?;
        Ok(serde_json::from_slice(&answer).unwrap())
    }

    async fn prove(
        &mut self,
        _: On,
        _: &ContractName,
        _: &[u8],
        _: Since,
    ) -> Result<Shown, String> {
        Err("nothing is proved here".to_owned())
    }

    async fn fingerprint(
        &mut self,
        _: &MemberId,
        _: &Document,
    ) -> Result<Vec<Fingerprinted>, String> {
        Err("nobody evaluates here".to_owned())
    }
}

/// Of any bytes.
pub fn digest(bytes: &[u8]) -> Digest {
    sha256(&[bytes])
}
