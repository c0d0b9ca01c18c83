//! A contract that misbehaves on request.

use blockworm_kit::KitQuery;
use cosmwasm_std::{
    BankMsg, Binary, Deps, DepsMut, Empty, Env, Event, MessageInfo, Order, Response, StdError,
    StdResult, SubMsg, Uint128, WasmMsg, from_json, to_json_binary, to_json_vec,
};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Unruly {
    /// Writes, then panics.
    Panic {},
    /// Writes, then overflows.
    Overflow {},
    /// Writes, then panics with something that is not text.
    PanicOddly {},
    /// Catches the host's unwinding and claims success.
    Swallow {},
    /// Writes for ever.
    Spin {},
    /// Scans all its keys, for ever.
    ScanForEver {},
    /// Writes `count` keys, then scans in pages and compares.
    Scan { count: u32 },
    /// Writes an empty value.
    Empty {},
    /// Writes a value of this many bytes.
    Large { bytes: usize },
    /// A key of this many bytes.
    LongKey { bytes: usize },
    /// Emits this many events of a kilobyte.
    Shout { events: usize },
    /// Writes, then sends `then` to itself; `depth` times nested.
    Nest { depth: u32, then: Box<Unruly> },
    /// Sends itself this many writes side by side.
    Fan { count: u32 },
    /// Asks for a reply.
    Reply {},
    /// Sends coins as Cosmos would.
    Bank {},
    /// Attaches funds.
    Funds {},
    /// Sends a message to this contract.
    Call { contract: String },
    /// Writes one key.
    Write { key: String },
    /// Fails without a code.
    Fail {},
    /// Fails with a code.
    Refuse { text: String },
    /// Returns an event with a subject, a plain attribute and data.
    Speak {},
    /// Asks another contract inside an execution; returns the answer as data.
    Ask { contract: String, question: String },
    /// Reports what it knows about the block as data.
    WhereAmI {},
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Question {
    Panic {},
    Deeper {},
    Get { key: String },
    Write {},
}

pub fn instantiate(
    _: DepsMut<'_, KitQuery>,
    _: Env,
    _: MessageInfo,
    _: Empty,
) -> StdResult<Response> {
    Ok(Response::new())
}

fn to_itself(env: &Env, message: &Unruly) -> WasmMsg {
    let msg = to_json_binary(message).unwrap();
    WasmMsg::Execute {
        contract_addr: env.contract.address.to_string(),
        msg,
        funds: vec![],
    }
}

pub fn execute(
    deps: DepsMut<'_, KitQuery>,
    env: Env,
    info: MessageInfo,
    message: Unruly,
) -> Result<Response, String> {
    deps.storage.set(b"touched", b"yes");
    match message {
        Unruly::Panic {} => panic!("text that must not reach a receipt"),
        Unruly::PanicOddly {} => std::panic::panic_any(7u8),
        Unruly::Overflow {} => {
            let sum = Uint128::MAX + Uint128::one();
            Ok(Response::new().add_attribute("sum", sum.to_string()))
        }
        Unruly::Swallow {} => {
            let storage = std::panic::AssertUnwindSafe(deps.storage);
            let _ = std::panic::catch_unwind(move || {
                let storage = storage;
                loop {
                    storage.0.set(b"touched", b"again");
                }
            });
            Ok(Response::new())
        }
        Unruly::Spin {} => loop {
            deps.storage.set(b"touched", b"again");
        },
        Unruly::ScanForEver {} => loop {
            deps.storage
                .range(None, None, Order::Ascending)
                .for_each(drop);
        },
        Unruly::Scan { count } => scan(deps, count),
        Unruly::Empty {} => {
            deps.storage.set(b"k", b"");
            Ok(Response::new())
        }
        Unruly::Large { bytes } => {
            deps.storage.set(b"k", &vec![1; bytes]);
            Ok(Response::new())
        }
        Unruly::LongKey { bytes } => {
            deps.storage.set(&vec![1; bytes], b"v");
            Ok(Response::new())
        }
        Unruly::Shout { events } => {
            let event = Event::new("noise").add_attribute("text", "x".repeat(1000));
            Ok(Response::new().add_events(vec![event; events]))
        }
        other => speak(deps, &env, &info, other),
    }
}

fn scan(deps: DepsMut<'_, KitQuery>, count: u32) -> Result<Response, String> {
    let key = |n: u32| [b"scan".as_slice(), &n.to_be_bytes()].concat();
    for n in (0..count).filter(|n| n % 2 == 0) {
        deps.storage.set(&key(n), b"v");
    }
    for n in (0..count).filter(|n| n % 6 == 0) {
        deps.storage.remove(&key(n));
    }
    let ascending: Vec<_> = deps
        .storage
        .range_keys(Some(b"scan"), Some(b"scao"), Order::Ascending)
        .collect();
    let mut descending: Vec<_> = deps
        .storage
        .range_keys(Some(b"scan"), Some(b"scao"), Order::Descending)
        .collect();
    descending.reverse();
    let wanted: Vec<_> = (0..count)
        .filter(|n| n % 2 == 0 && n % 6 != 0)
        .map(key)
        .collect();
    assert_eq!(ascending, wanted);
    assert_eq!(descending, wanted);
    let empty = deps
        .storage
        .range(Some(b"z"), Some(b"a"), Order::Ascending)
        .count();
    assert_eq!(empty, 0);
    Ok(Response::new().set_data(to_json_vec(&ascending.len()).unwrap()))
}

fn speak(
    deps: DepsMut<'_, KitQuery>,
    env: &Env,
    info: &MessageInfo,
    message: Unruly,
) -> Result<Response, String> {
    let response = Response::new();
    match message {
        Unruly::Nest { depth: 0, then } => Ok(response.add_message(to_itself(env, &then))),
        Unruly::Nest { depth, then } => {
            let inner = Unruly::Nest {
                depth: depth - 1,
                then,
            };
            Ok(response.add_message(to_itself(env, &inner)))
        }
        Unruly::Fan { count } => {
            let writes = (0..count).map(|n| to_itself(env, &Unruly::Write { key: n.to_string() }));
            Ok(response.add_messages(writes))
        }
        Unruly::Reply {} => {
            let message = to_itself(env, &Unruly::Write { key: "k".into() });
            Ok(response.add_submessage(SubMsg::reply_on_error(message, 1)))
        }
        Unruly::Bank {} => Ok(response.add_message(BankMsg::Burn { amount: vec![] })),
        Unruly::Funds {} => {
            let mut message = to_itself(env, &Unruly::Write { key: "k".into() });
            if let WasmMsg::Execute { funds, .. } = &mut message {
                funds.push(cosmwasm_std::coin(1, "cny"));
            }
            Ok(response.add_message(message))
        }
        Unruly::Call { contract } => {
            let msg = Binary::from(b"{}");
            Ok(response.add_message(WasmMsg::Execute {
                contract_addr: contract,
                msg,
                funds: vec![],
            }))
        }
        Unruly::Write { key } => {
            deps.storage.set(key.as_bytes(), b"v");
            Ok(response)
        }
        Unruly::Fail {} => Err(StdError::msg("library text").to_string()),
        Unruly::Refuse { text } => Err(text),
        Unruly::Speak {} => {
            let event = Event::new("spoken")
                .add_attribute("a", "1")
                .add_attribute("subject", "S-1")
                .add_attribute("b", "2")
                .add_attribute("subject", "kept");
            Ok(response
                .add_event(event)
                .add_attribute("plain", "yes")
                .set_data(b"data"))
        }
        Unruly::Ask { contract, question } => {
            Ok(response.set_data(ask(deps, contract, &question).into_bytes()))
        }
        Unruly::WhereAmI {} => {
            let facts = to_json_vec(&(env, &info.sender)).unwrap();
            Ok(response.set_data(facts))
        }
        other => Err(format!("unruly.unknown: {other:?}")),
    }
}

fn ask(deps: DepsMut<'_, KitQuery>, contract: String, question: &str) -> String {
    let question = Binary::from(question.as_bytes());
    let request = cosmwasm_std::WasmQuery::Smart {
        contract_addr: contract,
        msg: question,
    };
    let answer: StdResult<String> = deps.querier.query(&request.into());
    answer.unwrap_or_else(|_| "refused".into())
}

pub fn query(deps: Deps<'_, KitQuery>, env: Env, question: Question) -> Result<Binary, String> {
    match question {
        Question::Panic {} => panic!("a query's text"),
        Question::Deeper {} => {
            let msg = to_json_binary(&Question::Deeper {}).unwrap();
            let contract_addr = env.contract.address.to_string();
            let request = cosmwasm_std::WasmQuery::Smart { contract_addr, msg };
            let answer: StdResult<String> = deps.querier.query(&request.into());
            Ok(to_json_binary(&format!("{}+", answer.unwrap_or_default())).unwrap())
        }
        Question::Get { key } => {
            let value = deps.storage.get(key.as_bytes()).unwrap_or_default();
            Ok(to_json_binary(&String::from_utf8(value).unwrap()).unwrap())
        }
        Question::Write {} => from_json(b"").map_err(|error: StdError| error.to_string()),
    }
}
