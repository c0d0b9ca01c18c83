//! The bag (RFC 8493) in the one form that packages have, and the digest of every file.

use crate::files::Files;
use blockworm_crypto::Digest;
use blockworm_ledger::report::Checks;
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) const DECLARATION: &str = "bagit.txt";
pub(crate) const INFO: &str = "bag-info.txt";
pub(crate) const MANIFEST: &str = "manifest-sha256.txt";
pub(crate) const TAG_MANIFEST: &str = "tagmanifest-sha256.txt";
pub(crate) const SEAL: &str = "seal.p7s";
const DECLARED: &str = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n";

/// The bag as far as it could be read.
#[derive(Default)]
pub(crate) struct Bag {
    /// SHA-256 of every file that could be read.
    pub(crate) digests: BTreeMap<String, Digest>,
    /// What bag-info.txt says, by label.
    pub(crate) info: BTreeMap<String, String>,
}

/// Checks declaration, information and manifests, and hashes every file.
pub(crate) fn check(files: &Files<'_>, checks: &mut Checks) -> Bag {
    let declaration = files.read(DECLARATION).and_then(|text| {
        if text == DECLARED.as_bytes() {
            Ok("BagIt 1.0, UTF-8".into())
        } else {
            Err(format!(
                "{DECLARATION} has not the two lines of BagIt 1.0 in UTF-8"
            ))
        }
    });
    checks.note("bag.declaration", declaration);
    let mut bag = Bag::default();
    let info = text(files, INFO).and_then(|text| read_info(&text));
    let found = info.and_then(|info| {
        let found = check_info(files, &info);
        bag.info = info;
        found
    });
    checks.note("bag.info", found);
    let payload = text(files, MANIFEST).and_then(|text| read_manifest(&text, MANIFEST, true));
    let tags = text(files, TAG_MANIFEST).and_then(|text| read_manifest(&text, TAG_MANIFEST, false));
    let both = match (&payload, &tags) {
        (Err(reason), _) | (_, Err(reason)) => Err(reason.clone()),
        (Ok(payload), Ok(tags)) => check_tags(files, tags).map(|()| {
            format!(
                "{} files of the case, {} of the bag",
                payload.len(),
                tags.len()
            )
        }),
    };
    let both_hold = both.is_ok();
    checks.note("bag.manifest", both);
    let mut listed = payload.unwrap_or_default();
    listed.extend(tags.unwrap_or_default());
    let stranger = files
        .paths()
        .find(|path| *path != TAG_MANIFEST && !listed.contains_key(*path));
    checks.note(
        "bag.unlisted",
        match stranger {
            Some(path) => Err(format!("{path} is in no manifest")),
            None => Ok("every file is in a manifest".into()),
        },
    );
    let tags_hold = both_hold && stranger.is_none_or(|path| path.starts_with("data/"));
    check_digests(files, &listed, tags_hold, checks, &mut bag);
    bag
}

fn text(files: &Files<'_>, path: &str) -> Result<String, String> {
    String::from_utf8(files.read(path)?).map_err(|_| format!("{path} is not UTF-8"))
}

fn check_digests(
    files: &Files<'_>,
    listed: &BTreeMap<String, Digest>,
    mut tags_hold: bool,
    checks: &mut Checks,
    bag: &mut Bag,
) {
    let mut all: BTreeSet<&str> = files.paths().collect();
    all.extend(listed.keys().map(String::as_str));
    for path in all {
        let mut hasher = Sha256::new();
        let found = files
            .stream(path, &mut |piece| hasher.update(piece))
            .map(|()| Digest(hasher.finalize().into()));
        if let Ok(digest) = found {
            bag.digests.insert(path.to_owned(), digest);
        }
        let Some(expected) = listed.get(path) else {
            continue;
        };
        let found = match found {
            Ok(digest) if digest == *expected => Ok(format!("SHA-256 {digest}")),
            Ok(digest) => Err(format!("SHA-256 {digest}, its manifest says {expected}")),
            Err(reason) => Err(reason),
        };
        tags_hold &= found.is_ok() || path.starts_with("data/");
        checks.note(format!("file:{path}"), found);
    }
    // Nothing lists this one; it holds where all of its own lines hold.
    let holds = files.contains(TAG_MANIFEST) && tags_hold;
    let found = if holds {
        Ok("each of its lines holds".into())
    } else {
        Err("a line of it does not hold, or it is missing".into())
    };
    checks.note(format!("file:{TAG_MANIFEST}"), found);
}

/// Which files a tag manifest must list.
fn check_tags(files: &Files<'_>, tags: &BTreeMap<String, Digest>) -> Result<(), String> {
    let mut needed = vec![DECLARATION, INFO, MANIFEST];
    if files.contains(SEAL) {
        needed.push(SEAL);
    }
    match needed.iter().find(|path| !tags.contains_key(**path)) {
        Some(path) => Err(format!("{TAG_MANIFEST} does not list {path}")),
        None => Ok(()),
    }
}

/// Lines of 64 lower-case hex digits, two spaces and a path; each path once.
fn read_manifest(
    text: &str,
    name: &str,
    payload: bool,
) -> Result<BTreeMap<String, Digest>, String> {
    let mut listed = BTreeMap::new();
    let body = text
        .strip_suffix('\n')
        .ok_or_else(|| format!("{name} does not end with a line"))?;
    for (index, line) in body.split('\n').enumerate() {
        let wrong = |why: &str| format!("{name}, line {}: {why}", index + 1);
        let (digest, path) = line
            .split_once("  ")
            .ok_or_else(|| wrong("not a digest, two spaces and a path"))?;
        let parsed: Digest = digest.parse().map_err(|_| wrong("not a SHA-256 digest"))?;
        if parsed.to_string() != digest {
            return Err(wrong("hex digits are lower-case"));
        }
        let path = decode(path).ok_or_else(|| wrong("'%' stands only as %25"))?;
        crate::path::check(&path).map_err(|reason| wrong(&reason))?;
        if path.starts_with("data/") != payload || path == TAG_MANIFEST {
            return Err(wrong("the file belongs into the other manifest"));
        }
        if listed.insert(path, parsed).is_some() {
            return Err(wrong("the file stands twice"));
        }
    }
    Ok(listed)
}

/// RFC 8493, section 2.1.3: only `%` itself can need its escape, names have no line ends.
fn decode(path: &str) -> Option<String> {
    let mut parts = path.split('%');
    let mut decoded = parts.next()?.to_owned();
    for part in parts {
        decoded.push('%');
        decoded.push_str(part.strip_prefix("25")?);
    }
    Some(decoded)
}

fn read_info(text: &str) -> Result<BTreeMap<String, String>, String> {
    let body = text
        .strip_suffix('\n')
        .ok_or_else(|| format!("{INFO} does not end with a line"))?;
    let mut info = BTreeMap::new();
    for line in body.split('\n') {
        let (label, value) = line
            .split_once(": ")
            .filter(|(label, value)| !label.is_empty() && !value.is_empty())
            .ok_or_else(|| format!("{INFO} has a line that is not 'label: value'"))?;
        if info.insert(label.to_owned(), value.to_owned()).is_some() {
            return Err(format!("{INFO} says {label} twice"));
        }
    }
    Ok(info)
}

fn check_info(files: &Files<'_>, info: &BTreeMap<String, String>) -> Result<String, String> {
    for label in ["Source-Organization", "External-Identifier", "Bagging-Date"] {
        if !info.contains_key(label) {
            return Err(format!("{INFO} has no {label}"));
        }
    }
    if info.get("Blockworm-Evidence").map(String::as_str) != Some("1") {
        return Err(format!("{INFO} does not say Blockworm-Evidence: 1"));
    }
    let payload = files.paths().filter(|path| path.starts_with("data/"));
    let sizes: Vec<u64> = payload.filter_map(|path| files.size(path)).collect();
    let expected = format!("{}.{}", sizes.iter().sum::<u64>(), sizes.len());
    match info.get("Payload-Oxum") {
        Some(oxum) if *oxum == expected => Ok(format!(
            "{} bytes in {} files",
            sizes.iter().sum::<u64>(),
            sizes.len()
        )),
        Some(oxum) => Err(format!("Payload-Oxum says {oxum}; there are {expected}")),
        None => Err(format!("{INFO} has no Payload-Oxum")),
    }
}
