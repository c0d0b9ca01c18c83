//! A module, taken only if it is a CosmWasm contract that this ledger can run the same everywhere.

use super::{
    MAX_LOCALS, MAX_MEMORY_BYTES, MAX_MODULE_BYTES, MAX_RECURSION, MAX_STACK_BYTES, PAGE_BYTES,
    imports::IMPORTS,
};
use crate::{error::Refusal, guard};
use wasmi::{
    CompilationMode, Config, CustomFuelCosts, EnforcedLimits, Engine, ExternType, FuncType,
    OperatorCost,
    ValType::{self, I32},
};
use wasmparser::{Parser, Payload};

/// The version of the interface between module and host, and the mark that a module bears.
const INTERFACE: &str = "interface_version_8";
/// Every function that a contract must export: how many numbers it takes (all i32), whether it gives one.
const EXPORTS: [(&str, usize, bool); 6] = [
    (INTERFACE, 0, false),
    ("allocate", 1, true),
    ("deallocate", 1, false),
    ("instantiate", 3, true),
    ("execute", 3, true),
    ("query", 2, true),
];
/// What a module may say that it needs (`requires_…`).
const CAPABILITIES: [&str; 5] = [
    "iterator",
    "cosmwasm_1_1",
    "cosmwasm_1_2",
    "cosmwasm_1_3",
    "cosmwasm_1_4",
];

/// A contract as a checked module, translated once.
pub(crate) struct Module {
    pub(super) engine: Engine,
    pub(super) module: wasmi::Module,
    /// KiB that a fresh instance takes: of the module and of its first memory.
    pub(super) instance_kib: usize,
}

impl Module {
    /// Checks and translates a module.
    pub(crate) fn load(bytes: &[u8]) -> Result<Self, Refusal> {
        if bytes.len() > MAX_MODULE_BYTES {
            let what = format!(
                "the module has {} bytes, and at most {MAX_MODULE_BYTES} are taken; build it with scripts/build-contracts",
                bytes.len()
            );
            return Err(Refusal::new("wasm.too_large", what));
        }
        check_locals(bytes)?;
        let engine = Engine::new(&config());
        let invalid = |reason: String| Refusal::new("wasm.invalid", reason);
        // Whoever hands in a module must not stop a node through a fault of the translator either.
        let module = guard::run(|| wasmi::Module::new(&engine, bytes))
            .map_err(|_| invalid("the engine could not translate the module".to_owned()))?
            .map_err(|error| invalid(error.to_string()))?;
        check_imports(&module)?;
        check_exports(&module)?;
        let memory = check_memory(&module)?;
        let instance_kib = (bytes.len() + memory).div_ceil(1024);
        Ok(Self {
            engine,
            module,
            instance_kib,
        })
    }
}

/// Consensus: every node counts the same fuel and ends at the same depth. Floats are allowed because
/// cosmwasm-std's JSON contains them; WebAssembly leaves nothing of them open but the bits of a NaN,
/// and the engine is built with the feature that fixes those too.
fn config() -> Config {
    let mut config = Config::default();
    config
        .consume_fuel(true)
        .compilation_mode(CompilationMode::Eager)
        .operator_cost(weights())
        .fuel_cost(BYTES)
        .enforced_limits(EnforcedLimits::strict())
        .set_max_recursion_depth(MAX_RECURSION)
        .set_max_stack_height(MAX_STACK_BYTES)
        .ignore_custom_sections(true)
        .allow_start_fn(false)
        .wasm_multi_memory(false)
        .wasm_tail_call(false)
        .wasm_extended_const(false)
        .wasm_custom_page_sizes(false)
        .wasm_wide_arithmetic(false);
    config
}

/// Instructions count once but for those that do more; the numbers stand beside measurements in
/// docs/decisions/0015-wasmi.md.
fn weights() -> OperatorCost {
    OperatorCost {
        call: 10,
        call_indirect: 15,
        memory_copy: 5,
        memory_fill: 5,
        memory_grow: 100,
        memory_init: 5,
        table_copy: 5,
        table_fill: 5,
        table_grow: 100,
        table_init: 5,
        ..OperatorCost::default()
    }
}

/// Bytes that one instruction's price copies, clears or adds to a memory.
const BYTES: CustomFuelCosts = CustomFuelCosts {
    bytes_copied_per_fuel: 16,
    fuel_per_bytes_translated: 0,
    fuel_per_bytes_validated: 0,
};

/// Before the engine sees the module; what cannot be read here the engine refuses.
fn check_locals(bytes: &[u8]) -> Result<(), Refusal> {
    for payload in Parser::new(0).parse_all(bytes) {
        let Ok(Payload::CodeSectionEntry(body)) = payload else {
            continue;
        };
        let Ok(locals) = body.get_locals_reader() else {
            return Ok(());
        };
        let groups = locals.into_iter().map_while(Result::ok);
        let count = groups.fold(0u32, |sum, (count, _)| sum.saturating_add(count));
        if count > MAX_LOCALS {
            let what = format!("a function has {count} locals, and {MAX_LOCALS} is the most");
            return Err(Refusal::new("wasm.too_many_locals", what));
        }
    }
    Ok(())
}

fn takes(function: &FuncType, count: usize, gives: Option<ValType>) -> bool {
    let results = function.results();
    function.params().len() == count
        && function.params().iter().all(|kind| *kind == I32)
        && results.len() == usize::from(gives.is_some())
        && results.first().copied() == gives
}

fn check_imports(module: &wasmi::Module) -> Result<(), Refusal> {
    for import in module.imports() {
        let (from, name) = (import.module(), import.name());
        let known = IMPORTS.iter().find(|(offered, ..)| *offered == name);
        let fits = match (known, import.ty()) {
            (Some((_, count, gives)), ExternType::Func(function)) => {
                from == "env" && takes(function, *count, *gives)
            }
            _ => false,
        };
        if !fits {
            let what = format!(
                "the module imports {from}.{name}, which this ledger does not offer in that form"
            );
            return Err(Refusal::new("wasm.unknown_import", what));
        }
    }
    Ok(())
}

fn check_exports(module: &wasmi::Module) -> Result<(), Refusal> {
    for export in module.exports() {
        let name = export.name();
        if name.starts_with("interface_version_") && name != INTERFACE {
            let what = format!("the module is made for {name}, this ledger speaks {INTERFACE}");
            return Err(Refusal::new("wasm.interface_version", what));
        }
        let needed = name.strip_prefix("requires_");
        if let Some(needed) = needed.filter(|needed| !CAPABILITIES.contains(needed)) {
            let what = format!("the module requires {needed}, which this ledger does not have");
            return Err(Refusal::new("wasm.unknown_capability", what));
        }
    }
    for (name, count, gives) in EXPORTS {
        let export = module.get_export(name);
        let fits = matches!(
            &export,
            Some(ExternType::Func(function)) if takes(function, count, gives.then_some(I32))
        );
        if !fits {
            let what = format!("the module exports no {name} of the CosmWasm API");
            return Err(Refusal::new("wasm.missing_export", what));
        }
    }
    Ok(())
}

/// Bytes of the memory with which an instance begins.
fn check_memory(module: &wasmi::Module) -> Result<usize, Refusal> {
    let Some(ExternType::Memory(memory)) = module.get_export("memory") else {
        let what = "the module exports no memory";
        return Err(Refusal::new("wasm.missing_export", what));
    };
    let first = usize::try_from(memory.minimum())
        .ok()
        .and_then(|pages| pages.checked_mul(PAGE_BYTES));
    first
        .filter(|bytes| *bytes <= MAX_MEMORY_BYTES)
        .ok_or_else(|| {
            let pages = memory.minimum();
            let what = format!(
                "the module begins with {pages} pages of memory, and 256 (16 MiB) is the most"
            );
            Refusal::new("wasm.memory_too_large", what)
        })
}
