//! Questions that contracts ask: members of the ledger, other contracts, raw keys.

use super::foreign;
use crate::{
    call,
    guard::stop_contract,
    pricing::{Price, price},
    session::{Failure, Session, Stop},
    system::{Act, calendar, policy},
};
use blockworm_kit::KitQuery;
use cosmwasm_std::{
    Binary, ContractResult, Querier, QuerierResult, QueryRequest, SystemError, SystemResult,
    WasmQuery, from_json,
};

/// The querier of one call.
pub(crate) struct HostQuerier<'a> {
    pub(crate) session: &'a Session<'a>,
    /// How deep this call stands below the transaction.
    pub(crate) depth: usize,
}

impl HostQuerier<'_> {
    fn answer(&self, request: &[u8]) -> Result<QuerierResult, Stop> {
        let answer = match from_json::<QueryRequest<KitQuery>>(request) {
            Ok(QueryRequest::Custom(KitQuery::Member { address })) => {
                let known = self.session.member(&address)?;
                let time_ms = self.session.block.time_ms;
                known.map_or_else(|| b"null".to_vec(), |known| known.view_json(time_ms))
            }
            Ok(QueryRequest::Custom(KitQuery::Foreign {
                ledger,
                contract,
                key,
                proof,
            })) => foreign::answer(self.session, &ledger, &contract, &key, &proof)?,
            Ok(QueryRequest::Custom(KitQuery::Policy { act })) => {
                // A name that no vote can be about has no policy.
                let act: Option<Act> = serde_json::from_value(act.into()).ok();
                let roles = act.map(|act| policy(self.session, act)).transpose()?;
                serde_json::to_vec(&roles.flatten()).expect("invariant: names are JSON")
            }
            Ok(QueryRequest::Custom(KitQuery::Calendar {
                calendar: name,
                year,
            })) => {
                let days = calendar(self.session, &name, year)?;
                serde_json::to_vec(&days).expect("invariant: days are JSON")
            }
            Ok(QueryRequest::Wasm(WasmQuery::Smart { contract_addr, msg })) => {
                return self.smart(contract_addr, &msg);
            }
            Ok(QueryRequest::Wasm(WasmQuery::Raw { contract_addr, key })) => {
                return self.raw(contract_addr, &key);
            }
            Ok(_) => {
                let kind = "this ledger answers questions about members and contracts".to_owned();
                return Ok(SystemResult::Err(SystemError::UnsupportedRequest { kind }));
            }
            Err(_) => {
                let error = "the request is not a query".to_owned();
                let request = Binary::new(Vec::new());
                return Ok(SystemResult::Err(SystemError::InvalidRequest {
                    error,
                    request,
                }));
            }
        };
        self.session
            .charge(price(0, Price::MESSAGE_BYTE, answer.len()))?;
        Ok(SystemResult::Ok(ContractResult::Ok(Binary::new(answer))))
    }

    fn smart(&self, contract: String, message: &[u8]) -> Result<QuerierResult, Stop> {
        let Some(target) = self.session.contracts.get(&contract) else {
            return Ok(SystemResult::Err(SystemError::NoSuchContract {
                addr: contract,
            }));
        };
        match call::query(self.session, target, message, self.depth + 1) {
            Ok(answer) => Ok(SystemResult::Ok(ContractResult::Ok(Binary::new(answer)))),
            // The refusal's text is the other contract's own; nothing of a library's is in it.
            Err(Failure::Refused(refusal, _)) => {
                Ok(SystemResult::Ok(ContractResult::Err(refusal.to_string())))
            }
            Err(Failure::Stopped(stop)) => Err(stop),
        }
    }

    fn raw(&self, contract: String, key: &[u8]) -> Result<QuerierResult, Stop> {
        let Some(target) = self.session.contracts.get(&contract) else {
            return Ok(SystemResult::Err(SystemError::NoSuchContract {
                addr: contract,
            }));
        };
        let value = self.session.get(target.id, key)?.unwrap_or_default();
        Ok(SystemResult::Ok(ContractResult::Ok(Binary::new(value))))
    }
}

impl HostQuerier<'_> {
    /// Prices and answers a question.
    pub(crate) fn ask(&self, request: &[u8]) -> Result<QuerierResult, Stop> {
        let priced = price(0, Price::MESSAGE_BYTE, request.len());
        self.session.charge(priced)?;
        self.answer(request)
    }
}

impl Querier for HostQuerier<'_> {
    fn raw_query(&self, request: &[u8]) -> QuerierResult {
        match self.ask(request) {
            Ok(answer) => answer,
            Err(stop) => {
                self.session.stop(stop);
                stop_contract()
            }
        }
    }
}
