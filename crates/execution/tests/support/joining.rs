//! An organisation that is invited to the test consortium: its authorities, keys, invitation and acceptance.

use super::{Chain, key_of, validity, vote};
use blockworm_crypto::{
    Algorithm, SecretKey,
    identity::{CertificateAuthority, MemberSubject, Order, Profile},
};
use blockworm_execution::{
    Action,
    invitation::{
        Acceptance, Invitation, InvitedLedger, SignedAcceptance, SignedInvitation,
        acceptance_namespace, invitation_namespace,
    },
};
use blockworm_ledger::Receipt;
use serde_json::{Value, json};

/// How long a proposal of the tests is open.
pub const DAY: u64 = 86_400_000;

/// The organisation that is invited.
pub struct Joining {
    pub slug: String,
    pub root: CertificateAuthority,
    pub admin: SecretKey,
    pub node: SecretKey,
}

impl Joining {
    pub fn new(slug: &str) -> Self {
        Self {
            slug: slug.to_owned(),
            root: CertificateAuthority::create(slug, "Root", Algorithm::Ed25519, validity())
                .unwrap(),
            admin: key_of(&format!("{slug}/admin")),
            node: key_of(&format!("{slug} node")),
        }
    }

    /// What an admin of the consortium sends it.
    pub fn invitation(&self, chain: &Chain, inviter: &str, id: u8) -> Invitation {
        let genesis = &chain.founded.genesis;
        Invitation {
            id: [id; 16],
            inviter: inviter.parse().unwrap(),
            organisation: self.slug.parse().unwrap(),
            name: "A Fifth".to_owned(),
            roles: vec!["insurer".to_owned()],
            ledgers: vec![InvitedLedger {
                name: "trade".to_owned(),
                id: genesis.ledger_id(),
                genesis: genesis.digest(),
                nodes: Vec::new(),
            }],
            expires_at_ms: chain.time_ms() + 7 * DAY,
        }
    }

    /// What it answers, with a chain from its issuing authority.
    pub fn acceptance(&self, invitation: &Invitation) -> Acceptance {
        self.acceptance_of(invitation, &["admin"])
    }

    pub fn acceptance_of(&self, invitation: &Invitation, functions: &[&str]) -> Acceptance {
        let key = key_of(&format!("{} issuing", self.slug));
        let chain = self
            .root
            .issue_authority("Issuing", &key.public_key(), validity())
            .unwrap();
        let issuing = CertificateAuthority::open_issuing(chain, std::sync::Arc::new(key)).unwrap();
        let subject = MemberSubject {
            organisation: self.slug.clone(),
            name: "admin".to_owned(),
            functions: functions.iter().map(ToString::to_string).collect(),
        };
        let node = Order {
            profile: Profile::Node,
            name: "node",
            functions: &[],
            hosts: &[],
        };
        Acceptance {
            invitation: invitation.digest(),
            root: self.root.certificate().to_vec(),
            admin: issuing
                .issue(&subject, &self.admin.public_key(), validity())
                .unwrap(),
            node: issuing
                .issue_as(&node, &self.node.public_key(), validity())
                .unwrap(),
            address: "192.0.2.5:9000".to_owned(),
        }
    }

    /// Everything in order.
    pub fn admission(&self, chain: &Chain, inviter: &str, id: u8) -> Action {
        let invitation = self.invitation(chain, inviter, id);
        let acceptance = self.acceptance(&invitation);
        admit(
            signed(invitation, &key_of(inviter)),
            answered(acceptance, &self.admin),
        )
    }
}

pub fn signed(invitation: Invitation, key: &SecretKey) -> SignedInvitation {
    SignedInvitation {
        signature: key.sign(&invitation_namespace(), &invitation.digest()),
        invitation,
    }
}

pub fn answered(acceptance: Acceptance, key: &SecretKey) -> SignedAcceptance {
    SignedAcceptance {
        signature: key.sign(&acceptance_namespace(), &acceptance.digest()),
        acceptance,
    }
}

pub fn admit(invitation: SignedInvitation, acceptance: SignedAcceptance) -> Action {
    Action::AdmitOrganisation {
        invitation: Box::new(invitation),
        acceptance: Box::new(acceptance),
    }
}

pub fn propose(action: &Action) -> Value {
    json!({ "propose": { "action": action, "for_ms": DAY } })
}

/// Proposed by the first, voted for by the others; the receipt of the last vote.
pub fn decide(chain: &mut Chain, action: &Action, admins: &[&str]) -> Receipt {
    let receipt = chain.must(admins[0], "proposals", &propose(action));
    let proposed = receipt.events.iter().find(|event| event.kind == "proposed");
    let number = proposed.unwrap().subject.parse().unwrap();
    let mut last = receipt;
    for admin in &admins[1..] {
        last = chain.must(admin, "proposals", &vote(chain, number, true));
    }
    last
}

/// The usual three of four.
pub const THREE: [&str; 3] = ["bank/admin", "court/admin", "notary/admin"];
