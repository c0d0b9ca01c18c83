//! An authority: answers a request at a time and with a serial number that its caller gives.

use super::{
    ID_TST_INFO, Refusal, Request, Response, TimestampError,
    request::{parse_oid, write_imprint},
    time,
};
use crate::{
    asn1::{GENERALIZED_TIME, INTEGER, SEQUENCE, number, oid, tlv},
    cms::{Signer, sign_attached},
};
use const_oid::ObjectIdentifier;

/// A timestamp authority: its key with its chain, its policy and how true its clock is.
#[derive(Debug, Clone)]
pub struct Authority {
    signer: Signer,
    policy: ObjectIdentifier,
    accuracy_ms: u64,
}

/// What an authority answers: the response, and whether it holds a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// TimeStampResp, DER.
    pub der: Vec<u8>,
    /// Why there is no token in it.
    pub refusal: Option<Refusal>,
}

impl Authority {
    /// An authority that signs under this policy (dotted) and says this accuracy.
    ///
    /// # Errors
    /// A policy that is no object identifier.
    pub fn new(signer: Signer, policy: &str, accuracy_ms: u64) -> Result<Self, TimestampError> {
        Ok(Self {
            signer,
            policy: parse_oid(policy)?,
            accuracy_ms,
        })
    }

    /// The certificates, leaf first.
    #[must_use]
    pub fn chain(&self) -> &[Vec<u8>] {
        self.signer.chain()
    }

    /// Answers a request. The caller sees to it that no serial number is given twice, and uses one
    /// for every call, whether a token came of it or not.
    #[must_use]
    pub fn answer(&self, request_der: &[u8], now_ms: u64, serial: u64) -> Answer {
        let made = Request::parse(request_der)
            .map_err(|error| {
                let failure = match error {
                    TimestampError::Algorithm(_) => "badAlg",
                    TimestampError::Malformed(text) if text.starts_with("extensions") => {
                        "unacceptedExtension"
                    }
                    _ => "badDataFormat",
                };
                Self::refusal(failure, error.to_string())
            })
            .and_then(|request| self.stamp(&request, now_ms, serial));
        match made {
            Ok(token) => Answer {
                der: Response::Granted(token).to_der(),
                refusal: None,
            },
            Err(refusal) => Self::refuse(refusal),
        }
    }

    /// An answer that says that the authority can give no token now.
    #[must_use]
    pub fn unavailable(text: &str) -> Answer {
        Self::refuse(Self::refusal("timeNotAvailable", text.to_owned()))
    }

    fn refuse(refusal: Refusal) -> Answer {
        Answer {
            der: Response::Refused(refusal.clone()).to_der(),
            refusal: Some(refusal),
        }
    }

    fn refusal(failure: &'static str, text: String) -> Refusal {
        Refusal {
            status: 2,
            text,
            failures: vec![failure],
        }
    }

    fn stamp(&self, request: &Request, now_ms: u64, serial: u64) -> Result<Vec<u8>, Refusal> {
        let own = self.policy.to_string();
        if request.policy.as_ref().is_some_and(|asked| *asked != own) {
            let text = format!("the one policy here is {own}");
            return Err(Self::refusal("unacceptedPolicy", text));
        }
        self.token(request, now_ms, serial)
            .map_err(|error| Self::refusal("systemFailure", error.to_string()))
    }

    fn token(
        &self,
        request: &Request,
        now_ms: u64,
        serial: u64,
    ) -> Result<Vec<u8>, TimestampError> {
        let nonce = request.nonce.as_ref();
        let nonce = nonce.map_or_else(Vec::new, |nonce| tlv(INTEGER, &[nonce]));
        let info = tlv(
            SEQUENCE,
            &[
                &number(1),
                &oid(self.policy),
                &write_imprint(request.algorithm, &request.imprint),
                &number(serial),
                &tlv(GENERALIZED_TIME, &[&time::write(now_ms)?]),
                &self.accuracy(),
                &nonce,
            ],
        );
        let token = sign_attached(ID_TST_INFO, &info, &self.signer, request.certificates)?;
        Ok(token)
    }

    fn accuracy(&self) -> Vec<u8> {
        let (seconds, millis) = (self.accuracy_ms / 1000, self.accuracy_ms % 1000);
        let mut parts = Vec::new();
        if seconds > 0 {
            parts.extend(number(seconds));
        }
        if millis > 0 {
            let mut below = number(millis);
            below[0] = 0x80;
            parts.extend(below);
        }
        tlv(SEQUENCE, &[&parts])
    }
}
