//! Which names a file of a package may have: the same rule for zip entries and for files of a folder.

/// Most bytes of a name.
pub(crate) const MAX_BYTES: usize = 200;

/// Refuses names that could lead out of the folder, or that some system reads as another name.
pub(crate) fn check(name: &str) -> Result<(), String> {
    let shown: String = name
        .chars()
        .take(80)
        .flat_map(char::escape_default)
        .collect();
    let refuse = |why: &str| Err(format!("{shown}: {why}"));
    if name.is_empty() || name.len() > MAX_BYTES {
        return refuse("a name has 1 to 200 bytes");
    }
    if name.chars().any(char::is_control) {
        return refuse("a name has no control characters");
    }
    if name.contains('\\') || name.contains(':') {
        return refuse("a name has no backslash and no colon");
    }
    if name.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return refuse("a name is relative, without empty parts, '.' and '..'");
    }
    if name.split('/').any(|part| part.ends_with([' ', '.'])) {
        return refuse("no part of a name ends with a space or a full stop");
    }
    Ok(())
}

/// Two names that some system takes for one have the same fold.
pub(crate) fn fold(name: &str) -> String {
    name.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        for good in ["m/data/originals/0001-invoice 3.pdf", "m/合同.pdf", "a"] {
            assert_eq!(check(good), Ok(()));
        }
        let long = "a".repeat(201);
        for bad in [
            "",
            "/etc/passwd",
            "../a",
            "m/../a",
            "m//a",
            "m/./a",
            "m/",
            "m\\a",
            "c:/a",
            "m/a\n",
            "m/a.",
            "m/a ",
            "m/\u{7f}",
            &long,
        ] {
            assert!(check(bad).is_err(), "{bad:?}");
        }
    }
}
