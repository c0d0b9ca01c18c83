//! Small WASM contracts written by hand, each right but for one thing.

#![allow(dead_code, clippy::unwrap_used)]

/// A contract in the text form of WebAssembly.
#[derive(Clone)]
pub struct Text {
    /// Pages of memory at the start.
    pub pages: u32,
    /// Imports beyond the usual.
    pub imports: String,
    /// Functions, tables and globals beside the entry points.
    pub more: String,
    /// Bodies: parameters are 0 (environment), 1 (sender; of `query` the message) and 2 (message).
    pub execute: String,
    pub query: String,
    pub allocate: String,
    /// Entry points that are left out.
    pub without: Vec<&'static str>,
}

impl Default for Text {
    fn default() -> Self {
        Self {
            pages: 2,
            imports: String::new(),
            more: String::new(),
            execute: "(i32.const 8)".into(),
            query: "(i32.const 20)".into(),
            allocate: ALLOCATE.into(),
            without: Vec::new(),
        }
    }
}

/// Regions one after another, from 4096 on, never freed.
const ALLOCATE: &str = "(local $at i32)
    (local.set $at (global.get $free))
    (i32.store (local.get $at) (i32.add (local.get $at) (i32.const 12)))
    (i32.store offset=4 (local.get $at) (local.get 0))
    (i32.store offset=8 (local.get $at) (i32.const 0))
    (global.set $free (i32.add (i32.add (local.get $at) (i32.const 12)) (local.get 0)))
    (local.get $at)";

const DONE: &str = r#"{"ok":{"messages":[],"attributes":[],"events":[],"data":null}}"#;
const ANSWERED: &str = r#"{"ok":"MQ=="}"#;

/// What the host offers and these modules use.
const USUAL: &str = r#"
    (import "env" "db_read" (func $db_read (param i32) (result i32)))
    (import "env" "db_write" (func $db_write (param i32 i32)))
    (import "env" "db_scan" (func $db_scan (param i32 i32 i32) (result i32)))
    (import "env" "db_next" (func $db_next (param i32) (result i32)))
    (import "env" "query_chain" (func $query_chain (param i32) (result i32)))
    (import "env" "abort" (func $abort (param i32)))"#;

impl Text {
    /// With this body of `execute`.
    pub fn execute(body: &str) -> Self {
        Self {
            execute: body.to_owned(),
            ..Self::default()
        }
    }

    /// The module. Its memory: Regions from 8 on (done, answered, `text`, key, empty), their bytes from 80 on.
    pub fn wasm(&self, text: &str) -> Vec<u8> {
        let bytes = [DONE, ANSWERED, text, "key", ""];
        let (mut regions, mut data, mut free) = (String::new(), String::new(), 80);
        for bytes in bytes {
            let length = u32::try_from(bytes.len()).unwrap();
            for word in [free, length, length] {
                regions.push_str(&escaped(&word.to_le_bytes()));
            }
            data.push_str(&format!(
                "(data (i32.const {free}) \"{}\")\n",
                escaped(bytes.as_bytes())
            ));
            free += length;
        }
        assert!(free < 4096, "these texts are longer than their room");
        let entry = |name: &str, signature: &str, body: &str| {
            if self.without.contains(&name) {
                return String::new();
            }
            format!("(func ${name} (export \"{name}\") {signature} {body})\n")
        };
        let three = "(param i32 i32 i32) (result i32)";
        let entries = [
            entry("interface_version_8", "", ""),
            entry("allocate", "(param i32) (result i32)", &self.allocate),
            entry("deallocate", "(param i32)", ""),
            entry("instantiate", three, "(i32.const 8)"),
            entry("execute", three, &self.execute),
            entry("query", "(param i32 i32) (result i32)", &self.query),
        ];
        let text = format!(
            "(module {USUAL} {}\n(memory (export \"memory\") {})\n(global $free (mut i32) (i32.const 4096))\n{}\n{}\n(data (i32.const 8) \"{regions}\")\n{data})",
            self.imports,
            self.pages,
            self.more,
            entries.concat(),
        );
        wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}"))
    }
}

/// Places of the Regions.
pub const TEXT: &str = "(i32.const 32)";
pub const KEY: &str = "(i32.const 44)";
pub const EMPTY: &str = "(i32.const 56)";

fn escaped(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("\\{byte:02x}")).collect()
}
