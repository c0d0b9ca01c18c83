//! The rules of a genesis: order, uniqueness and bounds, so that no node starts on nonsense.

use crate::{
    anchor::check_validator_key,
    finality::MAX_VALIDATORS,
    genesis::{GENESIS_VERSION, Genesis, GenesisContract, Organisation, Parameters},
    names::{ContractName, MemberId, OrganisationId},
};
use blockworm_crypto::{
    PublicKey,
    identity::{IdentityError, parse_authority, verify_chain},
};
use std::ops::RangeInclusive;

/// Names of the system's own contracts, which no genesis contract may take.
pub const SYSTEM_CONTRACTS: [&str; 4] = ["organisations", "members", "contracts", "ledger"];

/// Most organisations, members of one organisation, roles of one organisation and contracts.
const MAX_ENTRIES: usize = 4096;
/// Most bytes of a certificate.
const MAX_CERTIFICATE_BYTES: usize = 16 << 10;
/// Most bytes of a contract's first message.
const MAX_INIT_BYTES: usize = 64 << 10;

/// Why a genesis cannot begin a ledger.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GenesisError {
    /// Another layout.
    #[error("genesis version {0} is not known here; this program reads version 1")]
    UnsupportedVersion(u16),
    /// A parameter outside its range.
    #[error("{name} is {found}; it must lie between {least} and {most}")]
    OutOfRange {
        /// Which.
        name: &'static str,
        /// Its value.
        found: u64,
        /// Least allowed.
        least: u64,
        /// Most allowed.
        most: u64,
    },
    /// The ledger's name is empty, longer than 64 bytes or holds control characters.
    #[error("the ledger's name must have 1 to 64 bytes and no control characters")]
    Name,
    /// A list that must be ordered and without repetition is not.
    #[error("{list} must be ordered and without repetition: see {at}")]
    NotOrdered {
        /// Which list.
        list: &'static str,
        /// The first entry out of place.
        at: String,
    },
    /// More entries than a genesis may have, or none where one is needed.
    #[error("{list} has {found} entries")]
    Count {
        /// Which list.
        list: &'static str,
        /// How many there are.
        found: usize,
    },
    /// A role that is not a slug.
    #[error("{organisation} has the malformed role {role:?}")]
    Role {
        /// Whose.
        organisation: OrganisationId,
        /// The role.
        role: String,
    },
    /// A certificate that is empty or larger than 16 KiB.
    #[error("the certificate of {0} is empty or larger than 16 KiB")]
    Certificate(String),
    /// A certificate that does not hold at the time of genesis.
    #[error("the certificate of {of} is refused: {source}")]
    Identity {
        /// Whose certificate.
        of: String,
        /// Why.
        source: IdentityError,
    },
    /// A certificate made out to somebody else.
    #[error("the certificate listed for {listed} is made out to {found}")]
    OtherSubject {
        /// Who is listed.
        listed: String,
        /// Who stands in the certificate.
        found: String,
    },
    /// A member listed under another organisation.
    #[error("{member} is listed under {organisation}")]
    StrayMember {
        /// The member.
        member: MemberId,
        /// Where it is listed.
        organisation: OrganisationId,
    },
    /// A validator of no founder.
    #[error("validator {key} belongs to {organisation}, which is no founder")]
    UnknownOrganisation {
        /// The validator's key.
        key: PublicKey,
        /// Its organisation.
        organisation: OrganisationId,
    },
    /// A validator key that is not a sound Ed25519 key.
    #[error("the validator key {key} is refused: {reason}")]
    ValidatorKey {
        /// The key.
        key: PublicKey,
        /// Why.
        reason: String,
    },
    /// A contract name that is taken, or a code or first message that is malformed.
    #[error("contract {name}: {reason}")]
    Contract {
        /// The contract.
        name: ContractName,
        /// What is wrong.
        reason: &'static str,
    },
}

impl GenesisError {
    /// The stable code of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnsupportedVersion(_) => "genesis.unsupported_version",
            Self::OutOfRange { .. } => "genesis.parameter_out_of_range",
            Self::Name => "genesis.name_malformed",
            Self::NotOrdered { .. } => "genesis.not_ordered",
            Self::Count { .. } => "genesis.count",
            Self::Role { .. } => "genesis.role_malformed",
            Self::Certificate(_) => "genesis.certificate_malformed",
            Self::Identity { .. } => "genesis.certificate_refused",
            Self::OtherSubject { .. } => "genesis.certificate_of_another",
            Self::StrayMember { .. } => "genesis.stray_member",
            Self::UnknownOrganisation { .. } => "genesis.unknown_organisation",
            Self::ValidatorKey { .. } => "genesis.validator_key",
            Self::Contract { .. } => "genesis.contract",
        }
    }
}

impl Genesis {
    /// Checks order, uniqueness and bounds. Pure; certificates are looked at by
    /// `check_certificates`.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn check(&self) -> Result<(), GenesisError> {
        if self.version != GENESIS_VERSION {
            return Err(GenesisError::UnsupportedVersion(self.version));
        }
        if !(1..=64).contains(&self.name.len()) || self.name.chars().any(char::is_control) {
            return Err(GenesisError::Name);
        }
        in_range(
            "protocol_version",
            u64::from(self.protocol_version),
            1..=u64::from(u32::MAX),
        )?;
        in_range("time_ms", self.time_ms, 1..=MAX_TIME_MS)?;
        self.parameters.check()?;
        self.check_organisations()?;
        self.check_validators()?;
        self.check_contracts()
    }

    /// Checks every certificate at the time of genesis: authorities, and members against the
    /// authority of their organisation.
    ///
    /// # Errors
    /// The first certificate that does not hold.
    pub fn check_certificates(&self) -> Result<(), GenesisError> {
        self.organisations
            .iter()
            .try_for_each(|organisation| organisation.check_certificates(self.time_ms))
    }

    fn check_organisations(&self) -> Result<(), GenesisError> {
        count("organisations", self.organisations.len(), 1)?;
        ordered(
            "organisations",
            self.organisations
                .iter()
                .map(|organisation| &organisation.id),
        )?;
        self.organisations.iter().try_for_each(Organisation::check)
    }

    fn check_validators(&self) -> Result<(), GenesisError> {
        if !(1..=MAX_VALIDATORS).contains(&self.validators.len()) {
            return Err(GenesisError::Count {
                list: "validators",
                found: self.validators.len(),
            });
        }
        ordered(
            "validators",
            self.validators.iter().map(|validator| &validator.key),
        )?;
        for validator in &self.validators {
            let key = validator.key;
            check_validator_key(&key)
                .map_err(|reason| GenesisError::ValidatorKey { key, reason })?;
            if self.organisation(&validator.organisation).is_none() {
                let organisation = validator.organisation.clone();
                return Err(GenesisError::UnknownOrganisation { key, organisation });
            }
        }
        Ok(())
    }

    fn check_contracts(&self) -> Result<(), GenesisError> {
        count("contracts", self.contracts.len(), 0)?;
        // Their order gives them their numbers, so only repetition is refused.
        let mut names: Vec<_> = self
            .contracts
            .iter()
            .map(|contract| &contract.name)
            .collect();
        names.sort_unstable();
        ordered("contract names", names.into_iter())?;
        self.contracts.iter().try_for_each(GenesisContract::check)
    }
}

/// The end of the year 9999, the last moment that RFC 3339 can write.
const MAX_TIME_MS: u64 = 253_402_300_799_999;

impl Parameters {
    /// Checks that every number lies in its range.
    ///
    /// # Errors
    /// `genesis.parameter_out_of_range`.
    pub fn check(&self) -> Result<(), GenesisError> {
        in_range("root_lag", self.root_lag, 1..=64)?;
        // An epoch of one block could hold nothing but the genesis.
        in_range("epoch_length", self.epoch_length, 2..=1 << 32)?;
        in_range("bucket_bits", u64::from(self.bucket_bits), 1..=24)?;
        in_range(
            "block_bytes",
            u64::from(self.block_bytes),
            1 << 10..=64 << 20,
        )?;
        in_range(
            "block_transactions",
            u64::from(self.block_transactions),
            1..=1 << 20,
        )?;
        let most = u64::from(self.block_bytes).min(4 << 20);
        in_range(
            "transaction_bytes",
            u64::from(self.transaction_bytes),
            512..=most,
        )?;
        in_range("expiry_window_ms", self.expiry_window_ms, 1_000..=120_000)?;
        in_range("heartbeat_ms", self.heartbeat_ms, 0..=86_400_000)?;
        in_range("transaction_cost", self.transaction_cost, 1..=u64::MAX)
    }
}

impl Organisation {
    fn check(&self) -> Result<(), GenesisError> {
        count("roles", self.roles.len(), 0)?;
        ordered("roles", self.roles.iter())?;
        if let Some(role) = self
            .roles
            .iter()
            .find(|role| OrganisationId::try_from(role.as_str()).is_err())
        {
            return Err(GenesisError::Role {
                organisation: self.id.clone(),
                role: role.clone(),
            });
        }
        check_certificate(self.id.as_str(), &self.ca_certificate)?;
        count("members", self.members.len(), 0)?;
        ordered("members", self.members.iter().map(|member| &member.id))?;
        for member in &self.members {
            if member.id.organisation_str() != self.id.as_str() {
                let (member, organisation) = (member.id.clone(), self.id.clone());
                return Err(GenesisError::StrayMember {
                    member,
                    organisation,
                });
            }
            check_certificate(member.id.as_str(), &member.certificate)?;
        }
        Ok(())
    }
}

impl Organisation {
    fn check_certificates(&self, at_ms: u64) -> Result<(), GenesisError> {
        let refused = |of: &str, source| GenesisError::Identity {
            of: of.to_owned(),
            source,
        };
        let id = self.id.as_str();
        let authority =
            parse_authority(&self.ca_certificate).map_err(|error| refused(id, error))?;
        same_subject(id, &authority.organisation)?;
        for member in &self.members {
            let listed = member.id.as_str();
            let found = verify_chain(&member.certificate, &self.ca_certificate, at_ms)
                .map_err(|error| refused(listed, error))?;
            same_subject(listed, &format!("{}/{}", found.organisation, found.name))?;
        }
        Ok(())
    }
}

impl GenesisContract {
    fn check(&self) -> Result<(), GenesisError> {
        let refuse = |reason| {
            Err(GenesisError::Contract {
                name: self.name.clone(),
                reason,
            })
        };
        if SYSTEM_CONTRACTS.contains(&self.name.as_str()) {
            return refuse("the name belongs to the system");
        }
        let version = self
            .code
            .split_once('@')
            .filter(|(name, _)| ContractName::try_from(*name).is_ok());
        if version.is_none_or(|(_, version)| version.parse::<u32>().is_err()) {
            return refuse("the code is not name@version");
        }
        if self.init.len() > MAX_INIT_BYTES
            || serde_json::from_str::<serde::de::IgnoredAny>(&self.init).is_err()
        {
            return refuse("the first message is not JSON or larger than 64 KiB");
        }
        Ok(())
    }
}

fn same_subject(listed: &str, found: &str) -> Result<(), GenesisError> {
    if listed == found {
        return Ok(());
    }
    Err(GenesisError::OtherSubject {
        listed: listed.to_owned(),
        found: found.to_owned(),
    })
}

fn check_certificate(of: &str, der: &[u8]) -> Result<(), GenesisError> {
    if (1..=MAX_CERTIFICATE_BYTES).contains(&der.len()) {
        return Ok(());
    }
    Err(GenesisError::Certificate(of.to_owned()))
}

fn in_range(
    name: &'static str,
    found: u64,
    range: RangeInclusive<u64>,
) -> Result<(), GenesisError> {
    if range.contains(&found) {
        return Ok(());
    }
    Err(GenesisError::OutOfRange {
        name,
        found,
        least: *range.start(),
        most: *range.end(),
    })
}

fn count(list: &'static str, found: usize, least: usize) -> Result<(), GenesisError> {
    if (least..=MAX_ENTRIES).contains(&found) {
        return Ok(());
    }
    Err(GenesisError::Count { list, found })
}

fn ordered<T: Ord + ToString>(
    list: &'static str,
    entries: impl Iterator<Item = T>,
) -> Result<(), GenesisError> {
    let mut before: Option<T> = None;
    for entry in entries {
        if before.is_some_and(|before| before >= entry) {
            return Err(GenesisError::NotOrdered {
                list,
                at: entry.to_string(),
            });
        }
        before = Some(entry);
    }
    Ok(())
}
