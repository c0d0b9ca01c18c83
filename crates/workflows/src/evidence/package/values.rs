//! Rows as the proof of the state shows them.

use super::{collect::CONTRACT, error::ExportError};
use blockworm_ledger::state_claim::StateAnswerProof;
use borsh::BorshDeserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A row of the contract: as this program reads it and as the state proves it.
#[derive(Clone, Debug)]
pub struct Row<T> {
    /// The row.
    pub row: T,
    /// Its JSON, field by field.
    pub fields: Map<String, Value>,
}

/// What keys were proved to hold.
pub(super) struct Values<'a>(BTreeMap<(&'a str, &'a [u8]), Option<&'a [u8]>>);

impl<'a> Values<'a> {
    pub(super) fn of<E>(
        keys: &'a [(String, Vec<u8>)],
        proof: &'a StateAnswerProof,
    ) -> Result<Self, ExportError<E>> {
        if keys.len() != proof.states.len() {
            return Err(ExportError::Strange(
                "the proof of the rows makes other claims".into(),
            ));
        }
        let mut values = BTreeMap::new();
        for ((contract, key), claim) in keys.iter().zip(&proof.states) {
            if claim.key != *key {
                return Err(ExportError::Strange(
                    "the proof of the rows is of other keys".into(),
                ));
            }
            values.insert((contract.as_str(), key.as_slice()), claim.value.as_deref());
        }
        Ok(Self(values))
    }

    pub(super) fn get<E>(&self, contract: &str, key: &[u8]) -> Result<&'a [u8], ExportError<E>> {
        self.0
            .get(&(contract, key))
            .copied()
            .flatten()
            .ok_or_else(|| {
                let key = String::from_utf8_lossy(key);
                ExportError::Strange(format!("the state has no value under {key} of {contract}"))
            })
    }

    pub(super) fn borsh<T: BorshDeserialize, E>(
        &self,
        contract: &str,
        key: &[u8],
    ) -> Result<T, ExportError<E>> {
        let bytes = self.get(contract, key)?;
        T::try_from_slice(bytes)
            .map_err(|error| ExportError::Strange(format!("a row of {contract}: {error}")))
    }

    pub(super) fn row<T: DeserializeOwned, E>(
        &self,
        key: Vec<u8>,
    ) -> Result<Row<T>, ExportError<E>> {
        let bytes = self.get(CONTRACT, &key)?;
        let strange =
            |error: serde_json::Error| ExportError::Strange(format!("a row of evidence: {error}"));
        Ok(Row {
            row: serde_json::from_slice(bytes).map_err(strange)?,
            fields: serde_json::from_slice(bytes).map_err(strange)?,
        })
    }

    pub(super) fn rows<T: DeserializeOwned, E>(
        &self,
        found: &[T],
        key: impl Fn(&T) -> Vec<u8>,
    ) -> Result<Vec<Row<T>>, ExportError<E>> {
        found.iter().map(|row| self.row(key(row))).collect()
    }
}
