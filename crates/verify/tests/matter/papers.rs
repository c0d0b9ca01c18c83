//! What others sign in a sample matter: cosignatures, timestamps, the seal and the report.

use super::ledger::{Ledger, VALIDITY, service};
use blockworm_crypto::{
    Algorithm, SecretKey,
    cms::{SignedData, Signer, sign_detached, with_signature_timestamp},
    identity::{CertificateAuthority, Order, Profile, Validity},
    merkle,
    pkix::HashAlgorithm,
    timestamp::{Authority, Request, Response},
};
use blockworm_ledger::checkpoint::{
    Checkpoint, Cosignature, CosignerKey, SignedCheckpoint, cosigner_name,
};
use std::{fmt::Write as _, sync::Arc};

pub const SIZE: u64 = 10;
pub const STAMPED_MS: u64 = 1_790_000_006_000;
/// Organisations that cosign, with the seeds of their keys.
pub const COSIGNERS: [(&str, u8); 4] = [
    ("bank", 81),
    ("court", 82),
    ("notary", 83),
    ("platform", 84),
];

pub fn cosigner(slug: &str) -> SecretKey {
    let (_, seed) = COSIGNERS.iter().find(|(name, _)| *name == slug).unwrap();
    SecretKey::from_ed25519_seed([*seed; 32])
}

pub fn cosigner_key(slug: &str) -> CosignerKey {
    CosignerKey::new(cosigner_name(slug), &cosigner(slug).public_key()).unwrap()
}

pub fn checkpoint(ledger: &Ledger) -> Checkpoint {
    let leaves = leaves(ledger);
    Checkpoint {
        ledger: ledger.genesis.ledger_id(),
        size: SIZE,
        root: merkle::root(leaves),
    }
}

fn leaves(ledger: &Ledger) -> Vec<blockworm_crypto::Digest> {
    let headers = ledger.headers.iter().take(usize::try_from(SIZE).unwrap());
    headers
        .map(blockworm_ledger::Header::history_leaf)
        .collect()
}

pub fn history(ledger: &Ledger, height: u64) -> String {
    let place = usize::try_from(height).unwrap();
    let proof = merkle::prove(&leaves(ledger), place).unwrap();
    let path: Vec<String> = proof.path.iter().map(ToString::to_string).collect();
    serde_json::json!({
        "header": ledger.headers[place], "index": height, "size": SIZE, "path": path,
    })
    .to_string()
}

pub fn cosigned(checkpoint: &Checkpoint, slugs: &[&str]) -> SignedCheckpoint {
    let line = |slug: &&str| {
        Cosignature::sign(
            checkpoint,
            &cosigner_name(slug),
            &cosigner(slug),
            1_790_000_006,
        )
        .unwrap()
    };
    SignedCheckpoint {
        checkpoint: *checkpoint,
        cosignatures: slugs.iter().map(line).collect(),
    }
}

/// "Three of four, a notary and a court among them."
pub fn policy(ledger: &Ledger) -> String {
    let mut text = format!("origin blockworm/{}\n", ledger.genesis.ledger_id());
    for (slug, _) in COSIGNERS {
        let _ = writeln!(text, "witness {slug} {}", cosigner_key(slug));
    }
    text + "group most 3 bank court notary platform\ngroup whole all most notary court\nquorum whole\n"
}

/// A timestamp authority that nobody of the consortium runs.
pub struct Stamps {
    pub root: CertificateAuthority,
    authority: Authority,
}

impl Stamps {
    pub fn new(name: &str, validity: Validity) -> Self {
        let root = CertificateAuthority::create(name, "Root", Algorithm::P256, VALIDITY).unwrap();
        Self::of(root, validity)
    }

    pub fn of(root: CertificateAuthority, validity: Validity) -> Self {
        let key = Arc::new(SecretKey::generate(Algorithm::P256).unwrap());
        let order = Order {
            profile: Profile::Timestamping,
            name: "stamps",
            functions: &[],
            hosts: &[],
        };
        let chain = root.issue_as(&order, &key.public_key(), validity).unwrap();
        let signer = Signer::new(key, chain).unwrap();
        let authority = Authority::new(signer, "1.2.3.4.1", 1000).unwrap();
        Self { root, authority }
    }

    pub fn stamp(&self, data: &[u8], time_ms: u64) -> Vec<u8> {
        let request = Request::of(data, HashAlgorithm::Sha256, [7; 16]);
        let answer = self
            .authority
            .answer(&request.to_der().unwrap(), time_ms, 1);
        match Response::parse(&answer.der).unwrap() {
            Response::Granted(token) => token,
            Response::Refused(refusal) => panic!("{refusal:?}"),
        }
    }

    pub fn chain_pem(&self) -> String {
        self.authority.chain().iter().map(|der| pem(der)).collect()
    }
}

pub fn pem(der: &[u8]) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = text
        .as_bytes()
        .chunks(64)
        .map(|line| str::from_utf8(line).unwrap())
        .collect();
    format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        lines.join("\n")
    )
}

/// The certificates of a chain as PEM blocks.
pub fn chain_pem(chain: &[u8]) -> String {
    let parts = blockworm_crypto::identity::split_chain(chain).unwrap();
    parts.into_iter().map(pem).collect()
}

pub fn documents(ledger: &Ledger) -> (Signer, Vec<u8>) {
    let (key, chain) = service(
        &ledger.people,
        "notary",
        Profile::DocumentSigning,
        "documents",
        Algorithm::P256,
    );
    (Signer::new(key, chain.clone()).unwrap(), chain)
}

pub fn seal(manifest: &[u8], signer: &Signer, stamps: Option<&Stamps>) -> Vec<u8> {
    let bare = sign_detached(manifest, signer, Some(STAMPED_MS)).unwrap();
    let Some(stamps) = stamps else { return bare };
    let value = SignedData::parse(&bare).unwrap().signature_value().to_vec();
    with_signature_timestamp(&bare, &stamps.stamp(&value, STAMPED_MS)).unwrap()
}

/// A small PDF with one attachment, signed over the whole of it.
pub fn report(attached: &[u8], signer: &Signer) -> Vec<u8> {
    const ROOM: usize = 8192;
    let mut pdf =
        b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog /Names << /EmbeddedFiles 2 0 R >> >>\nendobj\n"
            .to_vec();
    let packed = miniz_oxide::deflate::compress_to_vec_zlib(attached, 6);
    pdf.extend(
        format!(
            "3 0 obj\n<< /Type /EmbeddedFile /Filter /FlateDecode /Length {} >>\nstream\n",
            packed.len()
        )
        .bytes(),
    );
    pdf.extend(&packed);
    pdf.extend(b"\nendstream\nendobj\n4 0 obj\n<< /Type /Sig /SubFilter /ETSI.CAdES.detached /ByteRange [0 ");
    let numbers = pdf.len();
    pdf.extend(b"0000000000 0000000000 0000000000] /Contents <");
    let hole = pdf.len();
    pdf.extend("0".repeat(2 * ROOM).bytes());
    let after = pdf.len();
    pdf.extend(b"> >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n");
    let (first, second) = (hole - 1, after + 1);
    let text = format!("{first:010} {second:010} {:010}", pdf.len() - second);
    pdf[numbers..numbers + text.len()].copy_from_slice(text.as_bytes());
    let covered = [&pdf[..first], &pdf[second..]].concat();
    let cms = hex::encode(sign_detached(&covered, signer, None).unwrap());
    pdf[hole..hole + cms.len()].copy_from_slice(cms.as_bytes());
    pdf
}
