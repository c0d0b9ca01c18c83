//! The asset contracts on this host and on cw-multi-test at once: every message goes to both, and the answers are compared.

#![allow(dead_code, clippy::unwrap_used)]

use super::support::{Chain, FOUNDERS, builtins, found_with, parameters};
use blockworm_execution::{CallError, FIRST_BUSINESS_CONTRACT, Native, NativeContract};
use blockworm_kit::{KitQuery, MemberView};
use blockworm_ledger::{Event, genesis::GenesisContract};
use blockworm_state::Order;
use cosmwasm_std::{
    Addr, Api, Binary, BlockInfo, CanonicalAddr, CustomMsg, CustomQuery, Deps, DepsMut, Empty, Env,
    MessageInfo, Querier, Reply, Response, StdError, StdResult, Storage, Timestamp,
    TransactionInfo, from_json, testing::MockApi, to_json_binary,
};
use cw_multi_test::{
    AddressGenerator, App, AppBuilder, AppResponse, BankKeeper, Contract, CosmosRouter, Executor,
    Module, WasmKeeper, no_init,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::{cell::RefCell, collections::BTreeMap, rc::Rc, sync::Arc};

/// Names in the order in which they begin; the first two are the usual ones of this host.
const CONTRACTS: [&str; 4] = ["money", "receivable", "issuance", "holdings"];

type Hash = Rc<RefCell<Binary>>;
type Other = App<
    BankKeeper,
    Names,
    cosmwasm_std::testing::MockStorage,
    Members,
    WasmKeeper<Empty, KitQuery>,
>;

/// Both hosts.
pub struct TwoHosts {
    here: Chain,
    there: Other,
    hash: Hash,
    messages: usize,
}

fn natives() -> [Box<dyn NativeContract>; 4] {
    [
        Box::new(Native::new(
            blockworm_money::instantiate,
            blockworm_money::execute,
            blockworm_money::query,
        )),
        Box::new(Native::new(
            blockworm_receivable::instantiate,
            blockworm_receivable::execute,
            blockworm_receivable::query,
        )),
        Box::new(issuance()),
        Box::new(holdings()),
    ]
}

fn issuance() -> impl NativeContract {
    Native::new(
        blockworm_asset_issuance::instantiate,
        blockworm_asset_issuance::execute,
        blockworm_asset_issuance::query,
    )
}

fn holdings() -> impl NativeContract {
    Native::new(
        blockworm_asset_transaction::instantiate,
        blockworm_asset_transaction::execute,
        blockworm_asset_transaction::query,
    )
}

fn class(name: &str, kind: &str) -> Value {
    let approvals = json!([{"role": "platform", "count": 1}]);
    json!({
        "name": name, "kind": kind, "currency": "CNY", "issue": ["platform"],
        "freeze": ["court"], "redeem": ["bank"], "supply": "fixed", "transfer_approvals": [],
        "tiers": [{"up_to": null, "approvals": approvals, "other_organisation": false}],
        "schema": [{"name": "invoice", "form": "text", "required": true}],
    })
}

fn inits() -> [String; 4] {
    let classes = [class("note", "divisible"), class("cash", "fungible")];
    let issuance = json!({"holdings": "holdings", "definers": ["platform"], "classes": classes});
    [
        "{}".to_owned(),
        super::support::trading::RECEIVABLE.to_owned(),
        issuance.to_string(),
        json!({"issuance": "issuance"}).to_string(),
    ]
}

/// This host, with the asset contracts after the usual two.
pub fn chain() -> Chain {
    let builtins = builtins()
        .with("asset-issuance@1", issuance())
        .with("asset-transaction@1", holdings());
    let mut founded = found_with(builtins, &[], parameters());
    let mut genesis = (*founded.genesis).clone();
    let codes = ["", "", "asset-issuance@1", "asset-transaction@1"];
    for ((name, code), init) in CONTRACTS.iter().zip(codes).zip(inits()).skip(2) {
        genesis.contracts.push(GenesisContract {
            name: name.parse().unwrap(),
            code: code.to_owned(),
            init,
        });
    }
    founded.genesis = Arc::new(genesis);
    Chain::start(founded).beside_wasm()
}

impl TwoHosts {
    pub fn start() -> Self {
        let here = chain();
        let hash = Hash::default();
        let wasm = WasmKeeper::new().with_address_generator(Names);
        let mut there = AppBuilder::new_custom()
            .with_api(Names)
            .with_custom(Members)
            .with_wasm(wasm)
            .build(no_init);
        for ((name, native), init) in CONTRACTS.iter().zip(natives()).zip(inits()) {
            let hash = Rc::clone(&hash);
            let code = there.store_code(Box::new(Hosted { native, hash }));
            let init: Value = serde_json::from_str(&init).unwrap();
            let creator = Addr::unchecked("ledger");
            let address = there
                .instantiate_contract(code, creator, &init, &[], *name, None)
                .unwrap();
            assert_eq!(address.as_str(), *name);
        }
        let mut hosts = Self {
            here,
            there,
            hash,
            messages: 0,
        };
        hosts.compare_state();
        hosts
    }

    /// The message on both hosts; its data, or its refusal.
    fn run(&mut self, sender: &str, contract: &str, message: &Value) -> Result<Vec<u8>, String> {
        self.messages += 1;
        let transaction = Chain::sign(self.here.body(sender, contract, message));
        let id = transaction.id();
        let block = self.here.block(std::slice::from_ref(&transaction));
        let receipt = self.here.run(&block).0.receipts.remove(0);
        self.there.set_block(BlockInfo {
            height: block.header.height,
            time: Timestamp::from_nanos(block.header.time_ms * 1_000_000),
            chain_id: self.here.founded.genesis.ledger_id().to_string(),
        });
        *self.hash.borrow_mut() = Binary::new(id.0.to_vec());
        let (from, to) = (Addr::unchecked(sender), Addr::unchecked(contract));
        let outcome = self.there.execute_contract(from, to, message, &[]);
        let outcome = match outcome {
            Ok(response) => {
                assert_eq!(receipt.code, "ok", "{message}: {}", receipt.message);
                let data = response.data.unwrap_or_default().to_vec();
                assert_eq!(receipt.data, data, "{message}");
                let events: Vec<_> = response.events.into_iter().filter_map(event).collect();
                let own: Vec<_> = receipt.events.iter().map(plain).collect();
                assert_eq!(own, events, "{message}");
                Ok(data)
            }
            Err(error) => {
                let wanted = format!("{}: {}", receipt.code, receipt.message);
                let text = error.to_string();
                assert!(
                    text.contains(&wanted),
                    "{message}: {wanted} here, {text} there"
                );
                Err(receipt.code)
            }
        };
        self.compare_state();
        outcome
    }

    pub fn must(&mut self, sender: &str, contract: &str, message: &Value) -> Vec<u8> {
        self.run(sender, contract, message).unwrap()
    }

    pub fn refused(&mut self, sender: &str, contract: &str, message: &Value, code: &str) {
        assert_eq!(
            self.run(sender, contract, message).unwrap_err(),
            code,
            "{message}"
        );
    }

    pub fn query(&self, contract: &str, message: &Value) -> Value {
        let here = self.here.query(contract, message);
        let there: Value = {
            let answer: Binary = self
                .there
                .wrap()
                .query_wasm_smart(contract, message)
                .map_or_else(
                    |error| panic!("{error}"),
                    |value: Value| to_json_binary(&value).unwrap(),
                );
            from_json(answer).unwrap()
        };
        assert_eq!(here, there);
        here
    }

    /// Prices of all that took effect, native and as WASM; none where there are no modules.
    pub fn costs(&self) -> Option<(u64, u64)> {
        self.here.twin.as_ref().map(|twin| twin.costs)
    }

    /// How many messages were compared, and how many bytes the asset contracts hold.
    pub fn compared(&mut self) -> (usize, usize) {
        let bytes = self.compare_state();
        (self.messages, bytes)
    }

    fn compare_state(&mut self) -> usize {
        let mut bytes = 0;
        for (place, name) in CONTRACTS.iter().enumerate().skip(2) {
            let id = FIRST_BUSINESS_CONTRACT + u32::try_from(place).unwrap();
            let (start, end) = (id.to_be_bytes(), (id + 1).to_be_bytes());
            let state = &self.here.state;
            let rows = state.range(&start, Some(&end), Order::Ascending, 100_000);
            let here: Vec<_> = rows
                .unwrap()
                .into_iter()
                .map(|(key, value)| (key[4..].to_vec(), value))
                .collect();
            let there = self.there.dump_wasm_raw(&Addr::unchecked(*name));
            assert_eq!(here, there, "{name}");
            bytes += here
                .iter()
                .map(|(key, value)| key.len() + value.len())
                .sum::<usize>();
        }
        bytes
    }
}

type Plain = (String, String, String, Vec<(String, String)>);

fn plain(event: &Event) -> Plain {
    let (contract, kind) = (event.contract.to_string(), event.kind.clone());
    (
        contract,
        kind,
        event.subject.clone(),
        event.attributes.clone(),
    )
}

/// What a contract told, without what the other host adds of its own.
fn event(event: cosmwasm_std::Event) -> Option<Plain> {
    let kind = event.ty.strip_prefix("wasm-")?.to_owned();
    let (mut contract, mut subject, mut others) = (String::new(), String::new(), vec![]);
    for attribute in event.attributes {
        match attribute.key.as_str() {
            "_contract_address" => contract = attribute.value,
            "subject" => subject = attribute.value,
            _ => others.push((attribute.key, attribute.value)),
        }
    }
    Some((contract, kind, subject, others))
}

/// A contract on the other host, which is told the transaction's id.
struct Hosted {
    native: Box<dyn NativeContract>,
    hash: Hash,
}

impl Hosted {
    fn env(&self, mut env: Env) -> Env {
        env.transaction = Some(TransactionInfo::new(0, self.hash.borrow().clone()));
        env
    }
}

/// As this host words it: a contract's refusal as it is, a message that it does not know by a code.
fn error(error: CallError) -> StdError {
    match error {
        CallError::Refused(text) => StdError::msg(text),
        CallError::BadMessage(_) => {
            StdError::msg("contract.bad_message: the contract does not know this message")
        }
    }
}

impl Contract<Empty, KitQuery> for Hosted {
    fn instantiate(
        &self,
        deps: DepsMut<'_, KitQuery>,
        env: Env,
        info: MessageInfo,
        msg: Vec<u8>,
    ) -> StdResult<Response> {
        self.native
            .instantiate(deps, self.env(env), info, &msg)
            .map_err(error)
    }

    fn execute(
        &self,
        deps: DepsMut<'_, KitQuery>,
        env: Env,
        info: MessageInfo,
        msg: Vec<u8>,
    ) -> StdResult<Response> {
        self.native
            .execute(deps, self.env(env), info, &msg)
            .map_err(error)
    }

    fn query(&self, deps: Deps<'_, KitQuery>, env: Env, msg: Vec<u8>) -> StdResult<Binary> {
        self.native.query(deps, env, &msg).map_err(error)
    }

    fn reply(&self, _: DepsMut<'_, KitQuery>, _: Env, _: Reply) -> StdResult<Response> {
        unreachable!("these contracts ask for no reply")
    }

    fn sudo(&self, _: DepsMut<'_, KitQuery>, _: Env, _: Vec<u8>) -> StdResult<Response> {
        unreachable!("these contracts have no such entry")
    }

    fn migrate(&self, _: DepsMut<'_, KitQuery>, _: Env, _: Vec<u8>) -> StdResult<Response> {
        unreachable!("these contracts have no such entry")
    }
}

/// Members of the usual founders, for the other host.
struct Members;

impl Module for Members {
    type ExecT = Empty;
    type QueryT = KitQuery;
    type SudoT = Empty;

    fn execute<ExecC, QueryC>(
        &self,
        _: &dyn Api,
        _: &mut dyn Storage,
        _: &dyn CosmosRouter<ExecC = ExecC, QueryC = QueryC>,
        _: &BlockInfo,
        _: Addr,
        _: Empty,
    ) -> StdResult<AppResponse>
    where
        ExecC: CustomMsg + DeserializeOwned + 'static,
        QueryC: CustomQuery + DeserializeOwned + 'static,
    {
        unreachable!("no contract sends custom messages")
    }

    fn query(
        &self,
        _: &dyn Api,
        _: &dyn Storage,
        _: &dyn Querier,
        _: &BlockInfo,
        request: KitQuery,
    ) -> StdResult<Binary> {
        match request {
            KitQuery::Member { address } => to_json_binary(&members().get(&address)),
            // Nothing was voted.
            KitQuery::Policy { .. } | KitQuery::Calendar { .. } => to_json_binary(&None::<String>),
            KitQuery::Foreign { .. } => {
                Err(StdError::msg("no other ledger stands beside this host"))
            }
        }
    }

    fn sudo<ExecC, QueryC>(
        &self,
        _: &dyn Api,
        _: &mut dyn Storage,
        _: &dyn CosmosRouter<ExecC = ExecC, QueryC = QueryC>,
        _: &BlockInfo,
        _: Empty,
    ) -> StdResult<AppResponse>
    where
        ExecC: CustomMsg + DeserializeOwned + 'static,
        QueryC: CustomQuery + DeserializeOwned + 'static,
    {
        unreachable!("nobody is privileged")
    }
}

fn members() -> BTreeMap<String, MemberView> {
    let mut views = BTreeMap::new();
    for (organisation, members) in FOUNDERS {
        for (name, functions) in members {
            let view = MemberView {
                organisation: organisation.to_owned(),
                roles: vec![organisation.to_owned()],
                functions: functions.iter().map(ToString::to_string).collect(),
                active: true,
            };
            views.insert(format!("{organisation}/{name}"), view);
        }
    }
    views
}

/// Addresses as they are, and contracts by name.
struct Names;

impl AddressGenerator for Names {
    fn contract_address(
        &self,
        _: &dyn Api,
        _: &mut dyn Storage,
        code: u64,
        _: u64,
    ) -> StdResult<Addr> {
        let place = usize::try_from(code).unwrap() - 1;
        Ok(Addr::unchecked(CONTRACTS[place]))
    }
}

impl Api for Names {
    fn addr_validate(&self, human: &str) -> StdResult<Addr> {
        Ok(Addr::unchecked(human))
    }

    fn addr_canonicalize(&self, human: &str) -> StdResult<CanonicalAddr> {
        Ok(CanonicalAddr::from(human.as_bytes()))
    }

    fn addr_humanize(&self, canonical: &CanonicalAddr) -> StdResult<Addr> {
        let text = std::str::from_utf8(canonical.as_slice()).unwrap();
        Ok(Addr::unchecked(text))
    }

    fn secp256k1_verify(
        &self,
        hash: &[u8],
        signature: &[u8],
        key: &[u8],
    ) -> Result<bool, cosmwasm_std::VerificationError> {
        MockApi::default().secp256k1_verify(hash, signature, key)
    }

    fn secp256k1_recover_pubkey(
        &self,
        hash: &[u8],
        signature: &[u8],
        parameter: u8,
    ) -> Result<Vec<u8>, cosmwasm_std::RecoverPubkeyError> {
        MockApi::default().secp256k1_recover_pubkey(hash, signature, parameter)
    }

    fn ed25519_verify(
        &self,
        message: &[u8],
        signature: &[u8],
        key: &[u8],
    ) -> Result<bool, cosmwasm_std::VerificationError> {
        MockApi::default().ed25519_verify(message, signature, key)
    }

    fn ed25519_batch_verify(
        &self,
        messages: &[&[u8]],
        signatures: &[&[u8]],
        keys: &[&[u8]],
    ) -> Result<bool, cosmwasm_std::VerificationError> {
        MockApi::default().ed25519_batch_verify(messages, signatures, keys)
    }

    fn debug(&self, _: &str) {}
}
