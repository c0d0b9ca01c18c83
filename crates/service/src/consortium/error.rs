//! Why founding, inviting or joining did not go on.

use crate::{
    identity::IdentityError,
    network::{FolderError, ledgers::LedgersError},
};
use blockworm_crypto::Digest;
use blockworm_ledger::OrganisationId;
use std::{io, path::PathBuf};

/// Why founding, inviting or joining did not go on.
#[derive(Debug, thiserror::Error)]
pub enum ConsortiumError {
    /// A file cannot be read or written.
    #[error("cannot {action} {}", path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// A file is larger than any of its kind.
    #[error("{} is larger than 16 MiB", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// A file is not what it should be.
    #[error("{} is not {what}: {reason}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What it should be.
        what: &'static str,
        /// Where it fails.
        reason: String,
    },
    /// The organisation lies in the folder already.
    #[error("{organisation} lies in {} already", path.display())]
    Exists {
        /// Which.
        organisation: OrganisationId,
        /// The folder.
        path: PathBuf,
    },
    /// A certificate does not hold.
    #[error("{organisation}: {reason}")]
    Certificate {
        /// Whose.
        organisation: String,
        /// The stable code of the refusal.
        code: &'static str,
        /// Why not.
        reason: String,
    },
    /// A signature is not by the key that it should be by.
    #[error("{what} is not signed with the key of {signer}")]
    Forged {
        /// Whose signature is wrong.
        signer: String,
        /// What should be signed.
        what: &'static str,
    },
    /// A founder's signature is over another genesis.
    #[error("{organisation} signed the genesis {signed}, and this draft is {draft}")]
    OtherDraft {
        /// Who.
        organisation: OrganisationId,
        /// What it signed.
        signed: Digest,
        /// What this is.
        draft: Digest,
    },
    /// Not all founders signed.
    #[error("not signed by {}", missing.join(", "))]
    Unsigned {
        /// Who did not.
        missing: Vec<String>,
    },
    /// A signature of somebody who founds nothing here.
    #[error("{organisation} is no founder of this ledger")]
    NotAFounder {
        /// Who.
        organisation: OrganisationId,
    },
    /// The draft's part of the own organisation is not what lies in the folder.
    #[error("the draft's {what} of {organisation} is not the one in {}", path.display())]
    OtherPart {
        /// Whose.
        organisation: OrganisationId,
        /// Which part.
        what: &'static str,
        /// The folder.
        path: PathBuf,
    },
    /// The genesis breaks a rule.
    #[error("the genesis breaks a rule: {reason}")]
    Genesis {
        /// Which one.
        reason: String,
    },
    /// The same organisation twice, or the same key.
    #[error("{what} of {organisation} is there twice")]
    Twice {
        /// Whose.
        organisation: String,
        /// What.
        what: &'static str,
    },
    /// The invitation's time has passed.
    #[error("the invitation of {organisation} expired")]
    Expired {
        /// Who was invited.
        organisation: OrganisationId,
    },
    /// The genesis in the invitation is not the one that was told from elsewhere.
    #[error("no ledger of the invitation began with the genesis {told}")]
    OtherGenesis {
        /// The digest that was told.
        told: Digest,
    },
    /// The folder keeps a ledger of this name, which is another.
    #[error("the folder keeps another ledger with the name {name}")]
    LedgerName {
        /// Which.
        name: String,
    },
    /// A key or certificate cannot be made or used.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The node cannot keep one more ledger.
    #[error(transparent)]
    Ledgers(Box<LedgersError>),
    /// The folder cannot be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
}

impl ConsortiumError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::File { .. } => "file.unusable",
            Self::TooLarge { .. } => "file.too_large",
            Self::Malformed { .. } => "file.malformed",
            Self::Exists { .. } => "organisation.exists",
            Self::Certificate { code, .. } => code,
            Self::Forged { .. } => "founding.forged",
            Self::OtherDraft { .. } => "founding.other_draft",
            Self::Unsigned { .. } => "founding.unsigned",
            Self::NotAFounder { .. } => "founding.not_a_founder",
            Self::OtherPart { .. } => "founding.other_part",
            Self::Genesis { .. } => "founding.bad_genesis",
            Self::Twice { .. } => "founding.twice",
            Self::Expired { .. } => "invitation.expired",
            Self::OtherGenesis { .. } => "invitation.other_genesis",
            Self::LedgerName { .. } => "ledger.name_taken",
            Self::Ledgers(_) => "ledger.not_kept",
            Self::Identity(_) => "identity.unusable",
            Self::Folder(_) => "folder.unusable",
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn next(&self) -> String {
        match self {
            Self::File { .. } => "look at its path and owner".to_owned(),
            Self::TooLarge { .. } | Self::Malformed { .. } => {
                "ask for the file again; it may be another one or damaged".to_owned()
            }
            Self::Exists { .. } => "use what lies there, or another --dir".to_owned(),
            Self::Certificate { .. } => {
                "ask that organisation for its file again; show it this sentence".to_owned()
            }
            Self::Forged { .. } => {
                "trust nothing of it; ask the organisation by another way what it sent".to_owned()
            }
            Self::OtherDraft { .. } => {
                "compare the drafts; every founder signs the same one".to_owned()
            }
            Self::Unsigned { .. } => {
                "each of them: blockworm consortium sign DRAFT --dir ITS-FOLDER -o SLUG.signature.json"
                    .to_owned()
            }
            Self::NotAFounder { .. } => "leave that signature out".to_owned(),
            Self::OtherPart { .. } => {
                "do not sign; make the draft anew from your own founder's file".to_owned()
            }
            Self::Genesis { .. } | Self::Twice { .. } => {
                "correct the draft's flags or founders' files and draft again".to_owned()
            }
            Self::Expired { .. } => "ask for another: blockworm org invite".to_owned(),
            Self::OtherGenesis { .. } => {
                "ask the inviter by another way which genesis is right, and trust nothing till then"
                    .to_owned()
            }
            Self::LedgerName { .. } => "give the new ledger another name".to_owned(),
            Self::Ledgers(_) | Self::Identity(_) | Self::Folder(_) => "blockworm doctor".to_owned(),
        }
    }
}
