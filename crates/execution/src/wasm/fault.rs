//! How a call into a module ends when the module does what no contract may: a code `wasm.*` each.

use crate::{error::Refusal, session::Failure};
use blockworm_ledger::codes;
use std::fmt;
use wasmi::{Error, TrapCode, errors::HostError};

/// Why the host ended a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The reason stands in the session.
    Stopped,
    /// The module reported a panic.
    Panicked,
    /// A Region that does not lie within the module's memory, or is too long or too small.
    Region(&'static str),
    /// An argument that no compiled contract passes.
    Argument(&'static str),
    /// The module's `allocate` asked the host instead of allocating.
    Reentered,
    /// The answer is longer than a contract may answer.
    TooLong,
    /// The answer is not what the entry point answers.
    NotAnAnswer,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.refusal().1)
    }
}

impl HostError for Fault {}

impl Fault {
    const fn refusal(self) -> (&'static str, &'static str) {
        match self {
            Self::Stopped => (codes::CONTRACT_PANICKED, "the host stopped the contract"),
            Self::Panicked => (
                codes::CONTRACT_PANICKED,
                "the contract's code stopped by itself",
            ),
            Self::Region(what) => ("wasm.bad_region", what),
            Self::Argument(what) => ("wasm.bad_argument", what),
            Self::Reentered => (
                "wasm.reentered",
                "the contract's allocate asked the host, which is for its messages alone",
            ),
            Self::TooLong => (
                "wasm.answer_too_long",
                "the contract's answer has more than 1,048,576 bytes",
            ),
            Self::NotAnAnswer => (
                "wasm.bad_answer",
                "the contract's answer is not a CosmWasm response",
            ),
        }
    }

    pub(super) fn failure(self, note: Option<String>) -> Failure {
        let (code, message) = self.refusal();
        Failure::Refused(Refusal::new(code, message), note)
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Self::host(fault)
    }
}

/// What an error of the engine, or a fault within, is to the ledger.
pub(super) fn failure(error: &Error, note: Option<String>) -> Failure {
    if let Some(fault) = error.downcast_ref::<Fault>() {
        return fault.failure(note);
    }
    let (code, message) = match error.as_trap_code() {
        Some(TrapCode::StackOverflow) => (
            "wasm.stack_overflow",
            "the contract's functions call each other too deeply",
        ),
        Some(TrapCode::GrowthOperationLimited | TrapCode::OutOfSystemMemory) => (
            "wasm.out_of_memory",
            "the contract wants more memory than 16 MiB",
        ),
        _ => (
            "wasm.trapped",
            "the contract's code did what its machine forbids",
        ),
    };
    let note = note.unwrap_or_else(|| error.to_string());
    Failure::Refused(Refusal::new(code, message), Some(note))
}
