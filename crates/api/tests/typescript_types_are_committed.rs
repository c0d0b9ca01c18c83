//! The committed TypeScript types are those of the OpenAPI document, and the compiler takes them.

#![allow(clippy::unwrap_used)]

#[path = "../../../tests/not_run/mod.rs"]
mod not_run;

use not_run::not_run;
use serde_json::{Map, Value};
use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../clients/typescript")
}

#[test]
fn the_committed_types_are_those_of_the_document() {
    let path = folder().join("blockworm.d.ts");
    let types = generate(&serde_json::to_value(blockworm_api::openapi()).unwrap());
    if std::env::var_os("BLOCKWORM_BLESS").is_some() {
        fs::write(&path, &types).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == types,
        "clients/typescript/blockworm.d.ts is not what the document gives: run `BLOCKWORM_BLESS=1 cargo test -p blockworm-api`, then read the difference",
    );
}

/// `scripts/test` puts the compiler into BLOCKWORM_TSC where npm can fetch it.
#[test]
fn the_compiler_takes_the_types_and_refuses_their_misuse() {
    let Some(compiler) = std::env::var_os("BLOCKWORM_TSC") else {
        return not_run("there is no npm, or BLOCKWORM_TSC is not set");
    };
    let scratch = tempfile::tempdir().unwrap();
    for name in ["blockworm.d.ts", "example.ts"] {
        fs::copy(folder().join(name), scratch.path().join(name)).unwrap();
    }
    let compile = || {
        let flags = "--noEmit --strict --target es2022 --module es2022 --moduleResolution bundler --lib es2022,dom";
        let run = Command::new(&compiler)
            .args(flags.split(' '))
            .arg("example.ts")
            .current_dir(scratch.path())
            .output()
            .unwrap();
        (
            run.status.success(),
            String::from_utf8_lossy(&run.stdout).into_owned(),
        )
    };
    let (good, said) = compile();
    assert!(good, "{said}");
    let example = fs::read_to_string(scratch.path().join("example.ts")).unwrap();
    let wrong = example.replace("receipt.height", "receipt.heigth");
    assert_ne!(wrong, example);
    fs::write(scratch.path().join("example.ts"), wrong).unwrap();
    let (good, said) = compile();
    assert!(
        !good && said.contains("heigth"),
        "a misspelt field must be refused: {said}"
    );
}

fn generate(document: &Value) -> String {
    let mut text = String::from(
        "// Types of Blockworm's HTTP API, made from docs/openapi.json by a test; do not edit.\n\
         // BLOCKWORM_BLESS=1 cargo test -p blockworm-api --test typescript_types_are_committed\n",
    );
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        text.push('\n');
        comment(&mut text, "", schema["description"].as_str());
        if schema["properties"].is_object() {
            let _ = writeln!(text, "export interface {name} {}", typed(schema, ""));
        } else {
            let _ = writeln!(text, "export type {name} = {};", typed(schema, ""));
        }
    }
    text.push_str(
        "\n/** Every operation: how it is asked, and what it answers when it succeeds. */\n",
    );
    text.push_str("export interface Operations {\n");
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            write_operation(&mut text, method, path, operation);
        }
    }
    text.push_str("}\n");
    text
}

fn write_operation(text: &mut String, method: &str, path: &str, operation: &Value) {
    comment(text, "  ", operation["summary"].as_str());
    let _ = writeln!(text, "  {}: {{", operation["operationId"].as_str().unwrap());
    let _ = writeln!(
        text,
        "    method: \"{}\";\n    path: \"{path}\";",
        method.to_uppercase()
    );
    for (place, name) in [
        ("path", "parameters"),
        ("query", "query"),
        ("header", "headers"),
    ] {
        let of = |parameter: &&Value| parameter["in"] == place;
        let all = operation["parameters"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let fields: Vec<String> = all
            .iter()
            .filter(of)
            .map(|parameter| {
                let optional = if parameter["required"] == true {
                    ""
                } else {
                    "?"
                };
                let kind = typed(&parameter["schema"], "").replace(" | null", "");
                format!(
                    "{}{optional}: {kind}",
                    property(parameter["name"].as_str().unwrap())
                )
            })
            .collect();
        if !fields.is_empty() {
            let _ = writeln!(text, "    {name}: {{ {} }};", fields.join("; "));
        }
    }
    if let Some(content) = operation["requestBody"]["content"].as_object() {
        let _ = writeln!(text, "    body: {};", contents(content));
    }
    let responses = operation["responses"].as_object().unwrap();
    let answers: Vec<String> = responses
        .iter()
        .filter(|(status, _)| status.starts_with('2'))
        .map(|(_, response)| contents(response["content"].as_object().unwrap()))
        .collect();
    let _ = writeln!(text, "    answer: {};\n  }};", union(answers));
}

/// What a body may be, in any of its media types.
fn contents(content: &Map<String, Value>) -> String {
    union(
        content
            .iter()
            .map(|(media, body)| match media.as_str() {
                "application/json" => typed(&body["schema"], "    "),
                "application/octet-stream" => "ArrayBuffer".into(),
                _ => "string".into(),
            })
            .collect(),
    )
}

fn union(mut kinds: Vec<String>) -> String {
    let mut seen = Vec::new();
    kinds.retain(|kind| {
        !seen.contains(kind) && {
            seen.push(kind.clone());
            true
        }
    });
    kinds.join(" | ")
}

/// A schema as a type; what this does not know fails the test rather than becoming `any`.
fn typed(schema: &Value, indent: &str) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        return reference.rsplit('/').next().unwrap().to_owned();
    }
    for several in ["oneOf", "anyOf"] {
        if let Some(variants) = schema[several].as_array() {
            return union(
                variants
                    .iter()
                    .map(|variant| typed(variant, indent))
                    .collect(),
            );
        }
    }
    if let Some(values) = schema["enum"].as_array() {
        return union(values.iter().map(Value::to_string).collect());
    }
    match &schema["type"] {
        Value::Array(kinds) => union(
            kinds
                .iter()
                .map(|kind| {
                    let mut one = schema.clone();
                    one["type"] = kind.clone();
                    typed(&one, indent)
                })
                .collect(),
        ),
        Value::String(kind) => match kind.as_str() {
            "null" => "null".into(),
            "string" => "string".into(),
            "boolean" => "boolean".into(),
            "integer" | "number" => "number".into(),
            "array" => format!("Array<{}>", typed(&schema["items"], indent)),
            "object" => object(schema, indent),
            other => panic!("no TypeScript for the type {other}"),
        },
        // No type at all: any JSON.
        Value::Null => "unknown".into(),
        other => panic!("no TypeScript for {other}"),
    }
}

fn object(schema: &Value, indent: &str) -> String {
    let Some(properties) = schema["properties"].as_object() else {
        return "Record<string, unknown>".into();
    };
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let deeper = format!("{indent}  ");
    let mut text = String::from("{\n");
    for (name, property_schema) in properties {
        comment(&mut text, &deeper, property_schema["description"].as_str());
        let optional = if required.iter().any(|it| it == name) {
            ""
        } else {
            "?"
        };
        let kind = typed(property_schema, &deeper);
        let _ = writeln!(text, "{deeper}{}{optional}: {kind};", property(name));
    }
    let _ = write!(text, "{indent}}}");
    text
}

fn property(name: &str) -> String {
    let plain = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if plain {
        name.to_owned()
    } else {
        format!("\"{name}\"")
    }
}

fn comment(text: &mut String, indent: &str, words: Option<&str>) {
    if let Some(words) = words {
        let words = words
            .replace("*/", "* /")
            .replace('\n', &format!("\n{indent} * "));
        let _ = writeln!(text, "{indent}/** {words} */");
    }
}
