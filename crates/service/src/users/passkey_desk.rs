//! Passkeys at the desk: asked for, added, used, removed.

use super::{
    Assertion, MAX_PASSKEYS, NewSession, Passkey, PasskeyError, Refused, Registration, SignedIn,
    Site, UserFile, Users, UsersError,
    challenges::{self, Purpose},
    desk::{held, wait},
    passkey::{self, EDDSA, ES256},
    record::LONGEST_LABEL,
};
use serde_json::{Value, json};
use std::net::IpAddr;

/// A passkey is added within so long after signing in: a browser left alone must not hand out one.
const FRESH_MS: u64 = 15 * 60_000;

/// What `navigator.credentials.create` is asked for, bytes in base64url.
pub type PasskeyOffer = Value;
/// What `navigator.credentials.get` is asked for, bytes in base64url.
pub type PasskeyRequest = Value;

impl Users {
    /// Asks any device that has a passkey for this site to show it.
    ///
    /// # Errors
    /// [`Refused::Wait`], or no randomness.
    pub fn ask_for_passkey(
        &self,
        site: &Site,
        address: IpAddr,
        now_ms: u64,
    ) -> Result<PasskeyRequest, Refused> {
        let mut challenges = held(&self.challenges);
        let challenge = challenges.give(Purpose::SignIn, &site.name, address, now_ms)?;
        Ok(json!({
            "challenge": base64url(&challenge),
            "rpId": site.name,
            "allowCredentials": [],
            "userVerification": "required",
            "timeout": challenges::LIFE_MS,
        }))
    }

    /// Signs in by a passkey: the device holds the key and verified its user.
    ///
    /// # Errors
    /// [`Refused`]. A passkey that is not known and one that is refused cost the address an attempt.
    pub fn sign_in_by_passkey(
        &self,
        site: &Site,
        answer: &Assertion,
        address: IpAddr,
        now_ms: u64,
    ) -> Result<NewSession, Refused> {
        held(&self.attempts)
            .begin_nameless(address, now_ms)
            .map_err(wait)?;
        let challenge = passkey::challenge_of(&answer.client_data)?;
        let mut challenges = held(&self.challenges);
        if !challenges.take(&challenge, &Purpose::SignIn, &site.name, now_ms) {
            return Err(PasskeyError::Challenge.into());
        }
        drop(challenges);
        let (id, handle) = (hex::encode(&answer.id), hex::encode(&answer.handle));
        let user = UserFile::change(&self.path, |file| -> Result<_, Refused> {
            let mut users = file.users.iter_mut();
            let user = users.find(|user| user.handle == handle && !user.disabled);
            let user = user.ok_or(PasskeyError::Unknown)?;
            let key = user.passkeys.iter_mut().find(|key| key.id == id);
            let key = key.ok_or(PasskeyError::Unknown)?;
            let count = passkey::check_assertion(site, key, answer).inspect_err(|error| {
                let (user, key) = (&user.name, &key.label);
                tracing::warn!(user, key, %address, %error, "sign-in by passkey failed");
            })?;
            key.sign_count = count;
            key.used_at_ms = Some(now_ms);
            Ok(user.clone())
        })?;
        held(&self.attempts).succeeded(None, address);
        self.begin(&user, "passkey", address, now_ms)
    }

    /// Asks a device to make a passkey for somebody who signed in just now.
    ///
    /// # Errors
    /// [`Refused::SignInAgain`], [`PasskeyError::TooMany`], or a file that cannot be used.
    pub fn offer_passkey(
        &self,
        who: &SignedIn,
        site: &Site,
        address: IpAddr,
        now_ms: u64,
    ) -> Result<PasskeyOffer, Refused> {
        fresh(who, now_ms)?;
        let user = self.record(who)?;
        if user.passkeys.len() >= MAX_PASSKEYS {
            return Err(PasskeyError::TooMany.into());
        }
        let mut challenges = held(&self.challenges);
        let challenge = challenges.give(purpose(who), &site.name, address, now_ms)?;
        let bytes = |text: &str| base64url(&hex::decode(text).unwrap_or_default());
        let known = user.passkeys.iter().filter(|key| key.site == site.name);
        let known = known.map(|key| json!({"type": "public-key", "id": bytes(&key.id)}));
        Ok(json!({
            "challenge": base64url(&challenge),
            "rp": {"id": site.name, "name": "Blockworm"},
            "user": {"id": bytes(&user.handle), "name": user.name, "displayName": user.name},
            "pubKeyCredParams": [
                {"type": "public-key", "alg": EDDSA},
                {"type": "public-key", "alg": ES256},
            ],
            "excludeCredentials": known.collect::<Vec<_>>(),
            "authenticatorSelection": {"residentKey": "required", "requireResidentKey": true, "userVerification": "required"},
            "attestation": "none",
            "timeout": challenges::LIFE_MS,
        }))
    }

    /// Adds the passkey that a device made.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn add_passkey(
        &self,
        who: &SignedIn,
        site: &Site,
        label: &str,
        answer: &Registration,
        now_ms: u64,
    ) -> Result<(), Refused> {
        fresh(who, now_ms)?;
        let label: String = label.trim().chars().filter(|of| !of.is_control()).collect();
        if !(1..=LONGEST_LABEL).contains(&label.chars().count()) {
            let what = format!("a passkey's name has 1 to {LONGEST_LABEL} characters");
            return Err(UsersError::BadUser(what).into());
        }
        let challenge = passkey::challenge_of(&answer.client_data)?;
        let mut challenges = held(&self.challenges);
        if !challenges.take(&challenge, &purpose(who), &site.name, now_ms) {
            return Err(PasskeyError::Challenge.into());
        }
        drop(challenges);
        let made = passkey::check_registration(site, answer)?;
        let key = Passkey {
            id: hex::encode(made.id),
            label,
            site: site.name.clone(),
            algorithm: made.algorithm,
            key: hex::encode(made.key),
            sign_count: made.sign_count,
            created_at_ms: now_ms,
            used_at_ms: None,
        };
        UserFile::change(&self.path, |file| -> Result<(), Refused> {
            let known = file.users.iter().flat_map(|user| &user.passkeys);
            if known.into_iter().any(|of| of.id == key.id) {
                return Err(PasskeyError::Known.into());
            }
            let user = file.user(&who.user)?;
            if user.passkeys.len() >= MAX_PASSKEYS {
                return Err(PasskeyError::TooMany.into());
            }
            user.passkeys.push(key.clone());
            Ok(())
        })?;
        tracing::info!(user = who.user, key = key.label, "passkey added");
        Ok(())
    }

    /// Removes one's own passkey.
    ///
    /// # Errors
    /// [`PasskeyError::Unknown`], or a file that cannot be used.
    pub fn remove_passkey(&self, who: &SignedIn, id: &str) -> Result<(), Refused> {
        UserFile::change(&self.path, |file| -> Result<(), Refused> {
            let user = file.user(&who.user)?;
            let before = user.passkeys.len();
            user.passkeys.retain(|key| key.id != id);
            if user.passkeys.len() == before {
                return Err(PasskeyError::Unknown.into());
            }
            Ok(())
        })?;
        tracing::info!(user = who.user, "passkey removed");
        Ok(())
    }
}

fn purpose(who: &SignedIn) -> Purpose {
    Purpose::Register {
        user: who.user.clone(),
        session: who.session.clone(),
    }
}

fn fresh(who: &SignedIn, now_ms: u64) -> Result<(), Refused> {
    if now_ms.saturating_sub(who.started_ms) > FRESH_MS {
        return Err(Refused::SignInAgain);
    }
    Ok(())
}

/// RFC 4648 §5, without padding.
fn base64url(bytes: &[u8]) -> String {
    use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// Of [`base64url`].
pub(super) fn unbase64url(text: &str) -> Option<Vec<u8>> {
    use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
    BASE64_URL_SAFE_NO_PAD.decode(text).ok()
}
