//! Refusals of the receivable contract, in order of precedence.

use blockworm_kit::{CallerError, Currency};
use cosmwasm_std::{StdError, Uint128};

/// Why a message was refused.
#[derive(Debug, thiserror::Error)]
pub enum ReceivableError {
    /// The host failed, or stored bytes are not what this contract wrote.
    #[error("{0}")]
    Std(#[from] StdError),
    /// `receive` came from somebody else than the money contract.
    #[error("receivable.not_the_money_contract: {sender} cannot tell that money has arrived")]
    NotTheMoneyContract {
        /// Who called.
        sender: String,
    },
    /// The payload of a payment is not one.
    #[error("receivable.bad_payload: the payment does not say what it is for")]
    BadPayload,
    /// The caller is not who may ask this.
    #[error(transparent)]
    Caller(#[from] CallerError),
    /// The id breaks its rule.
    #[error("receivable.bad_id: an id is 1 to 64 letters, digits, '-', '.' or '_'")]
    BadId,
    /// A digest is not one.
    #[error("receivable.bad_digest: a digest is 64 lower-case hex digits")]
    BadDigest,
    /// Nothing is owed.
    #[error("receivable.zero_amount: the amount must be more than zero")]
    ZeroAmount,
    /// The price is zero or more than what is owed.
    #[error("receivable.bad_price: the price must be more than zero and at most the amount")]
    BadPrice,
    /// Nobody owes himself.
    #[error("receivable.buyer_is_seller: seller and buyer must differ")]
    BuyerIsSeller,
    /// The buyer could never confirm.
    #[error("receivable.unknown_buyer: {buyer} is not an active member of this ledger")]
    UnknownBuyer {
        /// Who should owe.
        buyer: String,
    },
    /// The id is taken.
    #[error("receivable.already_exists: there is a receivable {id}")]
    AlreadyExists {
        /// The id.
        id: String,
    },
    /// The invoice stands behind another receivable.
    #[error("receivable.invoice_already_registered: the invoice stands behind the receivable {id}")]
    InvoiceAlreadyRegistered {
        /// That receivable.
        id: String,
    },
    /// No such receivable.
    #[error("receivable.not_found: there is no receivable {id}")]
    NotFound {
        /// The id asked for.
        id: String,
    },
    /// Somebody else must confirm.
    #[error("receivable.not_the_buyer: only {buyer} can confirm {id}")]
    NotTheBuyer {
        /// The receivable.
        id: String,
        /// Who owes.
        buyer: String,
    },
    /// It was confirmed before.
    #[error("receivable.already_confirmed: {id} was confirmed before")]
    AlreadyConfirmed {
        /// The receivable.
        id: String,
    },
    /// Somebody bought it before.
    #[error("receivable.already_financed: {id} was financed by {financier} in block {height}")]
    AlreadyFinanced {
        /// The receivable.
        id: String,
        /// Who bought it.
        financier: String,
        /// When.
        height: u64,
    },
    /// The buyer has not acknowledged the debt.
    #[error("receivable.not_confirmed: {buyer} has not confirmed {id}")]
    NotConfirmed {
        /// The receivable.
        id: String,
        /// Who owes.
        buyer: String,
    },
    /// The payment is not the price.
    #[error("receivable.wrong_price: {id} costs {price} {currency}, paid were {paid} {paid_in}")]
    WrongPrice {
        /// The receivable.
        id: String,
        /// Minor units asked.
        price: Uint128,
        /// Of which currency.
        currency: Currency,
        /// Minor units paid.
        paid: Uint128,
        /// Of which currency.
        paid_in: Currency,
    },
}
