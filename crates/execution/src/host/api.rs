//! Addresses as the ledger names them: a member's id or a contract's name, as they are.

use blockworm_ledger::names::{check_contract, check_member};
use cosmwasm_std::{
    Addr, Api, CanonicalAddr, RecoverPubkeyError, StdError, StdResult, VerificationError,
};

/// What is wrong with an address.
pub(crate) const NOT_A_NAME: &str = "neither a member's id nor a contract's name";

/// The address rules of this ledger. Signature checks are not offered: a transaction's signature
/// is checked before execution, and documents are checked off the ledger.
pub(crate) struct HostApi;

impl Api for HostApi {
    fn addr_validate(&self, human: &str) -> StdResult<Addr> {
        if check_member(human).is_ok() || check_contract(human).is_ok() {
            return Ok(Addr::unchecked(human));
        }
        Err(StdError::msg(format!(
            "addr_validate errored: {NOT_A_NAME}"
        )))
    }

    fn addr_canonicalize(&self, human: &str) -> StdResult<CanonicalAddr> {
        Ok(CanonicalAddr::from(self.addr_validate(human)?.as_bytes()))
    }

    fn addr_humanize(&self, canonical: &CanonicalAddr) -> StdResult<Addr> {
        let text = std::str::from_utf8(canonical.as_slice())
            .map_err(|_| StdError::msg("addr_humanize errored: not UTF-8"))?;
        self.addr_validate(text)
    }

    fn secp256k1_verify(&self, _: &[u8], _: &[u8], _: &[u8]) -> Result<bool, VerificationError> {
        Err(VerificationError::GenericErr)
    }

    fn secp256k1_recover_pubkey(
        &self,
        _: &[u8],
        _: &[u8],
        _: u8,
    ) -> Result<Vec<u8>, RecoverPubkeyError> {
        Err(RecoverPubkeyError::InvalidHashFormat)
    }

    fn ed25519_verify(&self, _: &[u8], _: &[u8], _: &[u8]) -> Result<bool, VerificationError> {
        Err(VerificationError::GenericErr)
    }

    fn ed25519_batch_verify(
        &self,
        _: &[&[u8]],
        _: &[&[u8]],
        _: &[&[u8]],
    ) -> Result<bool, VerificationError> {
        Err(VerificationError::GenericErr)
    }

    fn debug(&self, _: &str) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_name_of_this_ledger() {
        for good in ["bank/maker", "platform/supplier-3f9a", "money"] {
            let address = HostApi.addr_validate(good).unwrap();
            let canonical = HostApi.addr_canonicalize(address.as_str()).unwrap();
            assert_eq!(HostApi.addr_humanize(&canonical).unwrap(), address);
        }
        for bad in [
            "",
            "Bank/maker",
            "bank/",
            "/maker",
            "bank/a/b",
            "mon ey",
            "钱",
        ] {
            assert!(HostApi.addr_validate(bad).is_err(), "{bad}");
        }
    }
}
