//! Runs contract code so that a panic ends in a value: nothing is printed, nothing leaks into a
//! receipt, and the panic's text is kept for this node's log.

use std::{
    cell::{Cell, RefCell},
    panic::{self, AssertUnwindSafe, PanicHookInfo},
    sync::Once,
};

/// The longest note kept from a panic, in bytes.
const NOTE_BYTES: usize = 512;

thread_local! {
    static DEPTH: Cell<usize> = const { Cell::new(0) };
    static NOTE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// The payload with which the host unwinds a contract; it raises no panic hook.
struct HostStop;

/// The contract did not return.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unwound {
    /// The host stopped it.
    ByHost,
    /// It panicked; the note says where and why.
    Panicked(String),
}

/// Unwinds the contract that called the host; [`run`] catches it.
pub(crate) fn stop_contract() -> ! {
    panic::resume_unwind(Box::new(HostStop))
}

/// Runs contract code.
pub(crate) fn run<T>(code: impl FnOnce() -> T) -> Result<T, Unwound> {
    install_hook();
    DEPTH.with(|depth| depth.set(depth.get() + 1));
    let outcome = panic::catch_unwind(AssertUnwindSafe(code));
    DEPTH.with(|depth| depth.set(depth.get() - 1));
    outcome.map_err(|payload| {
        let note = NOTE.with(RefCell::take);
        if payload.is::<HostStop>() {
            Unwound::ByHost
        } else {
            Unwound::Panicked(note.unwrap_or_default())
        }
    })
}

/// Panics outside contracts keep the hook that was there before.
fn install_hook() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if DEPTH.with(Cell::get) == 0 {
                before(info);
            } else {
                NOTE.with(|note| *note.borrow_mut() = Some(describe(info)));
            }
        }));
    });
}

fn describe(info: &PanicHookInfo<'_>) -> String {
    let text = info
        .payload_as_str()
        .unwrap_or("a payload that is not text");
    let place = info.location().map(ToString::to_string).unwrap_or_default();
    let mut note = format!("{place}: {text}");
    let end = (0..=NOTE_BYTES.min(note.len()))
        .rev()
        .find(|end| note.is_char_boundary(*end));
    note.truncate(end.unwrap_or(0));
    note
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_a_bounded_note() {
        let outcome = run(|| -> u8 { panic!("{}", "钱".repeat(1000)) });
        let Err(Unwound::Panicked(note)) = outcome else {
            panic!("{outcome:?}")
        };
        assert!(note.contains("guard.rs") && note.contains("钱钱") && note.len() <= NOTE_BYTES);
    }

    #[test]
    fn a_stop_by_the_host_is_told_apart() {
        assert_eq!(run(|| -> u8 { stop_contract() }), Err(Unwound::ByHost));
        assert_eq!(run(|| 7), Ok(7));
    }

    #[test]
    fn nested_runs_keep_their_own_outcome() {
        let outcome = run(|| run(|| -> u8 { panic!("inner") }).is_err());
        assert_eq!(outcome, Ok(true));
    }
}
