//! Lays files out as a bag (RFC 8493): declaration, facts, manifests, payload; and lays a bag out again when it was sealed.

use super::archive::File;
use blockworm_crypto::sha256;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What a bag declares to be.
const DECLARATION: &str = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n";
/// The seal's file.
pub const SEAL: &str = "seal.p7s";
/// What the seal is over.
pub const MANIFEST: &str = "manifest-sha256.txt";
const INFO: &str = "bag-info.txt";
const TAGS: &str = "tagmanifest-sha256.txt";

/// A bag before it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bag {
    /// Its top folder.
    pub name: String,
    /// What `bag-info.txt` says, but the payload's size.
    pub info: Vec<(String, String)>,
    /// The payload: path below the top folder, beginning with `data/` → bytes.
    pub payload: BTreeMap<String, Vec<u8>>,
    /// A signature over the manifest.
    pub seal: Option<Vec<u8>>,
}

impl Bag {
    /// The payload's manifest, which a seal is over.
    #[must_use]
    pub fn manifest(&self) -> String {
        manifest(
            self.payload
                .iter()
                .map(|(path, bytes)| (path.as_str(), bytes.as_slice())),
        )
    }

    /// All files, each under the top folder.
    #[must_use]
    pub fn files(&self) -> Vec<File> {
        let size: usize = self.payload.values().map(Vec::len).sum();
        let mut info = String::new();
        for (name, value) in &self.info {
            // Writing to a string never fails.
            let _ = writeln!(info, "{name}: {}", value.replace(['\r', '\n'], " "));
        }
        let _ = writeln!(info, "Payload-Oxum: {size}.{}", self.payload.len());
        let manifest_text = self.manifest();
        let mut tags = vec![
            ("bagit.txt", DECLARATION.as_bytes().to_vec()),
            (INFO, info.into_bytes()),
            (MANIFEST, manifest_text.into_bytes()),
        ];
        if let Some(seal) = &self.seal {
            tags.push((SEAL, seal.clone()));
        }
        tags.sort_unstable();
        let sums = manifest(tags.iter().map(|(path, bytes)| (*path, bytes.as_slice())));
        tags.push((TAGS, sums.into_bytes()));
        let placed = |path: &str| format!("{}/{path}", self.name);
        let tags = tags.into_iter().map(|(path, bytes)| (placed(path), bytes));
        let payload = self
            .payload
            .iter()
            .map(|(path, bytes)| (placed(path), bytes.clone()));
        tags.chain(payload).collect()
    }

    /// The bag that these files are, without its manifests, which are made anew; `None` where they are none.
    #[must_use]
    pub fn read(files: Vec<File>) -> Option<Self> {
        let name = files.first()?.0.split_once('/')?.0.to_owned();
        let (mut payload, mut info, mut seal) = (BTreeMap::new(), Vec::new(), None);
        for (path, bytes) in files {
            let path = path.strip_prefix(&name)?.strip_prefix('/')?.to_owned();
            match path.as_str() {
                "bagit.txt" | MANIFEST | TAGS => {}
                INFO => {
                    let text = String::from_utf8(bytes).ok()?;
                    let lines = text.lines().filter_map(|line| line.split_once(": "));
                    let kept = lines.filter(|(name, _)| *name != "Payload-Oxum");
                    info = kept
                        .map(|(name, value)| (name.to_owned(), value.to_owned()))
                        .collect();
                }
                SEAL => seal = Some(bytes),
                _ => {
                    path.starts_with("data/").then_some(())?;
                    payload.insert(path, bytes);
                }
            }
        }
        Some(Self {
            name,
            info,
            payload,
            seal,
        })
    }
}

/// Lines of digest and path; a percent sign in a path is written so that no reader unfolds it (RFC 8493, 2.1.3).
fn manifest<'a>(files: impl Iterator<Item = (&'a str, &'a [u8])>) -> String {
    let mut text = String::new();
    for (path, bytes) in files {
        let _ = writeln!(text, "{}  {}", sha256(&[bytes]), path.replace('%', "%25"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bag_lists_its_files_and_is_read_again() {
        let mut bag = Bag {
            name: "m-1".into(),
            info: vec![("External-Identifier".into(), "l/m-1".into())],
            payload: BTreeMap::from([("data/a".into(), b"abc".to_vec())]),
            seal: None,
        };
        let files = bag.files();
        let text = |path: &str| {
            let file = files.iter().find(|(name, _)| name == path).unwrap();
            String::from_utf8(file.1.clone()).unwrap()
        };
        assert_eq!(
            text("m-1/manifest-sha256.txt"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  data/a\n"
        );
        assert_eq!(
            text("m-1/bag-info.txt"),
            "External-Identifier: l/m-1\nPayload-Oxum: 3.1\n"
        );
        assert_eq!(text("m-1/tagmanifest-sha256.txt").lines().count(), 3);
        assert_eq!(Bag::read(files).unwrap(), bag);
        bag.seal = Some(vec![1]);
        assert_eq!(Bag::read(bag.files()).unwrap(), bag);
    }
}
