//! A host for unit tests: memory storage, a small directory of members, and what other ledgers are taken to prove.

use crate::query::{CalendarYear, ForeignValue, KitQuery, MemberView};
use cosmwasm_schema::serde::Serialize;
use cosmwasm_std::testing::{MockApi, MockStorage};
use cosmwasm_std::{
    Binary, ContractResult, OwnedDeps, Querier, QuerierResult, QueryRequest, SystemError,
    SystemResult, WasmQuery, from_json, to_json_binary, to_json_vec,
};
use std::{collections::BTreeMap, marker::PhantomData};

/// Dependencies of a contract under test.
pub type TestDeps = OwnedDeps<MockStorage, MockApi, Directory, KitQuery>;

/// The members that exist, and what is proved.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    /// By address.
    pub members: BTreeMap<String, MemberView>,
    /// (Ledger, contract, key) → what every proof about it shows. A proof of anything else is
    /// refused, as the host refuses one that is about another key.
    pub proved: BTreeMap<(String, String, Vec<u8>), ForeignValue>,
    /// (Contract, question) → what that contract answers. Any other question is refused.
    pub answers: BTreeMap<(String, Vec<u8>), Binary>,
    /// Act → roles that a vote gave it.
    pub policies: BTreeMap<String, Vec<String>>,
    /// (Calendar, year) → its days.
    pub calendars: BTreeMap<(String, u16), CalendarYear>,
}

impl Directory {
    /// Adds an active member.
    #[must_use]
    pub fn with(mut self, address: &str, roles: &[&str], functions: &[&str]) -> Self {
        let organisation = address.split('/').next().unwrap_or_default().to_owned();
        let owned = |names: &[&str]| names.iter().map(ToString::to_string).collect();
        let (roles, functions) = (owned(roles), owned(functions));
        self.members.insert(
            address.to_owned(),
            MemberView {
                organisation,
                roles,
                functions,
                active: true,
            },
        );
        self
    }

    /// Marks a member as revoked.
    #[must_use]
    pub fn revoked(mut self, address: &str) -> Self {
        if let Some(member) = self.members.get_mut(address) {
            member.active = false;
        }
        self
    }

    /// Lets every proof about this key show this value.
    pub fn prove(&mut self, ledger: &str, contract: &str, key: Vec<u8>, value: ForeignValue) {
        let place = (ledger.to_owned(), contract.to_owned(), key);
        self.proved.insert(place, value);
    }

    /// Lets a contract answer this to that question.
    pub fn answer(&mut self, contract: &str, question: &impl Serialize, answer: &impl Serialize) {
        let question = to_json_vec(question).expect("a question is JSON");
        let answer = to_json_binary(answer).expect("an answer is JSON");
        self.answers.insert((contract.to_owned(), question), answer);
    }

    /// Dependencies over empty storage.
    #[must_use]
    pub fn deps(self) -> TestDeps {
        OwnedDeps {
            storage: MockStorage::new(),
            api: MockApi::default(),
            querier: self,
            custom_query_type: PhantomData,
        }
    }
}

impl Querier for Directory {
    fn raw_query(&self, request: &[u8]) -> QuerierResult {
        match from_json::<QueryRequest<KitQuery>>(request) {
            Ok(QueryRequest::Custom(KitQuery::Member { address })) => {
                let answer = to_json_binary(&self.members.get(&address)).expect("a view is JSON");
                SystemResult::Ok(ContractResult::Ok(answer))
            }
            Ok(QueryRequest::Custom(KitQuery::Policy { act })) => {
                let answer = to_json_binary(&self.policies.get(&act)).expect("names are JSON");
                SystemResult::Ok(ContractResult::Ok(answer))
            }
            Ok(QueryRequest::Custom(KitQuery::Calendar { calendar, year })) => {
                let days = self.calendars.get(&(calendar, year));
                let answer = to_json_binary(&days).expect("days are JSON");
                SystemResult::Ok(ContractResult::Ok(answer))
            }
            Ok(QueryRequest::Custom(KitQuery::Foreign {
                ledger,
                contract,
                key,
                ..
            })) => match self.proved.get(&(ledger, contract, key.to_vec())) {
                Some(value) => {
                    let answer = to_json_binary(value).expect("a value is JSON");
                    SystemResult::Ok(ContractResult::Ok(answer))
                }
                None => SystemResult::Err(SystemError::Unknown {}),
            },
            Ok(QueryRequest::Wasm(WasmQuery::Smart { contract_addr, msg })) => {
                match self.answers.get(&(contract_addr, msg.to_vec())) {
                    Some(answer) => SystemResult::Ok(ContractResult::Ok(answer.clone())),
                    None => SystemResult::Err(SystemError::Unknown {}),
                }
            }
            _ => SystemResult::Err(SystemError::UnsupportedRequest {
                kind: "unknown".into(),
            }),
        }
    }
}
