//! Contracts as WASM modules of the CosmWasm API, run by wasmi over the same session as native ones.
//!
//! A module is checked once ([`Module`]), gets a fresh instance for every call (`call`) and asks the
//! host through Regions in its memory (`region`, `imports`). Whatever it does ends in a response, a
//! refusal of its own or a code `wasm.*`; docs/contracts/wasm.md lists them.

mod call;
mod fault;
mod host;
mod imports;
mod module;
mod region;

pub(crate) use call::{change, query};
pub(crate) use module::Module;

/// Most bytes of a module.
const MAX_MODULE_BYTES: usize = 2 << 20;
/// Most bytes of a module's memory.
const MAX_MEMORY_BYTES: usize = 16 << 20;
/// Most locals of a function, parameters left out: every call clears them, for the price of a call.
const MAX_LOCALS: u32 = 512;
/// Bytes of a page of memory.
const PAGE_BYTES: usize = 64 << 10;
/// Most elements of all tables together.
const MAX_TABLE_ELEMENTS: usize = 10_000;
/// Functions calling functions: so many at once, and so many bytes of their values.
const MAX_RECURSION: usize = 1_000;
const MAX_STACK_BYTES: usize = 1 << 20;
/// Most bytes that a module hands to the host at once; keys and values have their own, lower limits.
const MAX_REGION_BYTES: usize = 1 << 20;
/// The longest bound of a scan: twice the longest key. An open scan keeps its bounds.
const MAX_BOUND_BYTES: usize = 2_048;
/// The longest address that is looked at, as cosmwasm-std has it.
const MAX_ADDRESS_BYTES: usize = 256;
/// Most bytes kept of a panic's text.
const MAX_NOTE_BYTES: usize = 512;
/// Most scans that one call opens.
const MAX_SCANS: usize = 1_024;
/// The most instructions of one call, even where no price ends it (at genesis).
const MAX_CALL_FUEL: u64 = 500_000_000;
/// What asking the host costs in instructions, besides the price of what is asked.
const IMPORT_FUEL: u64 = 100;
