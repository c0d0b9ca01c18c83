//! A host for unit tests: memory storage and a small directory of members.

use crate::query::{KitQuery, MemberView};
use cosmwasm_std::testing::{MockApi, MockStorage};
use cosmwasm_std::{
    ContractResult, OwnedDeps, Querier, QuerierResult, QueryRequest, SystemError, SystemResult,
    from_json, to_json_binary,
};
use std::{collections::BTreeMap, marker::PhantomData};

/// Dependencies of a contract under test.
pub type TestDeps = OwnedDeps<MockStorage, MockApi, Directory, KitQuery>;

/// The members that exist.
#[derive(Clone, Debug, Default)]
pub struct Directory(pub BTreeMap<String, MemberView>);

impl Directory {
    /// Adds an active member.
    #[must_use]
    pub fn with(mut self, address: &str, roles: &[&str], functions: &[&str]) -> Self {
        let organisation = address.split('/').next().unwrap_or_default().to_owned();
        let owned = |names: &[&str]| names.iter().map(ToString::to_string).collect();
        let (roles, functions) = (owned(roles), owned(functions));
        self.0.insert(
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
        if let Some(member) = self.0.get_mut(address) {
            member.active = false;
        }
        self
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
                let answer = to_json_binary(&self.0.get(&address)).expect("a view is JSON");
                SystemResult::Ok(ContractResult::Ok(answer))
            }
            _ => SystemResult::Err(SystemError::UnsupportedRequest {
                kind: "unknown".into(),
            }),
        }
    }
}
