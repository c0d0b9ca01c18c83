//! Every check of a package, in the order of docs/formats/evidence-package.md.

mod certificates;
mod checkpoints;
mod deeds;
mod documents;
mod entries;
mod officials;
mod operators;
mod pdf;
mod people;
mod state;
mod time;

use crate::{
    Package, PackageReport, Pins,
    bag::{self, Bag},
    files::Files,
    index::Index,
    report::EarliestTime,
};
use blockworm_ledger::{Genesis, report::Checks};
use checkpoints::Checkpoints;
use deeds::Proofs;
use state::State;

/// What the report format is called.
const REPORT_FORMAT: &str = "blockworm-verification/1";

/// The files of a package and what is known of them so far.
struct Case<'a> {
    files: &'a Files<'a>,
    bag: &'a Bag,
    index: &'a Index,
    pins: &'a Pins,
    state: State,
    proofs: Proofs,
    checkpoints: Checkpoints,
    /// Lists of revocations, DER; those of timestamp authorities first.
    lists: Vec<Vec<u8>>,
    /// Certificates of timestamp authorities beside their tokens, DER.
    tsa_certificates: Vec<Vec<u8>>,
}

pub(crate) fn run(package: &Package<'_>, pins: &Pins) -> PackageReport {
    let mut checks = Checks::default();
    let mut index = None;
    let mut earliest = None;
    if let Some(files) = Files::open(package, &mut checks) {
        let bag = bag::check(&files, &mut checks);
        let parsed = files
            .read("data/matter.json")
            .and_then(|text| Index::parse(&text))
            .and_then(|index| check_names(&files, &bag, index));
        match parsed {
            Err(reason) => checks.note("package.format", Err(reason)),
            Ok(parsed) => {
                checks.note("package.format", Ok(format!("matter {}", parsed.matter)));
                earliest = check_case(&files, &bag, &parsed, pins, &mut checks);
                index = Some(parsed);
            }
        }
    }
    let (outcome, checks, _) = checks.conclude();
    PackageReport {
        format: REPORT_FORMAT,
        outcome,
        matter: index.as_ref().map(|index| index.matter.clone()),
        ledger: index.as_ref().map(|index| index.ledger.to_string()),
        genesis_digest: index.as_ref().map(|index| index.genesis_digest.to_string()),
        earliest_outside_time: earliest,
        checks,
    }
}

/// The bag, its folder and the index name the same matter, ledger and exporter.
fn check_names(files: &Files<'_>, bag: &Bag, index: Index) -> Result<Index, String> {
    if files.top != index.matter {
        return Err(format!(
            "the top folder is {}, the matter {}",
            files.top, index.matter
        ));
    }
    let identifier = format!("{}/{}", index.ledger, index.matter);
    let said = bag.info.get("External-Identifier");
    if said.is_some_and(|said| *said != identifier) {
        return Err(format!("bag-info.txt is not of {identifier}"));
    }
    for (folder, most) in [("data/certificates/", 512), ("data/revocation/", 64)] {
        let count = files
            .paths()
            .filter(|path| path.starts_with(folder))
            .count();
        if count > most {
            return Err(format!("{folder} has {count} files, more than {most}"));
        }
    }
    let named = format!("({})", index.exported_by);
    let said = bag.info.get("Source-Organization");
    if said.is_some_and(|said| *said != index.exported_by && !said.ends_with(&named)) {
        return Err(format!("bag-info.txt is not by {}", index.exported_by));
    }
    Ok(index)
}

/// The package's genesis for the proofs that do not hold their own.
fn given(genesis: &Option<Result<Genesis, String>>) -> Option<&Genesis> {
    genesis.as_ref().and_then(|genesis| genesis.as_ref().ok())
}

fn check_case(
    files: &Files<'_>,
    bag: &Bag,
    index: &Index,
    pins: &Pins,
    checks: &mut Checks,
) -> Option<EarliestTime> {
    let genesis = state::read_genesis(files);
    let proofs = Proofs::read(files, index, pins, given(&genesis));
    let state = State::read(files, index, pins, genesis, checks);
    state::check_genesis(index, &state, &proofs, pins, checks);
    let case = Case {
        files,
        bag,
        index,
        pins,
        state,
        proofs,
        checkpoints: Checkpoints::read(files, index),
        lists: time::lists(files),
        tsa_certificates: time::tsa_certificates(files),
    };
    case.check_people(checks);
    case.check_certificates(checks);
    case.check_entries(checks);
    case.check_officials(checks);
    case.check_complete(checks);
    case.check_checkpoints(checks);
    let earliest = case.check_times(checks);
    case.check_seal(checks);
    case.check_report(checks);
    case.check_operators(checks);
    case.check_asset(checks);
    case.check_checklist(checks);
    earliest
}
