//! `blockworm consortium`: several organisations found a ledger, each on its own machine.

use crate::{
    builtins,
    cli::{ConsortiumCommand, DraftArgs, DraftSignArgs, FoundArgs},
    failure::{Failure, Result},
    output::{Format, table, utc},
};
use blockworm_ledger::{Genesis, genesis::GenesisContract};
use blockworm_service::{
    consortium::{
        ConsortiumError, Own,
        founding::{DraftFile, DraftPlan, FounderFile, SignatureFile},
        local_parameters, read_file, write_file,
    },
    network::ConsortiumFolder,
};
use serde_json::json;
use std::{collections::BTreeMap, path::PathBuf, process::ExitCode};

/// Runs one of the verbs.
pub fn run(command: &ConsortiumCommand, format: Format) -> Result<ExitCode> {
    match command {
        ConsortiumCommand::Draft(args) => draft(args, format),
        ConsortiumCommand::Sign(args) => sign(args, format),
        ConsortiumCommand::Found(args) => found(args, format),
    }
}

/// What a refusal of the service means for the user.
pub fn refused(error: ConsortiumError) -> Failure {
    Failure::of(error.code(), &error).next(error.next())
}

fn draft(args: &DraftArgs, format: Format) -> Result<ExitCode> {
    let files = args
        .founders
        .iter()
        .map(|path| read_file::<FounderFile>(path, "a founder's file"))
        .collect::<std::result::Result<Vec<_>, _>>()
        .map_err(refused)?;
    let mut roles: BTreeMap<_, Vec<String>> = BTreeMap::new();
    for (organisation, role) in &args.roles {
        let granted = roles.entry(organisation.clone()).or_default();
        granted.push(role.clone());
    }
    let contracts = match &args.contracts {
        Some(path) => {
            read_file::<Vec<GenesisContract>>(path, "a list of contracts").map_err(refused)?
        }
        None => usual_contracts(&args.ledger, files.len()),
    };
    let plan = DraftPlan {
        name: args.ledger.clone(),
        time_ms: args.time_ms,
        roles,
        parameters: local_parameters(),
        contracts,
    };
    let draft = DraftFile::make(&plan, files).map_err(refused)?;
    write_file(&args.out, &draft).map_err(refused)?;
    let digest = draft.genesis.digest();
    let text = format!(
        "{}\n\nwritten  {}\nnext     each founder compares the digest with the others' and signs:\n         blockworm consortium sign {} --dir FOLDER -o SLUG.signature.json",
        summary(&draft),
        args.out.display(),
        args.out.display()
    );
    let value = json!({
        "ledger": draft.genesis.ledger_id(), "genesis_digest": digest, "draft": args.out,
    });
    format.print(&value, text)?;
    Ok(ExitCode::SUCCESS)
}

fn usual_contracts(ledger: &str, nodes: usize) -> Vec<GenesisContract> {
    let mut plans = builtins::local_ledgers(nodes).into_iter();
    let usual = plans.find(|plan| plan.name == ledger);
    usual.map(|plan| plan.contracts).unwrap_or_default()
}

/// What is about to be signed, for people.
fn summary(draft: &DraftFile) -> String {
    let genesis = &draft.genesis;
    let rows: Vec<[String; 4]> = draft
        .founders
        .iter()
        .map(|file| {
            let part = &file.founder;
            let roles = genesis
                .organisation(&part.organisation)
                .map(|one| one.roles.join(" "))
                .unwrap_or_default();
            [
                part.organisation.to_string(),
                part.name.clone(),
                roles,
                part.address.clone(),
            ]
        })
        .collect();
    format!(
        "ledger   {} ({})\ndigest   {}\nbegins   {} UTC\ncontracts  {}\n\n{}",
        genesis.name,
        genesis.ledger_id(),
        genesis.digest(),
        utc(genesis.time_ms),
        contracts(genesis),
        table(["ORGANISATION", "NAME", "ROLES", "NODE"], &rows)
    )
}

fn contracts(genesis: &Genesis) -> String {
    let all: Vec<String> = genesis
        .contracts
        .iter()
        .map(|contract| format!("{} ({})", contract.name, contract.code))
        .collect();
    match all.is_empty() {
        true => "none besides the system's".to_owned(),
        false => all.join(", "),
    }
}

fn sign(args: &DraftSignArgs, format: Format) -> Result<ExitCode> {
    let draft: DraftFile = read_file(&args.draft, "a draft").map_err(refused)?;
    let folder = ConsortiumFolder::new(&args.place.dir);
    let own = Own::open(&folder, args.organisation.as_ref()).map_err(refused)?;
    let signature = draft.sign(&own).map_err(refused)?;
    write_file(&args.out, &signature).map_err(refused)?;
    let text = format!(
        "{}\n\nsigned   by {}\nwritten  {}\nnext     with every founder's signature: blockworm consortium found {} --signature FILE … --dir {}",
        summary(&draft),
        signature.member,
        args.out.display(),
        args.draft.display(),
        folder.root().display()
    );
    let value = json!({
        "organisation": signature.organisation, "member": signature.member,
        "genesis_digest": signature.genesis, "signature": args.out,
    });
    format.print(&value, text)?;
    Ok(ExitCode::SUCCESS)
}

fn found(args: &FoundArgs, format: Format) -> Result<ExitCode> {
    let draft: DraftFile = read_file(&args.draft, "a draft").map_err(refused)?;
    let read = |path: &PathBuf| read_file::<SignatureFile>(path, "a founder's signature");
    let signatures = args.signatures.iter().map(read);
    let signatures = signatures
        .collect::<std::result::Result<Vec<_>, _>>()
        .map_err(refused)?;
    let folder = ConsortiumFolder::new(&args.place.dir);
    let mut own = Own::open(&folder, args.organisation.as_ref()).map_err(refused)?;
    draft.found(&mut own, &signatures).map_err(refused)?;
    let genesis = folder.genesis_file(&draft.genesis.name);
    let dir = folder.root().display();
    let text = format!(
        "{}\n\nsigned by all {} founders; written  {}\nnext     blockworm node start {} --dir {dir}",
        summary(&draft),
        draft.founders.len(),
        genesis.display(),
        own.organisation
    );
    let value = json!({
        "ledger": draft.genesis.ledger_id(), "genesis_digest": draft.genesis.digest(),
        "organisation": own.organisation, "genesis_file": genesis,
        "node_file": folder.node_file(&own.organisation),
    });
    format.print(&value, text)?;
    Ok(ExitCode::SUCCESS)
}
