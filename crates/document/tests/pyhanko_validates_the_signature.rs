//! A signed document is validated by pyHanko, a program of others; a flipped byte, and a certificate of somebody else's root, are refused by it.
#![allow(clippy::unwrap_used)]

use blockworm_crypto::{
    Algorithm, SecretKey,
    cms::{SignedData, Signer},
    identity::{CertificateAuthority, Order, Profile, Validity},
};
use blockworm_document::{Block, Document, DocumentError, SignatureNote, prepare, sign};
use std::{fs, path::Path, process::Command, sync::Arc};

const NOW_MS: u64 = 1_795_423_899_000;
const VALIDITY: Validity = Validity {
    not_before_ms: 1_577_836_800_000,
    not_after_ms: 4_102_444_800_000,
};

fn pdf() -> Vec<u8> {
    let document = Document {
        title: "证据报告".into(),
        language: "zh".into(),
        id: "matter".into(),
        created_ms: NOW_MS,
        blocks: vec![Block::Paragraph(
            "本报告由公证处签名。Signed by a notary.".into(),
        )],
        attachments: Vec::new(),
    };
    document.to_pdf().unwrap()
}

/// A signer and its root, DER.
fn signer(algorithm: Algorithm) -> (Signer, Vec<u8>) {
    let key = |algorithm| Arc::new(SecretKey::generate(algorithm).unwrap());
    let root = CertificateAuthority::create_with("notary", "示例公证处", key(algorithm), VALIDITY)
        .unwrap();
    let documents = key(algorithm);
    let order = Order {
        profile: Profile::DocumentSigning,
        name: "documents",
        functions: &[],
        hosts: &[],
    };
    let chain = root
        .issue_as(&order, &documents.public_key(), VALIDITY)
        .unwrap();
    let signer = Signer::new(documents, chain).unwrap();
    (signer, root.certificate().to_vec())
}

fn note() -> SignatureNote {
    SignatureNote {
        name: "示例公证处 notary".into(),
        reason: "证据包 matter".into(),
        at_ms: NOW_MS,
    }
}

/// What pyHanko says; `None` where it is not there.
fn validate(folder: &Path, pdf: &[u8], root: &[u8]) -> Option<(bool, String)> {
    let tools = std::env::var_os("BLOCKWORM_EVIDENCE_TOOLS")?;
    fs::write(folder.join("report.pdf"), pdf).unwrap();
    fs::write(folder.join("root.der"), root).unwrap();
    let answer = Command::new(Path::new(&tools).join("pyhanko"))
        .args(["sign", "validate", "--pretty-print", "--trust-replace"])
        .args(["--trust", "root.der", "report.pdf"])
        .current_dir(folder)
        .output()
        .unwrap();
    let said = [answer.stdout, answer.stderr].concat();
    Some((
        answer.status.success(),
        String::from_utf8_lossy(&said).into_owned(),
    ))
}

#[test]
fn the_signature_is_over_the_whole_file_and_holds() {
    let plain = pdf();
    let (signer, _) = signer(Algorithm::P256);
    let signed = sign(&plain, &signer, &note()).unwrap();
    assert!(signed.starts_with(&plain), "the document is kept as it was");
    let text = String::from_utf8_lossy(&signed);
    let ranges = text
        .rsplit_once("/ByteRange[")
        .unwrap()
        .1
        .split_once(']')
        .unwrap()
        .0;
    let ranges: Vec<usize> = ranges
        .split_whitespace()
        .map(|one| one.parse().unwrap())
        .collect();
    assert_eq!(ranges[0], 0);
    assert_eq!(ranges[2] + ranges[3], signed.len());
    let covered = [&signed[..ranges[1]], &signed[ranges[2]..]].concat();
    let hex = &signed[ranges[1] + 1..ranges[2] - 1];
    let cms: Vec<u8> = hex
        .chunks(2)
        .map(|two| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap())
        .collect();
    let length = 4 + usize::from(u16::from_be_bytes([cms[2], cms[3]]));
    let verified = SignedData::parse(&cms[..length])
        .unwrap()
        .verify(Some(&covered));
    assert_eq!(verified.unwrap().certificate, signer.certificate());
    assert_eq!(
        sign(&signed, &signer, &note()),
        Err(DocumentError::Unsignable(
            "it has a form, or a signature, already"
        ))
    );
}

#[test]
fn what_is_no_pdf_is_refused() {
    for bytes in [
        &b""[..],
        b"%PDF-1.7",
        b"startxref",
        b"startxref 0",
        b"xref\n0 1\ntrailer<<>>startxref\n0\n",
    ] {
        assert!(matches!(
            prepare(bytes, &note()),
            Err(DocumentError::Unsignable(_))
        ));
    }
    let room = prepare(&pdf(), &note()).unwrap().finish(&vec![0; 13 << 10]);
    assert_eq!(room.unwrap_err().code(), "document.signature_too_large");
}

#[test]
fn pyhanko_holds_it_valid_and_refuses_what_was_changed() {
    let folder = tempfile::tempdir().unwrap();
    for algorithm in [Algorithm::P256, Algorithm::Ed25519] {
        let (signer, root) = signer(algorithm);
        let signed = sign(&pdf(), &signer, &note()).unwrap();
        let Some((valid, said)) = validate(folder.path(), &signed, &root) else {
            return not_run::not_run(
                "BLOCKWORM_EVIDENCE_TOOLS names no folder with pyhanko (scripts/test installs it)",
            );
        };
        assert!(
            valid && said.contains("The signature is judged VALID"),
            "{algorithm:?}: {said}"
        );
        assert!(
            said.contains("covers the entire file") || said.contains("ENTIRE_FILE"),
            "{said}"
        );
        let mut flipped = signed.clone();
        flipped[1000] ^= 1;
        let (valid, said) = validate(folder.path(), &flipped, &root).unwrap();
        assert!(!valid, "{said}");
        let (_, stranger) = self::signer(algorithm);
        let (valid, said) = validate(folder.path(), &signed, &stranger).unwrap();
        assert!(!valid, "{said}");
    }
}

#[path = "../../../tests/not_run/mod.rs"]
mod not_run;
