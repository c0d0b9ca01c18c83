//! Random bytes and packages with random changes are judged in bounded time and never make the verifier panic.
#![allow(clippy::unwrap_used)]

mod matter;

use blockworm_verify::{Pins, pem_certificates, verify_proof};
use matter::{Matter, bag, ledger::MATTER, verify};
use proptest::prelude::*;
use std::sync::OnceLock;

fn sample() -> &'static (bag::Files, Vec<u8>) {
    static SAMPLE: OnceLock<(bag::Files, Vec<u8>)> = OnceLock::new();
    SAMPLE.get_or_init(|| {
        let matter = Matter::good();
        (matter.files.clone(), matter.zip())
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        let report = verify(bytes.clone(), &Pins::default());
        prop_assert_eq!(report.outcome.exit_code(), 1);
        let _ = pem_certificates(&bytes);
        let _ = verify_proof(&String::from_utf8_lossy(&bytes), None);
    }

    #[test]
    fn changed_archives(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6), cut in any::<prop::sample::Index>()) {
        let mut zip = sample().1.clone();
        for (at, byte) in &changes {
            let at = at.index(zip.len());
            zip[at] = *byte;
        }
        let _ = verify(zip.clone(), &Pins::default());
        zip.truncate(cut.index(zip.len()));
        prop_assert_eq!(verify(zip, &Pins::default()).outcome.exit_code(), 1);
    }

    /// Behind repaired manifests the changes reach the parsers of every file.
    #[test]
    fn changed_files(
        file in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut files = sample().0.clone();
        let path = files.keys().nth(file.index(files.len())).unwrap().clone();
        let bytes = files.get_mut(&path).unwrap();
        for (at, byte) in &changes {
            let at = at.index(bytes.len());
            bytes[at] = *byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        files.insert("manifest-sha256.txt".into(), bag::manifest(&files));
        files.insert("tagmanifest-sha256.txt".into(), bag::tag_manifest(&files));
        let _ = verify(bag::zip(MATTER, &files), &Pins::default());
    }
}
