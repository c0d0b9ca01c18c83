//! Folders that a founding writes.

#![allow(clippy::unwrap_used)]
use super::*;
use crate::{
    consortium::{RIVAL, SUPPLIER},
    identity::check_private,
    network::config::Overrides,
};
use blockworm_crypto::identity::verify_profile_chain;

fn plan(nodes: usize) -> LocalPlan {
    LocalPlan {
        nodes,
        now_ms: 1_790_000_000_000,
        parameters: consortium::local_parameters(),
        ledgers: consortium::local_ledgers(Vec::new(), Vec::new()),
        lifetimes: crate::identity::Lifetimes::default(),
    }
}

#[test]
fn five_organisations_found_two_ledgers_and_the_rival_keeps_one() {
    let dir = tempfile::tempdir().unwrap();
    let folder = ConsortiumFolder::new(dir.path().join("new"));
    let made = create(&folder, &plan(5)).unwrap();
    assert!(folder.exists().unwrap());
    assert_eq!(folder.record().unwrap(), made.record);
    let [trade, registry] = made.genesis.as_slice() else {
        panic!("two ledgers");
    };
    assert_eq!(folder.genesis("trade").unwrap(), *trade);
    assert_eq!(folder.genesis("registry").unwrap(), *registry);
    assert_eq!((trade.validators.len(), registry.validators.len()), (4, 5));
    assert!(
        trade
            .organisations
            .iter()
            .all(|one| one.id.as_str() != RIVAL)
    );
    let known = |genesis: &Genesis, name: &str| {
        let mut members = genesis.organisations.iter().flat_map(|one| &one.members);
        members.any(|member| member.id.name() == name)
    };
    assert!(!known(trade, SUPPLIER) && !known(registry, SUPPLIER));
    assert!(known(trade, "maker-2") && !known(registry, "maker-2"));
    for node in &made.record.nodes {
        let path = folder.node_file(&node.organisation);
        let file = NodeConfigFile::read(&path, Overrides::default()).unwrap();
        let config = file.load().unwrap();
        assert_eq!(config.peers.len(), 4);
        let holders: Vec<_> = file.key_holders.iter().map(|one| one.plan(&file)).collect();
        let holds = consortium::KEY_HOLDERS.contains(&node.organisation.as_str());
        assert_eq!(holders.len(), usize::from(holds));
        for plan in holders {
            assert_eq!(plan.organisation, node.organisation);
            assert_eq!(plan.keys.read_all().unwrap().len(), 1);
            assert_eq!(plan.ledger, registry.ledger_id());
        }
        let rival = node.organisation.as_str() == RIVAL;
        assert_eq!(config.ledgers.len(), if rival { 1 } else { 2 });
        let key = config.consensus_key.public_key();
        let mut voting = registry.validators.iter();
        assert!(voting.any(|validator| validator.key == key));
    }
}

#[test]
fn one_node_serves_members_of_all_organisations() {
    let dir = tempfile::tempdir().unwrap();
    let folder = ConsortiumFolder::new(dir.path());
    let made = create(&folder, &plan(1)).unwrap();
    assert_eq!(made.record.nodes.len(), 1);
    let path = folder.node_file(&"platform".parse().unwrap());
    let file = NodeConfigFile::read(&path, Overrides::default()).unwrap();
    let plans = file.key_holders.iter().map(|one| one.plan(&file));
    let plans: Vec<_> = plans.collect();
    assert_eq!(plans.len(), consortium::KEY_HOLDERS.len());
    for plan in plans {
        assert_eq!(plan.keys.read_all().unwrap().len(), 1, "{plan:?}");
    }
    assert_eq!(made.record.organisations.len(), 5);
    for member in made.members.keys() {
        let loaded = identity::load(&folder, member).unwrap();
        assert_eq!(
            loaded.key.public_key(),
            made.members[member].key.public_key()
        );
        let organisation = member.organisation();
        check_private(&folder.key_file(&organisation, member.name())).unwrap();
        check_private(&folder.passphrase_file(&organisation)).unwrap();
    }
}

#[test]
fn nodes_cosign_notaries_stamp_times_and_courts_sign_documents_each_with_a_key_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let folder = ConsortiumFolder::new(dir.path());
    let made = create(&folder, &plan(4)).unwrap();
    let mut keys = std::collections::BTreeSet::new();
    for (organisation, names) in [
        ("platform", &["cosigner"][..]),
        ("bank", &["cosigner"]),
        ("notary", &["cosigner", "documents", "timestamping"]),
        ("court", &["cosigner", "documents"]),
        (RIVAL, &[]),
    ] {
        let organisation: OrganisationId = organisation.parse().unwrap();
        let root = identity::read_certificate(&folder.certificate_file(&organisation, "ca"));
        for which in OrganisationKey::ALL {
            let opened = identity::open_key(&folder, &organisation, which.name());
            if !names.contains(&which.name()) {
                assert!(opened.is_err(), "{organisation} has no {which:?}");
                continue;
            }
            let (key, chain) = opened.unwrap();
            let read = verify_profile_chain(
                &chain,
                root.as_ref().unwrap(),
                which.profile(),
                1_790_000_000_000,
            );
            assert_eq!(read.unwrap().public_key, key.public_key());
            assert!(keys.insert(key.public_key()));
        }
        let log = IssuedLog::of(&folder, &organisation).issued().unwrap();
        for name in names {
            let subject = format!("{organisation}/{name}");
            assert!(log.iter().any(|one| one.subject == subject), "{subject}");
        }
    }
    let voting = made.genesis.iter().flat_map(|genesis| &genesis.validators);
    assert!(voting.into_iter().all(|node| !keys.contains(&node.key)));
}

#[test]
fn other_numbers_of_nodes_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    for nodes in [0, 2, 3, 6] {
        let made = create(&ConsortiumFolder::new(dir.path()), &plan(nodes));
        assert!(matches!(made, Err(CreateError::NodeCount { .. })));
    }
}

#[test]
fn an_interrupted_founding_is_begun_again() {
    let dir = tempfile::tempdir().unwrap();
    let folder = ConsortiumFolder::new(dir.path());
    create(&folder, &plan(1)).unwrap();
    fs::remove_file(folder.format_file()).unwrap();
    fs::write(dir.path().join(UNFINISHED), "").unwrap();
    assert!(!folder.exists().unwrap());
    create(&folder, &plan(1)).unwrap();
    assert!(folder.exists().unwrap());
}
