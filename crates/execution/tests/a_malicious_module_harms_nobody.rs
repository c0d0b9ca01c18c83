//! Whatever a WASM module does, its transaction ends with a code, the state is as it was, and the node goes on.

#![allow(clippy::unwrap_used)]

#[path = "support/modules.rs"]
mod modules;
mod support;

use blockworm_ledger::Receipt;
use modules::{EMPTY, KEY, TEXT, Text};
use proptest::prelude::*;
use serde_json::json;
use support::{Chain, builtins, found_with, mint, parameters};

const MEMBER: &str = "bank/maker";

/// A ledger with the module as its contract `evil`.
fn chain(module: &[u8]) -> Chain {
    let builtins = builtins().with_wasm("evil@1", module).unwrap();
    let founded = found_with(builtins, &[("evil", "evil@1")], parameters());
    Chain::start(founded)
}

/// One message to the module; the ledger goes on as before if it is refused.
fn ask(text: &Text, holding: &str) -> Receipt {
    let mut chain = chain(&text.wasm(holding));
    let before = chain.state.root();
    let receipt = chain.ask(MEMBER, "evil", &json!({}));
    if receipt.code != "ok" {
        assert_eq!(chain.state.root(), before, "a refusal changed the state");
        assert!(!receipt.message.is_empty() && receipt.data.is_empty());
    }
    chain.must(MEMBER, "money", &mint(MEMBER, 1));
    receipt
}

fn code(body: &str, holding: &str) -> String {
    ask(&Text::execute(body), holding).code
}

#[test]
fn a_right_module_is_right() {
    let receipt = ask(&Text::default(), "");
    assert_eq!(
        (receipt.code.as_str(), receipt.message.as_str()),
        ("ok", "")
    );
    let chain = chain(&Text::default().wasm(""));
    assert_eq!(chain.query("evil", &json!({})), json!(1));
}

#[test]
fn work_without_end_costs_the_limit_and_stops() {
    let many = "(local i64)".repeat(512);
    let locals = format!("(func $locals {many})");
    let bodies = [
        ("(loop (br 0)) (i32.const 8)", ""),
        (
            "(loop (call $locals) (br 0)) (i32.const 8)",
            locals.as_str(),
        ),
        (
            "(loop (memory.fill (i32.const 8192) (i32.const 1) (i32.const 65536)) (br 0)) (i32.const 8)",
            "",
        ),
    ];
    for (body, more) in bodies {
        let mut text = Text::execute(body);
        text.more = more.to_owned();
        let receipt = ask(&text, "");
        let ended = (receipt.code.as_str(), receipt.cost);
        assert_eq!(ended, ("wasm.out_of_fuel", 1_000_000), "{body}");
    }
    // Questions to the host are paid as native contracts pay them.
    let read = format!("(loop (drop (call $db_read {KEY})) (br 0)) (i32.const 8)");
    let receipt = ask(&Text::execute(&read), "");
    let ended = (receipt.code.as_str(), receipt.cost);
    assert_eq!(ended, ("execution.cost_exceeded", 1_000_000));
}

#[test]
fn an_endless_query_ends_too() {
    let text = Text {
        query: "(loop (br 0)) (i32.const 8)".into(),
        ..Text::default()
    };
    let chain = chain(&text.wasm(""));
    let refusal = chain.executor.reader().query("evil", b"{}").unwrap_err();
    assert_eq!(refusal.code, "wasm.out_of_fuel");
}

#[test]
fn memory_and_depth_have_ends() {
    let cases = [
        (
            "(drop (memory.grow (i32.const 255))) (i32.const 8)",
            "wasm.out_of_memory",
        ),
        (
            "(loop (drop (memory.grow (i32.const 1))) (br 0)) (i32.const 8)",
            "wasm.out_of_memory",
        ),
        (
            "(call $execute (local.get 0) (local.get 1) (local.get 2))",
            "wasm.stack_overflow",
        ),
        ("(drop (memory.grow (i32.const 254))) (i32.const 8)", "ok"),
    ];
    for (body, wanted) in cases {
        assert_eq!(code(body, ""), wanted, "{body}");
    }
    let text = Text {
        more: "(table $t 1 funcref)".into(),
        execute: "(drop (table.grow $t (ref.null func) (i32.const 100000))) (i32.const 8)".into(),
        ..Text::default()
    };
    assert_eq!(ask(&text, "").code, "wasm.out_of_memory");
}

#[test]
fn what_the_machine_forbids_is_a_trap() {
    for body in [
        "unreachable",
        "(i32.div_u (i32.const 1) (i32.const 0))",
        "(i32.load (i32.const -4))",
        "(i32.trunc_f64_s (f64.const nan))",
    ] {
        assert_eq!(code(body, ""), "wasm.trapped", "{body}");
    }
}

/// Writes a Region at 2048 and answers with its place.
fn region(offset: u32, capacity: u32, length: u32) -> String {
    let mut body = String::new();
    for (place, word) in [(2048, offset), (2052, capacity), (2056, length)] {
        body.push_str(&format!(
            "(i32.store (i32.const {place}) (i32.const {word}))"
        ));
    }
    body + "(i32.const 2048)"
}

#[test]
fn pointers_lead_into_the_memory_or_nowhere() {
    let end = 2 * 65_536;
    let bodies = [
        "(i32.const -1)".to_owned(),
        format!("(i32.const {})", end - 11),
        "(i32.const 1024)".to_owned(),
        region(end, 1, 1),
        region(4096, end, 10),
        region(4096, u32::MAX, 10),
        region(u32::MAX, u32::MAX, u32::MAX),
        region(4096, 10, 11),
        region(0, 10, 10),
        format!("(drop (call $db_read (i32.const -7))) {TEXT}"),
        format!("(call $db_write {KEY} (i32.const 70000000)) {TEXT}"),
        format!("(drop (call $db_scan (i32.const -1) (i32.const 0) (i32.const 1))) {TEXT}"),
        format!("(drop (call $query_chain (i32.const 131071))) {TEXT}"),
        format!(
            "(drop (call $db_scan (block (result i32) {}) (i32.const 0) (i32.const 1))) {TEXT}",
            region(4096, 2049, 2049)
        ),
    ];
    for body in bodies {
        assert_eq!(code(&body, ""), "wasm.bad_region", "{body}");
    }
    for allocate in ["(i32.const -1)", "(i32.const 44)", "(i32.const 0)"] {
        let text = Text {
            allocate: allocate.into(),
            ..Text::default()
        };
        let builtins = builtins().with_wasm("evil@1", &text.wasm("")).unwrap();
        let founded = found_with(builtins, &[("evil", "evil@1")], parameters());
        let state =
            blockworm_state::State::open(blockworm_state::MemoryStore::default(), 8).unwrap();
        let mut executor =
            blockworm_execution::Executor::new(state, founded.genesis, founded.builtins).unwrap();
        let error = executor.apply_genesis().unwrap_err().to_string();
        assert!(error.contains("wasm.bad_region"), "{allocate}: {error}");
    }
}

#[test]
fn an_answer_is_a_response_of_bounded_length() {
    let giant = format!(
        "(drop (memory.grow (i32.const 100))) {}",
        region(4096, 3 << 20, 3 << 20)
    );
    assert_eq!(code(&giant, ""), "wasm.answer_too_long");
    let deep = "[".repeat(3000);
    let cases = [
        ("", "wasm.bad_answer"),
        ("{}", "wasm.bad_answer"),
        (r#"{"ok":7}"#, "wasm.bad_answer"),
        (deep.as_str(), "wasm.bad_answer"),
        (r#"{"error":"evil.no: because"}"#, "evil.no"),
        (r#"{"error":"wasm.trapped: forged"}"#, "contract.failed"),
        (
            r#"{"error":"kind: Serialization, error: x"}"#,
            "contract.bad_message",
        ),
    ];
    for (text, wanted) in cases {
        assert_eq!(code(TEXT, text), wanted, "{text}");
    }
    // A contract that has asked for something has read its message.
    let later = format!("(drop (call $db_read {KEY})) {TEXT}");
    let text = r#"{"error":"kind: Serialization, error: x"}"#;
    assert_eq!(code(&later, text), "contract.failed");
}

#[test]
fn arguments_that_no_compiled_contract_passes_have_a_code() {
    let bodies = [
        format!("(call $db_write {KEY} {EMPTY}) (i32.const 8)"),
        "(drop (call $db_next (i32.const 1))) (i32.const 8)".to_owned(),
        "(drop (call $db_next (i32.const 0))) (i32.const 8)".to_owned(),
        "(drop (call $db_scan (i32.const 0) (i32.const 0) (i32.const 3))) (i32.const 8)".to_owned(),
    ];
    for body in bodies {
        assert_eq!(code(&body, ""), "wasm.bad_argument", "{body}");
    }
    assert_eq!(
        code(&format!("(call $abort {TEXT}) (i32.const 8)"), "why"),
        "contract.panicked"
    );
    let mut limits = parameters();
    limits.transaction_cost = 100_000_000;
    let text = Text::execute(
        "(loop (drop (call $db_scan (i32.const 0) (i32.const 0) (i32.const 1))) (br 0)) (i32.const 8)",
    );
    let builtins = builtins().with_wasm("evil@1", &text.wasm("")).unwrap();
    let mut chain = Chain::start(found_with(builtins, &[("evil", "evil@1")], limits));
    assert_eq!(
        chain.ask(MEMBER, "evil", &json!({})).code,
        "wasm.bad_argument"
    );
}

#[test]
fn allocate_cannot_ask_the_host() {
    let mut text = Text::execute(&format!(
        "(global.set $armed (i32.const 1)) (call $db_write {KEY} {TEXT}) (drop (call $db_read {KEY})) (i32.const 8)"
    ));
    text.more = "(global $armed (mut i32) (i32.const 0))".into();
    let usual = text.allocate.replace("(local $at i32)", "");
    text.allocate = format!(
        "(local $at i32) (if (global.get $armed) (then (drop (call $db_read {KEY})))) {usual}"
    );
    assert_eq!(ask(&text, "value").code, "wasm.reentered");
}

#[test]
fn a_query_cannot_write_and_cannot_ask_itself_without_end() {
    let text = Text {
        query: format!("(call $db_write {KEY} {TEXT}) (i32.const 20)"),
        ..Text::default()
    };
    let writer = chain(&text.wasm("value"));
    let refusal = writer.executor.reader().query("evil", b"{}").unwrap_err();
    assert_eq!(refusal.code, "execution.read_only");

    let again = r#"{"wasm":{"smart":{"contract_addr":"evil","msg":"e30="}}}"#;
    let ask = format!("(drop (call $query_chain {TEXT}))");
    let text = Text {
        execute: format!("{ask} (i32.const 8)"),
        query: format!("{ask} (i32.const 20)"),
        ..Text::default()
    };
    // Nine instances inside each other; the ninth is told that this is too deep and answers all the same.
    let receipt = self::ask(&text, again);
    assert_eq!(receipt.code, "ok");
    assert!(receipt.cost > 8 * 3_000, "{}", receipt.cost);
}

#[test]
fn the_hosts_verdict_stands_whatever_the_module_makes_of_it() {
    let ask = format!("(drop (call $query_chain {TEXT})) (i32.const 8)");
    let foreign = r#"{"custom":{"foreign":{"ledger":"none","contract":"x","key":"","proof":""}}}"#;
    assert!(code(&ask, foreign).starts_with("foreign."));
    for harmless in ["", "{", r#"{"custom":{"member":{"address":"bank/maker"}}}"#] {
        assert_eq!(code(&ask, harmless), "ok", "{harmless}");
    }
    // 128 KiB and a byte, then the answer of one that took no notice.
    let large = region(4096, 131_073, 131_073);
    let mut text = Text::execute(&format!(
        "(call $db_write {KEY} (block (result i32) {large})) (i32.const 8)"
    ));
    text.pages = 4;
    assert_eq!(self::ask(&text, "").code, "execution.value_too_large");
}

#[test]
fn floats_give_the_same_bits_everywhere() {
    // Processors disagree about the sign of 0/0; the answer is always the canonical NaN.
    let body = "(i64.store (i32.const 2048) (i64.reinterpret_f64
            (f64.div (f64.const 0) (f64.sub (f64.const 1) (f64.const 1)))))
        (if (i64.ne (i64.load (i32.const 2048)) (i64.const 0x7ff8000000000000)) (then unreachable))
        (if (i32.ne (i32.reinterpret_f32 (f32.sqrt (f32.const -1))) (i32.const 0x7fc00000)) (then unreachable))
        (i32.const 8)";
    assert_eq!(code(body, ""), "ok");
}

#[test]
fn the_price_of_instructions_is_the_same_on_every_node() {
    let body = "(local $n i32) (local.set $n (i32.const 10000))
        (loop (local.set $n (i32.sub (local.get $n) (i32.const 1))) (br_if 0 (local.get $n)))
        (i32.const 8)";
    // Frozen: another number is another ledger's, and takes a new protocol version.
    assert_eq!(ask(&Text::execute(body), "").cost, 7_215);
}

fn refused(module: &[u8]) -> String {
    let taken = builtins().with_wasm("evil@1", module);
    taken.map(|_| ()).unwrap_err().code
}

#[test]
fn a_module_that_is_no_contract_is_not_taken() {
    let with = |more: &str| Text {
        more: more.to_owned(),
        ..Text::default()
    };
    let import = |line: &str| Text {
        imports: line.to_owned(),
        ..Text::default()
    };
    let cases = [
        (with("(func $s) (start $s)"), "wasm.invalid"),
        (with("(memory 1)"), "wasm.invalid"),
        (
            with("(func (export \"interface_version_7\"))"),
            "wasm.interface_version",
        ),
        (
            with("(func (export \"requires_stargate\"))"),
            "wasm.unknown_capability",
        ),
        (
            import("(import \"env\" \"secp256r1_verify\" (func (param i32 i32 i32) (result i32)))"),
            "wasm.unknown_import",
        ),
        (
            import("(import \"wasi\" \"db_read\" (func (param i32) (result i32)))"),
            "wasm.unknown_import",
        ),
        (
            import("(import \"env\" \"db_remove\" (func (param i64)))"),
            "wasm.unknown_import",
        ),
        (
            import("(import \"env\" \"db_remove\" (global i32))"),
            "wasm.unknown_import",
        ),
        (
            Text {
                pages: 257,
                ..Text::default()
            },
            "wasm.memory_too_large",
        ),
    ];
    for (text, wanted) in cases {
        assert_eq!(
            refused(&text.wasm("")),
            wanted,
            "{}{}",
            text.more,
            text.imports
        );
    }
    let whole = Text::default().wasm("");
    assert_eq!(refused(b""), "wasm.invalid");
    assert_eq!(refused(b"(module)"), "wasm.invalid");
    assert_eq!(refused(&whole[..whole.len() - 1]), "wasm.invalid");
    assert_eq!(refused(&vec![0; (2 << 20) + 1]), "wasm.too_large");
    let clearing = format!("(func {})", "(local i32 i64)".repeat(257));
    let clearing = with(&clearing).wasm("");
    assert_eq!(refused(&clearing), "wasm.too_many_locals");
    let vector = with("(func (drop (i32x4.splat (i32.const 1))))");
    assert_eq!(refused(&vector.wasm("")), "wasm.invalid");
}

#[test]
fn every_entry_point_must_be_there_in_its_form() {
    for name in [
        "interface_version_8",
        "allocate",
        "deallocate",
        "instantiate",
        "query",
    ] {
        let mut text = Text::default();
        text.without.push(name);
        assert_eq!(refused(&text.wasm("")), "wasm.missing_export", "{name}");
        text.more = format!("(global (export \"{name}\") i32 (i32.const 1))");
        assert_eq!(refused(&text.wasm("")), "wasm.missing_export", "{name}");
        text.more = format!("(func (export \"{name}\") (param i64))");
        assert_eq!(refused(&text.wasm("")), "wasm.missing_export", "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_bytes_make_a_node_stop(changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)) {
        let read = format!("(drop (call $db_read {KEY})) (call $db_write {KEY} {TEXT}) (i32.const 8)");
        let mut module = Text::execute(&read).wasm("value");
        for (place, byte) in changes {
            let place = place.index(module.len());
            module[place] = byte;
        }
        let Ok(builtins) = builtins().with_wasm("evil@1", &module) else {
            return Ok(());
        };
        let founded = found_with(builtins, &[("evil", "evil@1")], parameters());
        let state = blockworm_state::State::open(blockworm_state::MemoryStore::default(), 8).unwrap();
        let executor = blockworm_execution::Executor::new(state, founded.genesis, founded.builtins);
        if executor.unwrap().apply_genesis().is_ok() {
            // What began runs one message and is asked once.
            let mut chain = chain(&module);
            chain.ask(MEMBER, "evil", &json!({}));
            let _ = chain.executor.reader().query("evil", b"{}");
        }
    }
}
