//! A receipt: what a committed transaction returns, with its events and a stable code.

use crate::{names::ContractName, transaction::TransactionId};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// What a contract tells the world: the read model's only input.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Event {
    /// The contract that speaks.
    pub contract: ContractName,
    /// What happened, in the contract's own words: `financed`, `transferred`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The thing it happened to.
    pub subject: String,
    /// Details, in the order given by the contract.
    pub attributes: Vec<(String, String)>,
}

/// The outcome of one transaction in one block.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Receipt {
    /// Which transaction.
    pub transaction: TransactionId,
    /// The block that holds it.
    pub height: u64,
    /// Its place in the block, from 0.
    pub index: u32,
    /// `ok`, or a stable refusal code such as `receivable.already_financed`.
    pub code: String,
    /// The refusal in a sentence; empty when `ok`.
    pub message: String,
    /// What happened; empty unless `ok`.
    pub events: Vec<Event>,
    /// What the contract returned; empty unless `ok`.
    pub data: Vec<u8>,
    /// The price in units of work (docs/formats/receipt.md).
    pub cost: u64,
}
