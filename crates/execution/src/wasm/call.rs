//! One call: a fresh instance, the entry point, its answer, and every way in which it can end.

use super::{
    MAX_REGION_BYTES,
    fault::{Fault, failure},
    host::Host,
    imports,
    module::Module,
    region,
};
use crate::{
    call::{self, Entry, Origin},
    contracts::Contract,
    guard::{self, Unwound},
    host::{HostQuerier, HostStorage},
    pricing::{Price, price},
    session::{Failure, Session},
};
use cosmwasm_std::{
    Addr, Binary, ContractResult, Env, MessageInfo, Response, from_json, to_json_vec,
};
use serde::de::DeserializeOwned;
use wasmi::{Error, Instance, Store, TrapCode, Val};

/// How cosmwasm-std begins the text of an error in JSON.
const BAD_JSON: &str = "kind: Serialization, error: ";

/// Runs `instantiate` or `execute`.
pub(crate) fn change(
    session: &Session<'_>,
    contract: &Contract,
    module: &Module,
    entry: Entry,
    origin: Origin<'_>,
    message: &[u8],
) -> Result<Response, Failure> {
    let info = MessageInfo {
        sender: Addr::unchecked(origin.sender),
        funds: Vec::new(),
    };
    let info = to_json_vec(&info).expect("invariant: a sender is JSON");
    let env = env(&call::env(session, contract, origin.transaction));
    let name = match entry {
        Entry::Instantiate => "instantiate",
        Entry::Execute => "execute",
    };
    let host = host(session, contract, origin.depth, false);
    run(module, host, name, &[&env, &info, message])
}

/// Runs `query`; its answer is JSON.
pub(crate) fn query(
    session: &Session<'_>,
    contract: &Contract,
    module: &Module,
    message: &[u8],
    depth: usize,
) -> Result<Vec<u8>, Failure> {
    let env = env(&call::env(session, contract, None));
    let host = host(session, contract, depth, true);
    run::<Binary>(module, host, "query", &[&env, message]).map(Into::into)
}

fn env(env: &Env) -> Vec<u8> {
    to_json_vec(env).expect("invariant: an environment is JSON")
}

fn host<'a>(
    session: &'a Session<'a>,
    contract: &Contract,
    depth: usize,
    read_only: bool,
) -> Host<'a> {
    let storage = HostStorage {
        session,
        contract: contract.id,
        read_only,
    };
    Host::new(storage, HostQuerier { session, depth })
}

/// Calls an entry point and reads its answer.
fn run<T: DeserializeOwned>(
    module: &Module,
    host: Host<'_>,
    name: &str,
    arguments: &[&[u8]],
) -> Result<T, Failure> {
    let session = host.session;
    let kib = module.instance_kib;
    session.charge(price(Price::INSTANCE, Price::INSTANCE_KIB, kib))?;
    let mut store = Store::new(&module.engine, host);
    store.limiter(|host| &mut host.limits);
    let fuel = store.data_mut().grant();
    let outcome = guard::run(|| {
        store.set_fuel(fuel)?;
        answer(&mut store, module, name, arguments)
    });
    let left = store.get_fuel().unwrap_or_default();
    let mut host = store.into_data();
    if let Some(stop) = session.take_stop() {
        return Err(Failure::Stopped(stop));
    }
    let bytes = match outcome {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(error)) if error.as_trap_code() == Some(TrapCode::OutOfFuel) => {
            return Err(Failure::Stopped(host.exhausted()));
        }
        Ok(Err(error)) => {
            host.settle_all(left)?;
            return Err(failure(&error, host.panic.take()));
        }
        Err(Unwound::Panicked(note)) => return Err(Fault::Panicked.failure(Some(note))),
        Err(Unwound::ByHost) => return Err(Fault::Stopped.failure(None)),
    };
    host.settle_all(left)?;
    session.charge(price(0, Price::ANSWER_BYTE, bytes.len()))?;
    match from_json::<ContractResult<T>>(&bytes) {
        Ok(ContractResult::Ok(value)) => Ok(value),
        // cosmwasm-std reads the message before the contract's own code begins.
        Ok(ContractResult::Err(text)) if !host.asked && text.starts_with(BAD_JSON) => {
            Err(call::bad_message(text))
        }
        Ok(ContractResult::Err(text)) => Err(call::refusal(text)),
        Err(error) => Err(Fault::NotAnAnswer.failure(Some(error.to_string()))),
    }
}

/// The bytes that the entry point answers.
fn answer(
    store: &mut Store<Host<'_>>,
    module: &Module,
    name: &str,
    arguments: &[&[u8]],
) -> Result<Vec<u8>, Error> {
    let instance = start(store, module)?;
    let mut places = Vec::with_capacity(arguments.len());
    for argument in arguments {
        let at = region::give(&mut *store, argument)?;
        places.push(Val::I32(at.cast_signed()));
    }
    let entry = instance
        .get_func(&*store, name)
        .ok_or(Fault::Argument("the entry point is missing"))?;
    let mut answer = [Val::I32(0)];
    entry.call(&mut *store, &places, &mut answer)?;
    let at = answer[0].i32().unwrap_or_default().cast_unsigned();
    if region::length(&*store, at)? > MAX_REGION_BYTES {
        return Err(Fault::TooLong.into());
    }
    region::read(&*store, at, MAX_REGION_BYTES)
}

fn start(store: &mut Store<Host<'_>>, module: &Module) -> Result<Instance, Error> {
    let linker = imports::linker(&module.engine)?;
    let instance = linker.instantiate_and_start(&mut *store, &module.module)?;
    let memory = instance
        .get_memory(&*store, "memory")
        .ok_or(Fault::Argument("the memory is missing"))?;
    let allocate = instance.get_typed_func::<u32, u32>(&*store, "allocate")?;
    store.data_mut().attach(memory, allocate);
    Ok(instance)
}
