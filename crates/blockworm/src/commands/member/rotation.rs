//! `blockworm member rotate-key`: a member's next key, told to every ledger by the key before.

use super::{contract, registration};
use crate::{
    cli::MemberRotateArgs,
    commands::certificate::failure,
    failure::{Failure, Result},
    output::Format,
    remote::{Remote, client_failure},
    signer::{Signer, now_ms},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use blockworm_api::Client;
use blockworm_crypto::{
    SecretKey,
    identity::{CertificateRequest, describe, verify_chain},
};
use blockworm_ledger::MemberId;
use blockworm_service::{
    identity::{AUTHORITY, Identity, KeyRotation, RenewalRequest},
    network::ConsortiumFolder,
};
use serde_json::json;
use std::{process::ExitCode, time::Duration};

/// Replaces the member's key on every ledger of the node that knows it, then in the folder. Run
/// again after an interruption, it goes on with the same next key.
pub(super) async fn run(args: &MemberRotateArgs, format: Format) -> Result<ExitCode> {
    let folder = ConsortiumFolder::new(&args.target.place.dir);
    let member = &args.member;
    let mut rotation = KeyRotation::begin(&folder, member).map_err(|error| failure(&error))?;
    let client = Remote::node(&args.target)?;
    if rotation.certificate.is_none() {
        if folder
            .certificate_file(&member.organisation(), AUTHORITY)
            .exists()
        {
            rotation
                .certify(&folder, member, now_ms())
                .map_err(|error| failure(&error))?;
        } else {
            let chain = by_node(&client, member, &rotation.now, &rotation.key).await?;
            rotation.certified(chain).map_err(|error| failure(&error))?;
        }
    }
    let next = Identity {
        certificate: rotation.certificate.clone().unwrap_or_default(),
        key: rotation.key.clone(),
    };
    let wait = Duration::from_secs(args.signing.wait_s);
    let (old, new) = (rotation.now.key.public_key(), next.key.public_key());
    let mut told = Vec::new();
    for ledger in client.ledgers().await.map_err(client_failure)? {
        let there = Remote::of(client.clone(), &ledger)?;
        let question = json!({ "member": { "id": member } });
        let known = there.query(super::CONTRACT, &question).await?;
        let known = known["key"].as_str().unwrap_or_default().to_owned();
        if known == new.to_string() {
            told.push(ledger.name);
        } else if known == old.to_string() {
            let signer = Signer::new(member.clone(), rotation.now.key.clone());
            let message = registration("renew", there.ledger, &next);
            there.submit_ok(&signer, &contract(), message, wait).await?;
            told.push(ledger.name);
        } else if !known.is_empty() {
            let what = format!("ledger {} knows another key of {member}", ledger.name);
            return Err(Failure::new("member.key_mismatch", what).next(format!(
                "an admin renews it: blockworm member renew {member} --as ADMIN"
            )));
        }
    }
    if told.is_empty() {
        let what = format!("no ledger of this node knows {member}");
        return Err(Failure::new("member.unknown", what).next("name a node with --node or --api"));
    }
    rotation.finish().map_err(|error| failure(&error))?;
    let value = json!({ "member": member, "key": new, "before": old, "ledgers": told });
    let text = format!("{member} signs with {new} on {}", told.join(", "));
    format.print(&value, text)?;
    Ok(ExitCode::SUCCESS)
}

/// Has the organisation's node certify a key, on the word of the key certified now.
pub(super) async fn by_node(
    client: &Client,
    member: &MemberId,
    now: &Identity,
    next: &SecretKey,
) -> Result<Vec<u8>> {
    let organisation = member.organisation();
    let request = CertificateRequest::create(organisation.as_str(), member.name(), &[], next)
        .map_err(|error| Failure::of(error.code(), &error))?;
    let asked = RenewalRequest::sign(&now.certificate, &request, &now.key, now_ms())
        .map_err(|error| Failure::of("key.unusable", &error))?;
    let certified = client.renew(&asked).await.map_err(client_failure)?;
    let unexpected = || {
        let what = "the node certified another key, or by another root".to_owned();
        Failure::new("enrolment.unexpected", what)
            .next("ask the organisation's admin whether this is its node")
    };
    let decode = |text: &str| BASE64_STANDARD.decode(text).unwrap_or_default();
    let (chain, root) = (decode(&certified.certificate), decode(&certified.root));
    let described = describe(&chain).map_err(|_| unexpected())?;
    if described.public_key != next.public_key() || verify_chain(&chain, &root, now_ms()).is_err() {
        return Err(unexpected());
    }
    Ok(chain)
}
