//! How sources are laid out: a first sentence, a size, a name that says something.

#![allow(clippy::unwrap_used)]

use blockworm_tidy::{files, functions};

/// Most lines of a source file that is not listed below.
const FILE_LINES: usize = 500;
/// Most lines of a function that is not listed below.
const FUNCTION_LINES: usize = 70;

/// Files over the limit, with their size today: they may only shrink.
const LARGE_FILES: &[(&str, usize)] = &[];
/// Functions over the limit (`path:name`), with their size today: they may only shrink.
const LARGE_FUNCTIONS: &[(&str, usize)] = &[];

/// Names that say nothing about what is inside.
const EMPTY_NAMES: &[&str] = &["utils", "util", "common", "core", "helpers", "misc"];

#[test]
fn every_source_begins_with_what_it_is_for() {
    let begins = |text: &str| {
        let first = text.lines().next().unwrap_or_default();
        first.starts_with("//! ") && first.len() > 20
    };
    let offenders = files(".rs").into_iter().filter(|file| !begins(&file.text));
    none(
        "the first line is `//!` and one sentence",
        offenders.map(|file| file.path),
    );
}

#[test]
fn files_stay_small() {
    let offenders = files(".rs").into_iter().filter_map(|file| {
        let lines = file.text.lines().count();
        let limit = LARGE_FILES.iter().find(|(path, _)| *path == file.path);
        let limit = limit.map_or(FILE_LINES, |(_, lines)| *lines);
        (lines > limit).then(|| format!("{}: {lines} lines, {limit} allowed", file.path))
    });
    none("files stay small", offenders);
}

#[test]
fn functions_stay_small() {
    let mut offenders = Vec::new();
    for file in files(".rs") {
        for function in functions(&file.text) {
            let name = format!("{}:{}", file.path, function.name);
            let limit = LARGE_FUNCTIONS.iter().find(|(listed, _)| *listed == name);
            let limit = limit.map_or(FUNCTION_LINES, |(_, lines)| *lines);
            if function.lines > limit {
                let (line, lines) = (function.line, function.lines);
                offenders.push(format!(
                    "{name} (line {line}): {lines} lines, {limit} allowed"
                ));
            }
        }
    }
    none("functions stay small", offenders);
}

/// Fails with every offender, so that one run tells all there is to do.
fn none(rule: &str, offenders: impl IntoIterator<Item = String>) {
    let offenders: Vec<String> = offenders.into_iter().collect();
    assert!(offenders.is_empty(), "{rule}:\n{}", offenders.join("\n"));
}

#[test]
fn the_lists_of_large_things_hold_nothing_stale() {
    for (path, size) in LARGE_FILES {
        let lines = files(".rs")
            .iter()
            .find(|f| f.path == *path)
            .map(|f| f.text.lines().count());
        assert_eq!(
            lines,
            Some(*size),
            "{path}: list its size of today, or drop it"
        );
    }
    for (name, size) in LARGE_FUNCTIONS {
        let (path, function) = name.rsplit_once(':').unwrap();
        let all = files(".rs");
        let file = all
            .iter()
            .find(|f| f.path == path)
            .unwrap_or_else(|| panic!("{path} is gone"));
        let lines = functions(&file.text)
            .iter()
            .find(|f| f.name == function)
            .map(|f| f.lines);
        assert_eq!(
            lines,
            Some(*size),
            "{name}: list its size of today, or drop it"
        );
    }
}

#[test]
fn no_module_has_an_empty_name() {
    for file in files(".rs") {
        for part in file.path.trim_end_matches(".rs").split('/') {
            assert!(
                !EMPTY_NAMES.contains(&part),
                "{}: `{part}` says nothing",
                file.path
            );
        }
    }
}
