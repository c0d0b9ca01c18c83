//! Calls: one contract, then the messages that it sends, all or nothing.

#[cfg(feature = "wasm")]
use crate::wasm;
use crate::{
    builtins::{CallError, NativeContract},
    contracts::{Code, Contract},
    error::Refusal,
    guard::{self, Unwound},
    host::{HostApi, HostQuerier, HostStorage},
    pricing::{Price, price},
    session::{Failure, Session},
    system,
};
use blockworm_crypto::Digest;
use blockworm_ledger::{Event, codes};
use cosmwasm_std::{
    Addr, Attribute, Binary, BlockInfo, ContractInfo, CosmosMsg, Deps, DepsMut, Env, MessageInfo,
    QuerierWrapper, ReplyOn, Response, SubMsg, Timestamp, TransactionInfo, WasmMsg,
};

/// How deep messages and queries may nest.
pub(crate) const MAX_DEPTH: usize = 8;
/// Most messages between contracts in one transaction.
pub(crate) const MAX_MESSAGES: usize = 64;
/// The longest sentence of a refusal, in bytes.
const MAX_SENTENCE_BYTES: usize = 512;
/// Areas of codes that contracts may not use for refusals of their own.
const SYSTEM_AREAS: [&str; 9] = [
    "transaction",
    "execution",
    "contract",
    "member",
    "organisation",
    "certificate",
    "mempool",
    "foreign",
    "wasm",
];

/// Which entry point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    Instantiate,
    Execute,
}

/// Where a call comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin<'a> {
    /// The transaction's id and its place in the block; none at genesis.
    pub(crate) transaction: Option<(Digest, u32)>,
    /// A member's id, or the name of the contract that sends the message.
    pub(crate) sender: &'a str,
    /// 0 for the transaction itself.
    pub(crate) depth: usize,
}

/// Runs a contract and the messages that it sends; returns its data.
pub(crate) fn change(
    session: &Session<'_>,
    contract: &Contract,
    entry: Entry,
    origin: Origin<'_>,
    message: &[u8],
) -> Result<Vec<u8>, Failure> {
    session.charge(price(Price::CALL, Price::MESSAGE_BYTE, message.len()))?;
    let response = match &contract.code {
        Code::System(system) => system::execute(*system, session, origin.sender, message)?,
        Code::Native(native) => {
            native_change(session, contract, &**native, entry, origin, message)?
        }
        #[cfg(feature = "wasm")]
        Code::Wasm(module) => wasm::change(session, contract, module, entry, origin, message)?,
    };
    let data = response.data.map(Vec::<u8>::from).unwrap_or_default();
    session.charge(price(0, Price::EVENT_BYTE, data.len()))?;
    if !response.attributes.is_empty() {
        emit(session, contract, "wasm".to_owned(), response.attributes)?;
    }
    for event in response.events {
        emit(session, contract, event.ty, event.attributes)?;
    }
    for message in response.messages {
        send(session, contract, origin, message)?;
    }
    Ok(data)
}

fn native_change(
    session: &Session<'_>,
    contract: &Contract,
    native: &dyn NativeContract,
    entry: Entry,
    origin: Origin<'_>,
    message: &[u8],
) -> Result<Response, Failure> {
    let mut storage = HostStorage {
        session,
        contract: contract.id,
        read_only: false,
    };
    let querier = HostQuerier {
        session,
        depth: origin.depth,
    };
    let env = env(session, contract, origin.transaction);
    let info = MessageInfo {
        sender: Addr::unchecked(origin.sender),
        funds: Vec::new(),
    };
    guarded(session, || {
        let querier = QuerierWrapper::new(&querier);
        let deps = DepsMut {
            storage: &mut storage,
            api: &HostApi,
            querier,
        };
        match entry {
            Entry::Instantiate => native.instantiate(deps, env, info, message),
            Entry::Execute => native.execute(deps, env, info, message),
        }
    })
}

/// Asks a contract; its answer is JSON.
pub(crate) fn query(
    session: &Session<'_>,
    contract: &Contract,
    message: &[u8],
    depth: usize,
) -> Result<Vec<u8>, Failure> {
    check_depth(depth)?;
    session.charge(price(Price::CALL, Price::MESSAGE_BYTE, message.len()))?;
    let answer = match &contract.code {
        Code::System(system) => system::query(*system, session, message)?,
        Code::Native(native) => {
            let storage = HostStorage {
                session,
                contract: contract.id,
                read_only: true,
            };
            let querier = HostQuerier { session, depth };
            let env = env(session, contract, None);
            let answer = guarded(session, || {
                let querier = QuerierWrapper::new(&querier);
                let deps = Deps {
                    storage: &storage,
                    api: &HostApi,
                    querier,
                };
                native.query(deps, env, message)
            })?;
            answer.into()
        }
        #[cfg(feature = "wasm")]
        Code::Wasm(module) => wasm::query(session, contract, module, message, depth)?,
    };
    session.charge(price(0, Price::MESSAGE_BYTE, answer.len()))?;
    Ok(answer)
}

/// Runs contract code and turns every way in which it can end into a value.
fn guarded<T>(
    session: &Session<'_>,
    code: impl FnOnce() -> Result<T, CallError>,
) -> Result<T, Failure> {
    let outcome = guard::run(code);
    // Even a contract that swallowed the unwinding does not outlive the host's decision.
    if let Some(stop) = session.take_stop() {
        return Err(Failure::Stopped(stop));
    }
    match outcome {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(CallError::Refused(text))) => Err(refusal(text)),
        Ok(Err(CallError::BadMessage(note))) => Err(bad_message(note)),
        Err(unwound) => {
            let note = match unwound {
                Unwound::Panicked(note) => note,
                Unwound::ByHost => "stopped by the host without a reason".to_owned(),
            };
            Err(Failure::Refused(
                Refusal::new(
                    codes::CONTRACT_PANICKED,
                    "the contract's code stopped by itself",
                ),
                Some(note),
            ))
        }
    }
}

/// The refusal of a message that the contract cannot read.
pub(crate) fn bad_message(note: String) -> Failure {
    let refusal = Refusal::new(
        "contract.bad_message",
        "the contract does not know this message",
    );
    Failure::Refused(refusal, Some(note))
}

/// Splits `<area>.<snake_case>: <sentence>`; any other text is not a contract's own refusal, may
/// come from a library, and stays out of receipts.
pub(crate) fn refusal(text: String) -> Failure {
    match text.split_once(": ") {
        Some((code, sentence)) if is_contract_code(code) => {
            Failure::refused(code, bounded(sentence))
        }
        _ => Failure::Refused(
            Refusal::new(
                codes::CONTRACT_FAILED,
                "the contract failed without a code of its own",
            ),
            Some(text),
        ),
    }
}

fn is_contract_code(code: &str) -> bool {
    let word = |text: &str| {
        text.starts_with(|first: char| first.is_ascii_lowercase())
            && text
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    code.len() <= 64
        && code
            .split_once('.')
            .is_some_and(|(area, name)| word(area) && word(name) && !SYSTEM_AREAS.contains(&area))
}

fn bounded(sentence: &str) -> String {
    let end = (0..=MAX_SENTENCE_BYTES.min(sentence.len()))
        .rev()
        .find(|end| sentence.is_char_boundary(*end));
    sentence[..end.unwrap_or(0)].to_owned()
}

fn emit(
    session: &Session<'_>,
    contract: &Contract,
    kind: String,
    attributes: Vec<Attribute>,
) -> Result<(), Failure> {
    let mut subject = None;
    let mut others = Vec::with_capacity(attributes.len());
    for Attribute { key, value, .. } in attributes {
        if key == "subject" && subject.is_none() {
            subject = Some(value);
        } else {
            others.push((key, value));
        }
    }
    let subject = subject.unwrap_or_default();
    let contract = contract.name.clone();
    Ok(session.emit(Event {
        contract,
        kind,
        subject,
        attributes: others,
    })?)
}

fn check_depth(depth: usize) -> Result<(), Failure> {
    if depth <= MAX_DEPTH {
        return Ok(());
    }
    Err(Failure::refused(
        "execution.too_deep",
        "calls between contracts nest more than 8 deep",
    ))
}

fn send(
    session: &Session<'_>,
    from: &Contract,
    origin: Origin<'_>,
    message: SubMsg,
) -> Result<(), Failure> {
    check_depth(origin.depth + 1)?;
    if session.count_message() > MAX_MESSAGES {
        return Err(Failure::refused(
            "execution.too_many_messages",
            "one transaction sends more than 64 messages between contracts",
        ));
    }
    if message.reply_on != ReplyOn::Never {
        return Err(Failure::refused(
            "execution.reply_unsupported",
            "a contract asked for a reply to its message, which this ledger does not give",
        ));
    }
    let CosmosMsg::Wasm(WasmMsg::Execute {
        contract_addr,
        msg,
        funds,
    }) = message.msg
    else {
        return Err(Failure::refused(
            "execution.message_unsupported",
            "a contract sent a message of a kind that this ledger does not carry",
        ));
    };
    if !funds.is_empty() {
        return Err(Failure::refused(
            "execution.funds_unsupported",
            "money moves by messages to its contract, not by funds attached to a message",
        ));
    }
    let Some(target) = session.contracts.get(&contract_addr) else {
        return Err(unknown_contract(&contract_addr));
    };
    let sender = from.name.as_str();
    let origin = Origin {
        transaction: origin.transaction,
        sender,
        depth: origin.depth + 1,
    };
    change(session, target, Entry::Execute, origin, &msg).map(drop)
}

/// The refusal for a name that no contract has.
pub(crate) fn unknown_contract(name: &str) -> Failure {
    Failure::refused(
        codes::CONTRACT_UNKNOWN,
        format!("this ledger has no contract {}", bounded(name)),
    )
}

pub(crate) fn env(
    session: &Session<'_>,
    contract: &Contract,
    transaction: Option<(Digest, u32)>,
) -> Env {
    let block = session.block;
    Env {
        block: BlockInfo {
            height: block.height,
            time: Timestamp::from_nanos(block.time_ms.saturating_mul(1_000_000)),
            chain_id: block.ledger.to_owned(),
        },
        transaction: transaction
            .map(|(id, index)| TransactionInfo::new(index, Binary::new(id.0.to_vec()))),
        contract: ContractInfo {
            address: Addr::unchecked(contract.name.as_str()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code_of(text: &str) -> (String, String) {
        match refusal(text.to_owned()) {
            Failure::Refused(refusal, _) => (refusal.code, refusal.message),
            Failure::Stopped(stop) => panic!("{stop:?}"),
        }
    }

    #[test]
    fn a_contracts_error_is_split_into_code_and_sentence() {
        let (code, message) = code_of("receivable.already_financed: by bank/maker: yesterday");
        assert_eq!(code, "receivable.already_financed");
        assert_eq!(message, "by bank/maker: yesterday");
        let long = format!("a.b: {}", "é".repeat(600));
        assert_eq!(code_of(&long).1.len(), MAX_SENTENCE_BYTES);
    }

    #[test]
    fn no_other_text_reaches_a_receipt() {
        for text in [
            "kind: Other, error: data not found",
            "transaction.expired: pretending to be the system",
            "ok: fine",
            "Receivable.x: capital",
            "a.b.c: three",
            ".: ",
            "a.: x",
            "",
            "receivable.no_sentence",
        ] {
            let (code, message) = code_of(text);
            assert_eq!(code, codes::CONTRACT_FAILED, "{text}");
            assert_eq!(message, "the contract failed without a code of its own");
        }
    }
}
