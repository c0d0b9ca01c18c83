//! Reads the project's own files for the tests that hold the house rules.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The project's root folder.
#[must_use]
pub fn root() -> PathBuf {
    // As cargo says when it runs the tests: a build that was kept may be of another clone.
    let here = std::env::var_os("CARGO_MANIFEST_DIR");
    let here = here.map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    here.join("../..").canonicalize().unwrap_or_default()
}

/// A file of the project: its path from the root with forward slashes, and its text.
#[derive(Debug)]
pub struct SourceFile {
    /// Path from the root.
    pub path: String,
    /// The whole text.
    pub text: String,
}

/// Every file below the root whose name ends in `suffix`, ordered by path; build output, hidden
/// folders and fetched packages are left out.
#[must_use]
pub fn files(suffix: &str) -> Vec<SourceFile> {
    let root = root();
    let mut found = Vec::new();
    walk(&root, &root, suffix, &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn walk(root: &Path, folder: &Path, suffix: &str, found: &mut Vec<SourceFile>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let (path, name) = (
            entry.path(),
            entry.file_name().to_string_lossy().into_owned(),
        );
        if name.starts_with('.') || name == "target" || name == "node_modules" {
            continue;
        }
        if path.is_dir() {
            walk(root, &path, suffix, found);
        } else if name.ends_with(suffix)
            && let Ok(text) = fs::read_to_string(&path)
        {
            let path = path
                .strip_prefix(root)
                .unwrap_or(&path)
                .to_string_lossy()
                .replace('\\', "/");
            found.push(SourceFile { path, text });
        }
    }
}

/// A function's name, the line it starts on and how many lines it takes.
#[derive(Debug, PartialEq, Eq)]
pub struct FunctionSize {
    /// The name after `fn`.
    pub name: String,
    /// First line, from 1.
    pub line: usize,
    /// Lines from the signature to the closing brace.
    pub lines: usize,
}

/// The functions of a source that rustfmt has laid out: one ends at the first `}` that stands as
/// deep as its signature.
#[must_use]
pub fn functions(text: &str) -> Vec<FunctionSize> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let trimmed = line.trim_start();
        let Some(name) = function_name(trimmed) else {
            continue;
        };
        let indent = line.len() - trimmed.len();
        let close = format!("{}}}", " ".repeat(indent));
        let end = lines[start..].iter().position(|l| **l == close);
        let one_line = trimmed.ends_with('}') || trimmed.ends_with(';');
        if let (Some(end), false) = (end, one_line) {
            found.push(FunctionSize {
                name: name.into(),
                line: start + 1,
                lines: end + 1,
            });
        }
    }
    found
}

fn function_name(trimmed: &str) -> Option<&str> {
    let mut words = trimmed.split_whitespace();
    loop {
        match words.next()? {
            "fn" => {
                let name = words.next()?;
                return Some(&name[..name.find(['(', '<']).unwrap_or(name.len())]);
            }
            "pub" | "async" | "const" | "extern" | "pub(crate)" | "pub(super)" => {}
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_measured_from_its_signature_to_its_brace() {
        let text =
            "impl A {\n    pub async fn f<T>(\n        x: T,\n    ) {\n        y();\n    }\n}\n";
        assert_eq!(
            functions(text),
            [FunctionSize {
                name: "f".into(),
                line: 2,
                lines: 5
            }]
        );
    }
}
