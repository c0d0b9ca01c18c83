//! The functions of the CosmWasm API that this ledger offers to modules.

use super::{
    MAX_ADDRESS_BYTES, MAX_BOUND_BYTES, MAX_NOTE_BYTES, MAX_REGION_BYTES, MAX_SCANS,
    fault::Fault,
    host::{Host, asked},
    region,
};
use crate::host::{HostApi, NOT_A_NAME};
use cosmwasm_std::{Api as _, CanonicalAddr, Order, Record, to_json_vec};
use wasmi::{Caller, Engine, Error, Linker, ValType};

type Asking<'c, 'a> = Caller<'c, Host<'a>>;

/// Every function: its name, how many numbers it takes (all i32) and what it gives.
pub(super) const IMPORTS: [(&str, usize, Option<ValType>); 17] = [
    ("abort", 1, None),
    ("addr_canonicalize", 2, Some(ValType::I32)),
    ("addr_humanize", 2, Some(ValType::I32)),
    ("addr_validate", 1, Some(ValType::I32)),
    ("db_next", 1, Some(ValType::I32)),
    ("db_next_key", 1, Some(ValType::I32)),
    ("db_next_value", 1, Some(ValType::I32)),
    ("db_read", 1, Some(ValType::I32)),
    ("db_remove", 1, None),
    ("db_scan", 3, Some(ValType::I32)),
    ("db_write", 2, None),
    ("debug", 1, None),
    ("ed25519_batch_verify", 3, Some(ValType::I32)),
    ("ed25519_verify", 3, Some(ValType::I32)),
    ("query_chain", 1, Some(ValType::I32)),
    ("secp256k1_recover_pubkey", 3, Some(ValType::I64)),
    ("secp256k1_verify", 3, Some(ValType::I32)),
];

/// A signature check that the host does not offer, as cosmwasm-std numbers it (`HostApi` says the same).
const NOT_VERIFIED: u32 = 10;
const NOT_RECOVERED: u64 = 3 << 32;

/// All of them.
pub(super) fn linker<'a>(engine: &Engine) -> Result<Linker<Host<'a>>, Error> {
    let mut linker = Linker::new(engine);
    linker.func_wrap("env", "abort", abort)?;
    linker.func_wrap("env", "addr_canonicalize", addr_canonicalize)?;
    linker.func_wrap("env", "addr_humanize", addr_humanize)?;
    linker.func_wrap("env", "addr_validate", addr_validate)?;
    linker.func_wrap("env", "db_next", db_next)?;
    linker.func_wrap("env", "db_next_key", db_next_key)?;
    linker.func_wrap("env", "db_next_value", db_next_value)?;
    linker.func_wrap("env", "db_read", db_read)?;
    linker.func_wrap("env", "db_remove", db_remove)?;
    linker.func_wrap("env", "db_scan", db_scan)?;
    linker.func_wrap("env", "db_write", db_write)?;
    linker.func_wrap("env", "debug", debug)?;
    for name in ["ed25519_batch_verify", "ed25519_verify", "secp256k1_verify"] {
        linker.func_wrap("env", name, not_verified)?;
    }
    linker.func_wrap("env", "query_chain", query_chain)?;
    linker.func_wrap("env", "secp256k1_recover_pubkey", not_recovered)?;
    Ok(linker)
}

fn abort(mut caller: Asking<'_, '_>, message: u32) -> Result<(), Error> {
    let text = region::read(&caller, message, MAX_REGION_BYTES)?;
    let text = &text[..text.len().min(MAX_NOTE_BYTES)];
    caller.data_mut().panic = Some(String::from_utf8_lossy(text).into_owned());
    Err(Fault::Panicked.into())
}

/// What a contract says for its developers stays in no receipt and no log.
fn debug(mut caller: Asking<'_, '_>, _: u32) -> Result<(), Error> {
    asked(&mut caller, |_| Ok(()))
}

fn db_read(mut caller: Asking<'_, '_>, key: u32) -> Result<u32, Error> {
    let key = region::read(&caller, key, MAX_REGION_BYTES)?;
    match asked(&mut caller, |host| host.storage.read(&key))? {
        Some(value) => region::give(&mut caller, &value),
        None => Ok(0),
    }
}

fn db_write(mut caller: Asking<'_, '_>, key: u32, value: u32) -> Result<(), Error> {
    let key = region::read(&caller, key, MAX_REGION_BYTES)?;
    let value = region::read(&caller, value, MAX_REGION_BYTES)?;
    if value.is_empty() {
        return Err(Fault::Argument("a value must not be empty").into());
    }
    asked(&mut caller, |host| host.storage.write(&key, Some(value)))
}

fn db_remove(mut caller: Asking<'_, '_>, key: u32) -> Result<(), Error> {
    let key = region::read(&caller, key, MAX_REGION_BYTES)?;
    asked(&mut caller, |host| host.storage.write(&key, None))
}

fn db_scan(mut caller: Asking<'_, '_>, start: u32, end: u32, order: u32) -> Result<u32, Error> {
    let bound = |at: u32| match at {
        0 => Ok(None),
        at => region::read(&caller, at, MAX_BOUND_BYTES).map(Some),
    };
    let (start, end) = (bound(start)?, bound(end)?);
    let order = match order {
        1 => Order::Ascending,
        2 => Order::Descending,
        _ => return Err(Fault::Argument("a scan's order is neither up nor down").into()),
    };
    if caller.data().scans.len() == MAX_SCANS {
        return Err(Fault::Argument("one call opens more than 1,024 scans").into());
    }
    asked(&mut caller, |host| {
        let (start, end) = (start.as_deref(), end.as_deref());
        let scan = host.storage.scan(start, end, order)?;
        host.scans.push(scan.sparing());
        // From 1, as 0 is nothing.
        Ok(u32::try_from(host.scans.len()).expect("at most MAX_SCANS"))
    })
}

fn next(caller: &mut Asking<'_, '_>, scan: u32) -> Result<Option<Record>, Error> {
    let open = caller.data().scans.len();
    let Some(place) = (scan as usize).checked_sub(1).filter(|place| *place < open) else {
        return Err(Fault::Argument("no scan has the number asked for").into());
    };
    asked(caller, |host| {
        if host.scanning != place {
            // Rows wait in memory for one scan at a time, however many are open.
            host.scans[host.scanning].let_go();
            host.scanning = place;
        }
        host.scans[place].take()
    })
}

fn db_next(mut caller: Asking<'_, '_>, scan: u32) -> Result<u32, Error> {
    let (key, value) = next(&mut caller, scan)?.unwrap_or_default();
    // Each section is followed by its length; two empty ones are the end.
    let mut sections = Vec::with_capacity(key.len() + value.len() + 8);
    for section in [key, value] {
        let length = u32::try_from(section.len()).expect("a key's and a value's limits are lower");
        sections.extend(section);
        sections.extend(length.to_be_bytes());
    }
    region::give(&mut caller, &sections)
}

fn db_next_key(mut caller: Asking<'_, '_>, scan: u32) -> Result<u32, Error> {
    match next(&mut caller, scan)? {
        Some((key, _)) => region::give(&mut caller, &key),
        None => Ok(0),
    }
}

fn db_next_value(mut caller: Asking<'_, '_>, scan: u32) -> Result<u32, Error> {
    match next(&mut caller, scan)? {
        Some((_, value)) => region::give(&mut caller, &value),
        None => Ok(0),
    }
}

fn address(caller: &Asking<'_, '_>, at: u32) -> Result<Option<String>, Error> {
    let bytes = region::read(caller, at, MAX_ADDRESS_BYTES)?;
    let text = String::from_utf8(bytes).ok();
    Ok(text.filter(|text| HostApi.addr_validate(text).is_ok()))
}

fn addr_validate(mut caller: Asking<'_, '_>, text: u32) -> Result<u32, Error> {
    let found = address(&caller, text)?;
    asked(&mut caller, |_| Ok(()))?;
    match found {
        Some(_) => Ok(0),
        None => region::give(&mut caller, NOT_A_NAME.as_bytes()),
    }
}

fn addr_canonicalize(mut caller: Asking<'_, '_>, text: u32, to: u32) -> Result<u32, Error> {
    let found = address(&caller, text)?;
    asked(&mut caller, |_| Ok(()))?;
    match found.map(|text| HostApi.addr_canonicalize(&text)) {
        Some(Ok(address)) => copied(&mut caller, to, address.as_slice()),
        _ => region::give(&mut caller, NOT_A_NAME.as_bytes()),
    }
}

fn addr_humanize(mut caller: Asking<'_, '_>, canonical: u32, to: u32) -> Result<u32, Error> {
    let bytes = region::read(&caller, canonical, MAX_ADDRESS_BYTES)?;
    asked(&mut caller, |_| Ok(()))?;
    match HostApi.addr_humanize(&CanonicalAddr::from(bytes)) {
        Ok(address) => copied(&mut caller, to, address.as_bytes()),
        Err(_) => region::give(&mut caller, NOT_A_NAME.as_bytes()),
    }
}

/// Into the room that the contract offers; cosmwasm-std's is smaller than our longest name.
fn copied(caller: &mut Asking<'_, '_>, to: u32, address: &[u8]) -> Result<u32, Error> {
    if region::write(&mut *caller, to, address)? {
        return Ok(0);
    }
    region::give(caller, b"longer than the room for it")
}

fn not_verified(mut caller: Asking<'_, '_>, _: u32, _: u32, _: u32) -> Result<u32, Error> {
    asked(&mut caller, |_| Ok(NOT_VERIFIED))
}

fn not_recovered(mut caller: Asking<'_, '_>, _: u32, _: u32, _: u32) -> Result<u64, Error> {
    asked(&mut caller, |_| Ok(NOT_RECOVERED))
}

fn query_chain(mut caller: Asking<'_, '_>, request: u32) -> Result<u32, Error> {
    let request = region::read(&caller, request, MAX_REGION_BYTES)?;
    let answer = asked(&mut caller, |host| host.querier.ask(&request))?;
    let answer = to_json_vec(&answer).expect("invariant: an answer is JSON");
    region::give(&mut caller, &answer)
}
