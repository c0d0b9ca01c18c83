//! `blockworm hsm`: keys on a token, and the members and authorities that sign with them.

use super::{
    member::{contract, registration_message},
    tx::print_receipt,
};
use crate::{
    cli::{HsmAuthorityArgs, HsmCommand, HsmGenerateArgs, HsmMemberArgs, HsmPlace},
    failure::{Failure, Result},
    output::{Format, table},
    remote::Remote,
    signer::{Signer, now_ms},
};
use blockworm_crypto::{Namespace, Signing as _, sha256};
use blockworm_ledger::{LedgerId, MemberId, OrganisationId};
use blockworm_service::{
    hsm::{self, HsmError, HsmKey, HsmSettings, TokenKey},
    identity::{self, Authority, Enrolled, IdentityError, IssuedLog, Passphrase, is_reserved},
    network::ConsortiumFolder,
};
use serde_json::{Value, json};
use std::{fs, process::ExitCode, time::Duration};

/// Runs one of the verbs.
pub async fn run(command: &HsmCommand, format: Format) -> Result<ExitCode> {
    match command {
        HsmCommand::Status(of) => status(of, format)?,
        HsmCommand::Keys(of) => keys(of, format)?,
        HsmCommand::Generate(args) => generate(args, format)?,
        HsmCommand::Authority(args) => authority(args, format)?,
        HsmCommand::Member(args) => register(args, format).await?,
        HsmCommand::Renew(args) => renew(args, format).await?,
    }
    Ok(ExitCode::SUCCESS)
}

fn status(of: &HsmPlace, format: Format) -> Result<()> {
    let settings = settings(of)?;
    let status = hsm::status(&settings).map_err(failure)?;
    let yes = |can: bool| if can { "yes" } else { "no" };
    let text = format!(
        "module        {} ({})\ntoken         {}, serial {}, {} {}\nP-256         {}\nEd25519       {}\nlogged in     yes",
        settings.module.display(),
        status.library,
        status.token,
        status.serial,
        status.manufacturer,
        status.model,
        yes(status.p256),
        yes(status.ed25519),
    );
    let value = json!({
        "module": settings.module,
        "library": status.library,
        "token": status.token,
        "manufacturer": status.manufacturer,
        "model": status.model,
        "serial": status.serial,
        "p256": status.p256,
        "ed25519": status.ed25519,
    });
    format.print(&value, text)
}

fn keys(of: &HsmPlace, format: Format) -> Result<()> {
    let keys = hsm::keys(&settings(of)?).map_err(failure)?;
    let used = references(&folder(of), &of.org)?;
    let used_as = |key: &TokenKey| -> Vec<&str> {
        let same = used.iter().filter(|(_, id)| *id == key.id);
        same.map(|(name, _)| name.as_str()).collect()
    };
    let public = |key: &TokenKey| key.public_key.map(|key| key.to_string());
    let values: Vec<Value> = keys
        .iter()
        .map(|key| {
            json!({
                "label": key.label,
                "id": key.id,
                "public_key": public(key),
                "used_as": used_as(key),
            })
        })
        .collect();
    let rows: Vec<[String; 4]> = keys
        .iter()
        .map(|key| {
            let other = || "of another algorithm".to_owned();
            let used = used_as(key).join(", ");
            [
                key.label.clone(),
                key.id.clone(),
                used,
                public(key).unwrap_or_else(other),
            ]
        })
        .collect();
    let text = table(["LABEL", "ID", "USED AS", "PUBLIC KEY"], &rows);
    format.print(&json!({ "keys": values }), text)
}

/// Names and ids of the references in an organisation's folder.
fn references(
    folder: &ConsortiumFolder,
    organisation: &OrganisationId,
) -> Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    let entries = fs::read_dir(folder.keys(organisation));
    let entries = entries.map_err(|error| Failure::of("hsm.folder", &error))?;
    for entry in entries.filter_map(std::result::Result::ok) {
        let file = entry.file_name();
        let Some(name) = file
            .to_str()
            .and_then(|file| file.strip_suffix(".hsm.toml"))
        else {
            continue;
        };
        let read = hsm::KeyReference::read(folder, organisation, name).map_err(failure)?;
        found.extend(read.map(|reference| (name.to_owned(), reference.id)));
    }
    Ok(found)
}

fn generate(args: &HsmGenerateArgs, format: Format) -> Result<()> {
    let folder = folder(&args.of);
    check_name(&args.of.org, &args.name)?;
    let key = hsm::generate(&folder, &args.of.org, &args.name, args.algorithm).map_err(failure)?;
    let public = key.public_key();
    let file = hsm::reference_file(&folder, &args.of.org, &args.name);
    let text = format!("{public}\nis on the token; {} refers to it", file.display());
    format.print(&json!({ "public_key": public, "reference": file }), text)
}

fn authority(args: &HsmAuthorityArgs, format: Format) -> Result<()> {
    let (folder, organisation) = (folder(&args.of), &args.of.org);
    let _lock = folder
        .lock()
        .map_err(|error| crate::remote::folder_failure(&folder, &error))?;
    let now_ms = now_ms();
    if args.back_to_file {
        let mut authority = Authority::load(&folder, organisation).map_err(not_certified)?;
        Passphrase::read(&folder.passphrase_file(organisation))
            .and_then(|passphrase| authority.rotate_into_file(&folder, &passphrase, now_ms))
    } else {
        hsm::move_issuing(&folder, organisation, args.algorithm, now_ms).map(drop)
    }
    .map_err(not_certified)?;
    let file = folder.certificate_file(organisation, identity::ISSUING);
    let whither = match args.back_to_file {
        true => "by a key in a file",
        false => "on the token",
    };
    let text = format!(
        "the issuing authority of {organisation} signs {whither} from now on\n{} is its chain; certificates of the one before go on counting",
        file.display()
    );
    format.print(
        &json!({ "organisation": organisation, "certificate": file }),
        text,
    )
}

async fn register(args: &HsmMemberArgs, format: Format) -> Result<()> {
    let folder = ConsortiumFolder::new(&args.target.place.dir);
    let (organisation, name) = (args.member.organisation(), args.member.name());
    check_name(&organisation, name)?;
    let there = hsm::open(&folder, &organisation, name).map_err(failure)?;
    let made = there.is_none();
    let authority = Authority::load(&folder, &organisation).map_err(not_certified)?;
    let admin = admin(&folder, args)?;
    let remote = Remote::connect(&args.target).await?;
    let key = match there {
        Some(key) => key,
        None => hsm::generate(&folder, &organisation, name, args.algorithm).map_err(failure)?,
    };
    let submitted = async {
        let chain = authority
            .issue(name, &args.functions, &key.public_key(), now_ms())
            .map_err(not_certified)?;
        IssuedLog::of(&folder, &organisation)
            .record(&chain, Enrolled::Registered, None)
            .map_err(|error| not_certified(error.into()))?;
        let path = folder.certificate_file(&organisation, name);
        identity::write_certificate(&path, &chain).map_err(not_certified)?;
        let message = registration("register", remote.ledger, &chain, &key)?;
        let wait = Duration::from_secs(args.signing.wait_s);
        remote.submit_ok(&admin, &contract(), message, wait).await
    };
    let submitted = submitted.await;
    if let Err(refused) = &submitted
        && refused.code != "transaction.pending"
    {
        // A key that was there before stays; what this command made goes.
        let _ = fs::remove_file(folder.certificate_file(&organisation, name));
        if made {
            hsm::destroy(&folder, &organisation, name).map_err(failure)?;
        }
    }
    print_receipt(&submitted?, format)
}

async fn renew(args: &HsmMemberArgs, format: Format) -> Result<()> {
    let folder = ConsortiumFolder::new(&args.target.place.dir);
    let (organisation, name) = (args.member.organisation(), args.member.name());
    let key = hsm::open(&folder, &organisation, name).map_err(failure)?;
    let key = key.ok_or_else(|| {
        let what = format!(
            "no key of {} on a token is known in the folder",
            args.member
        );
        Failure::new("hsm.key_absent", what).next("blockworm hsm keys")
    })?;
    let path = folder.certificate_file(&organisation, name);
    let before = identity::read_certificate(&path).map_err(not_certified)?;
    let functions = match args.functions.is_empty() {
        true => {
            identity::read_member(&before)
                .map_err(not_certified)?
                .functions
        }
        false => args.functions.clone(),
    };
    let chain = Authority::load(&folder, &organisation)
        .and_then(|authority| authority.issue(name, &functions, &key.public_key(), now_ms()))
        .map_err(not_certified)?;
    IssuedLog::of(&folder, &organisation)
        .record(&chain, Enrolled::Renewed, None)
        .map_err(|error| not_certified(error.into()))?;
    let admin = admin(&folder, args)?;
    let remote = Remote::connect(&args.target).await?;
    let message = registration("renew", remote.ledger, &chain, &key)?;
    let wait = Duration::from_secs(args.signing.wait_s);
    let receipt = remote.submit_ok(&admin, &contract(), message, wait).await?;
    identity::write_certificate(&path, &chain).map_err(not_certified)?;
    print_receipt(&receipt, format)
}

/// The message that registers or renews: the chain, and the key's own signature over it.
fn registration(verb: &str, ledger: LedgerId, chain: &[u8], key: &HsmKey) -> Result<Vec<u8>> {
    let namespace = Namespace::new(&ledger.to_string(), "register");
    let possession = key
        .try_sign(&namespace, &sha256(&[chain]))
        .map_err(failure)?;
    Ok(registration_message(verb, chain, &possession))
}

fn admin(folder: &ConsortiumFolder, args: &HsmMemberArgs) -> Result<Signer> {
    let usual = || MemberId::new(&args.member.organisation(), "admin");
    let admin =
        args.admin.clone().map_or_else(usual, Ok).map_err(|error| {
            Failure::of("member.bad_name", &error).next("name the admin with --as")
        })?;
    Signer::open(folder, &admin, &args.signing)
}

fn check_name(organisation: &OrganisationId, name: &str) -> Result<()> {
    let bad = |what: String| Failure::new("member.bad_name", what).next("choose another name");
    if is_reserved(name) {
        return Err(bad(format!(
            "`{name}` is the name of a key that is no member's"
        )));
    }
    MemberId::new(organisation, name)
        .map(drop)
        .map_err(|error| bad(error.to_string()))
}

fn folder(of: &HsmPlace) -> ConsortiumFolder {
    ConsortiumFolder::new(&of.place.dir)
}

fn settings(of: &HsmPlace) -> Result<HsmSettings> {
    HsmSettings::read(&folder(of), &of.org).map_err(failure)
}

#[expect(clippy::needless_pass_by_value, reason = "the shape of map_err")]
fn failure(error: HsmError) -> Failure {
    Failure::of(error.code(), &error).next(error.next())
}

fn not_certified(error: IdentityError) -> Failure {
    match error {
        IdentityError::Hsm(error) => failure(error),
        other => Failure::of("member.not_certified", &other).next("blockworm doctor"),
    }
}
