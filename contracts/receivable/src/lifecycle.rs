//! The life of a receivable as one table: which action is possible in which state, and where it leads.

use crate::error::ReceivableError;
use cosmwasm_schema::cw_serde;

/// Where a receivable stands.
#[cw_serde]
#[derive(Eq, Copy)]
pub enum Status {
    /// The seller says that the buyer owes.
    Issued,
    /// The buyer says so too; its units are held, split and sold.
    Confirmed,
    /// As confirmed, and banks hold parts of it that they paid for.
    Financed,
    /// The buyer has paid every unit.
    Settled,
    /// The buyer says that nothing is owed.
    Refused,
    /// The seller took it back before the buyer said anything.
    Withdrawn,
}

/// What can be done with a receivable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The buyer acknowledges the debt.
    Confirm,
    /// The buyer denies it.
    Refuse,
    /// The seller takes it back.
    Withdraw,
    /// The owner of a part asks a price for it, or stops asking.
    Ask,
    /// A bank buys a part.
    Finance,
    /// The buyer pays parts.
    Settle {
        /// Whether nothing is owed after it.
        last: bool,
    },
    /// The owner of a part gives notice that its debt is overdue.
    Notify,
    /// A bank demands that whoever sold it a part takes that back.
    Demand,
    /// Who sold a part to a bank takes it back.
    Repurchase,
}

/// Where an action leads. A receivable that is financed is stored as confirmed: what banks hold is
/// counted beside it.
pub fn next(id: &str, status: Status, action: Action) -> Result<Status, ReceivableError> {
    use {Action as A, Status as S};
    let id = || id.to_owned();
    match (status, action) {
        // Rule 1, two sides: what the seller says counts once the buyer says it too.
        (S::Issued, A::Confirm) => Ok(S::Confirmed),
        (S::Issued, A::Refuse) => Ok(S::Refused),
        (S::Issued, A::Withdraw) => Ok(S::Withdrawn),
        (S::Issued, _) => Err(ReceivableError::NotConfirmed { id: id() }),
        // Rule 2: an acknowledged debt is not denied any more (Civil Code of China, art. 763), nor
        // does one side take it back.
        (S::Confirmed | S::Financed, A::Confirm | A::Refuse | A::Withdraw) => {
            Err(ReceivableError::AlreadyConfirmed { id: id() })
        }
        // Rule 3: it is over when every unit is paid, and not before.
        (S::Confirmed | S::Financed, A::Settle { last: true }) => Ok(S::Settled),
        (
            S::Confirmed | S::Financed,
            A::Ask | A::Finance | A::Settle { last: false } | A::Notify | A::Demand | A::Repurchase,
        ) => Ok(S::Confirmed),
        // Rule 4: ends are final.
        (S::Settled, _) => Err(ReceivableError::AlreadySettled { id: id() }),
        (S::Refused | S::Withdrawn, _) => Err(ReceivableError::Cancelled { id: id() }),
    }
}
