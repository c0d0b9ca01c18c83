//! The contracts that a program has: `name@version` to the CosmWasm entry points.

use crate::contracts::Code;
#[cfg(feature = "wasm")]
use crate::{error::Refusal, wasm::Module};
use blockworm_kit::KitQuery;
use cosmwasm_std::{Binary, Deps, DepsMut, Env, MessageInfo, Response, from_json};
use serde::de::DeserializeOwned;
use std::{collections::BTreeMap, fmt::Display, sync::Arc};

/// Why an entry point returned no response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallError {
    /// The message is not one that the contract knows; the text is for this node's log only.
    BadMessage(String),
    /// The contract's error as it displays: `<code>: <sentence>`, or anything else.
    Refused(String),
}

/// A contract linked into the program.
pub trait NativeContract: Send + Sync + 'static {
    /// Begins the contract's life.
    ///
    /// # Errors
    /// When the message cannot be read or the contract refuses.
    fn instantiate(
        &self,
        deps: DepsMut<'_, KitQuery>,
        env: Env,
        info: MessageInfo,
        msg: &[u8],
    ) -> Result<Response, CallError>;

    /// Runs one message.
    ///
    /// # Errors
    /// When the message cannot be read or the contract refuses.
    fn execute(
        &self,
        deps: DepsMut<'_, KitQuery>,
        env: Env,
        info: MessageInfo,
        msg: &[u8],
    ) -> Result<Response, CallError>;

    /// Answers one question with JSON.
    ///
    /// # Errors
    /// When the message cannot be read or the contract refuses.
    fn query(&self, deps: Deps<'_, KitQuery>, env: Env, msg: &[u8]) -> Result<Binary, CallError>;
}

type Change<M, E> = fn(DepsMut<'_, KitQuery>, Env, MessageInfo, M) -> Result<Response, E>;
type Question<M, E> = fn(Deps<'_, KitQuery>, Env, M) -> Result<Binary, E>;

/// A contract crate's entry points, called directly: the message's bytes are parsed once.
pub struct Native<I, X, Q, E> {
    instantiate: Change<I, E>,
    execute: Change<X, E>,
    query: Question<Q, E>,
}

impl<I, X, Q, E> Native<I, X, Q, E> {
    /// Wraps the three entry points.
    pub fn new(instantiate: Change<I, E>, execute: Change<X, E>, query: Question<Q, E>) -> Self {
        Self {
            instantiate,
            execute,
            query,
        }
    }
}

impl<I, X, Q, E> NativeContract for Native<I, X, Q, E>
where
    I: DeserializeOwned + 'static,
    X: DeserializeOwned + 'static,
    Q: DeserializeOwned + 'static,
    E: Display + 'static,
{
    fn instantiate(
        &self,
        deps: DepsMut<'_, KitQuery>,
        env: Env,
        info: MessageInfo,
        msg: &[u8],
    ) -> Result<Response, CallError> {
        refused((self.instantiate)(deps, env, info, parse(msg)?))
    }

    fn execute(
        &self,
        deps: DepsMut<'_, KitQuery>,
        env: Env,
        info: MessageInfo,
        msg: &[u8],
    ) -> Result<Response, CallError> {
        refused((self.execute)(deps, env, info, parse(msg)?))
    }

    fn query(&self, deps: Deps<'_, KitQuery>, env: Env, msg: &[u8]) -> Result<Binary, CallError> {
        refused((self.query)(deps, env, parse(msg)?))
    }
}

fn parse<M: DeserializeOwned>(msg: &[u8]) -> Result<M, CallError> {
    from_json(msg).map_err(|error| CallError::BadMessage(error.to_string()))
}

fn refused<T, E: Display>(outcome: Result<T, E>) -> Result<T, CallError> {
    outcome.map_err(|error| CallError::Refused(error.to_string()))
}

/// All contracts that a program has, native or WASM.
#[derive(Default)]
pub struct Builtins {
    codes: BTreeMap<String, Code>,
}

impl Builtins {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a contract under its code, `name@version`; a later one replaces an earlier.
    #[must_use]
    pub fn with(mut self, code: &str, contract: impl NativeContract) -> Self {
        let contract = Code::Native(Arc::new(contract));
        self.codes.insert(code.to_owned(), contract);
        self
    }

    /// Adds a contract as a WASM module of the CosmWasm API under its code, `name@version`.
    ///
    /// # Errors
    /// A code `wasm.*` and a sentence when the module is none that this ledger runs
    /// (docs/contracts/wasm.md).
    #[cfg(feature = "wasm")]
    pub fn with_wasm(mut self, code: &str, module: &[u8]) -> Result<Self, Refusal> {
        let module = Code::Wasm(Arc::new(Module::load(module)?));
        self.codes.insert(code.to_owned(), module);
        Ok(self)
    }

    /// The contract behind a code.
    pub(crate) fn get(&self, code: &str) -> Option<Code> {
        self.codes.get(code).cloned()
    }

    /// All codes, ordered.
    pub fn codes(&self) -> impl Iterator<Item = &str> {
        self.codes.keys().map(String::as_str)
    }
}
