//! An admin who is presented to the consortium: what its machine writes and what the others propose.

use crate::{
    cli::MemberPresentArgs,
    failure::{Failure, Result},
    output::Format,
    remote::folder_failure,
};
use blockworm_crypto::{Namespace, Signature, sha256};
use blockworm_execution::Action;
use blockworm_ledger::{LedgerId, OrganisationId, json_bytes::base64_text};
use blockworm_service::{identity, network::ConsortiumFolder};
use serde::{Deserialize, Serialize};
use std::{fs, path::Path, process::ExitCode};

/// A certificate with the proof that its key is held, for one ledger.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Presented {
    ledger: LedgerId,
    organisation: OrganisationId,
    /// The chain, DER.
    #[serde(with = "base64_text")]
    certificate: Vec<u8>,
    possession: Signature,
}

/// Writes the file.
pub(super) fn run(args: &MemberPresentArgs, format: Format) -> Result<ExitCode> {
    let folder = ConsortiumFolder::new(&args.place.dir);
    let refused = |error| folder_failure(&folder, &error);
    let record = folder.record().map_err(refused)?;
    let named = |wanted: &String| {
        let mut ledgers = record.ledgers.iter();
        ledgers.find(|ledger| ledger.name == *wanted || ledger.id == *wanted)
    };
    let ledger = match &args.ledger {
        None => record.first_ledger().map_err(refused)?,
        Some(wanted) => named(wanted).ok_or_else(|| {
            let what = format!("the folder keeps no ledger `{wanted}`");
            Failure::new("ledger.not_found", what).next("blockworm status")
        })?,
    };
    let ledger: LedgerId = ledger
        .id
        .parse()
        .map_err(|_| Failure::new("folder.damaged", "a ledger's id in consortium.json is none"))?;
    let held = identity::load(&folder, &args.member).map_err(|error| {
        Failure::of("key.unusable", &error).during(format!("the key of {}", args.member))
    })?;
    let namespace = Namespace::new(&ledger.to_string(), "register");
    let presented = Presented {
        ledger,
        organisation: args.member.organisation(),
        possession: held.key.sign(&namespace, &sha256(&[&held.certificate])),
        certificate: held.certificate,
    };
    let text = serde_json::to_string_pretty(&presented)
        .map_err(|error| Failure::of("output.json", &error))?;
    let out = args.out.display();
    fs::write(&args.out, text + "\n").map_err(|error| {
        Failure::of("file.unwritable", &error).during(format!("cannot write {out}"))
    })?;
    let shown = format!(
        "written  {out}: public; send it to an admin of another organisation\nnext     there: blockworm proposal make admin {out} --as ORG/admin"
    );
    format.print(&presented, shown)?;
    Ok(ExitCode::SUCCESS)
}

/// The change that such a file asks for.
pub fn presented(file: &Path) -> Result<Action> {
    let unreadable = |failure: Failure| {
        failure
            .during(file.display())
            .next("the file comes from blockworm member present, on the admin's own machine")
    };
    let text = fs::read_to_string(file)
        .map_err(|error| unreadable(Failure::of("file.unreadable", &error)))?;
    let presented: Presented = serde_json::from_str(&text)
        .map_err(|error| unreadable(Failure::of("member.not_presented", &error)))?;
    Ok(Action::RegisterAdmin {
        organisation: presented.organisation,
        certificate: presented.certificate,
        possession: presented.possession,
    })
}
