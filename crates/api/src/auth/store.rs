//! The file of API keys as the server sees it: read again as soon as it changes.

use super::Caller;
use crate::{
    keys::{KeyFile, KeyRecord, KeysError},
    problem::Failure,
};
use axum::http::StatusCode;
use blockworm_service::private_file::Stamp;
use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

/// Keys by their file; without one there are none.
pub(crate) struct KeyStore {
    path: Option<PathBuf>,
    loaded: Mutex<Loaded>,
}

/// What was read last, and from which version of the file.
#[derive(Clone, Default)]
struct Loaded {
    stamp: Option<Stamp>,
    /// None while the file cannot be used: then no key counts.
    keys: Option<Arc<KeyFile>>,
}

impl KeyStore {
    /// Reads the file for the first time.
    pub(crate) fn open(path: Option<PathBuf>) -> Result<Self, KeysError> {
        if let Some(path) = &path {
            KeyFile::read(path)?;
        }
        let loaded = Mutex::default();
        Ok(Self { path, loaded })
    }

    /// The caller who shows `text`.
    pub(crate) fn caller(&self, text: &str, now_ms: u64) -> Result<Caller, Failure> {
        let keys = self.usable()?;
        counting(keys.find(text), now_ms)
    }

    /// The holder of a key that was shown before, as the file knows it now.
    pub(crate) fn again(&self, held: &KeyRecord, now_ms: u64) -> Result<Caller, Failure> {
        let keys = self.usable()?;
        counting(
            keys.keys.iter().find(|key| key.digest == held.digest),
            now_ms,
        )
    }

    fn usable(&self) -> Result<Arc<KeyFile>, Failure> {
        self.keys().ok_or_else(|| {
            let detail = "the file of API keys cannot be used, so no key counts";
            let status = StatusCode::SERVICE_UNAVAILABLE;
            Failure::new(status, "api.keys_unavailable", detail)
        })
    }

    /// The keys of the file as it is now; asking for its stamp costs a microsecond.
    fn keys(&self) -> Option<Arc<KeyFile>> {
        let path = self.path.as_ref()?;
        let stamp = Stamp::of(path);
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if stamp.is_some() && loaded.stamp == stamp {
            return loaded.keys.clone();
        }
        let keys = match KeyFile::read(path) {
            Ok(keys) => Some(Arc::new(keys.unwrap_or_default())),
            Err(error) => {
                tracing::error!(%error, "no API key counts until the file can be used again");
                None
            }
        };
        *loaded = Loaded { stamp, keys };
        loaded.keys.clone()
    }
}

/// The holder of a key that is there and counts at this time.
fn counting(key: Option<&KeyRecord>, now_ms: u64) -> Result<Caller, Failure> {
    let refused = |code, detail: &str| Failure::new(StatusCode::UNAUTHORIZED, code, detail);
    let Some(key) = key else {
        return Err(refused("api.key_unknown", "the API key is not known here"));
    };
    if key.revoked_at_ms.is_some() {
        return Err(refused("api.key_revoked", "the API key was revoked"));
    }
    if now_ms >= key.expires_at_ms {
        return Err(refused("api.key_expired", "the API key has ended"));
    }
    Ok(Caller::Key(Arc::new(key.clone())))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::keys::{NewKey, Scope};
    use std::fs;

    fn code(store: &KeyStore, text: &str, now_ms: u64) -> String {
        match store.caller(text, now_ms) {
            Ok(caller) => caller.name(),
            Err(failure) => failure.code,
        }
    }

    #[test]
    fn keys_that_are_made_and_revoked_count_at_the_next_request() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("api-keys.json");
        let store = KeyStore::open(Some(path.clone())).unwrap();
        assert_eq!(code(&store, "bwk_x", 1), "api.key_unknown");
        let mut file = KeyFile::default();
        let new = NewKey {
            name: "shop".into(),
            scopes: [Scope::Read].into(),
            ledgers: Vec::new(),
            expires_at_ms: 100,
        };
        let text = file.create(new, 1).unwrap();
        file.write(&path).unwrap();
        assert_eq!(code(&store, &text, 99), "key shop");
        assert_eq!(code(&store, &text, 100), "api.key_expired");
        file.revoke("shop", 2).unwrap();
        file.write(&path).unwrap();
        assert_eq!(code(&store, &text, 50), "api.key_revoked");
        fs::write(&path, "damaged").unwrap();
        assert_eq!(code(&store, &text, 50), "api.keys_unavailable");
        fs::remove_file(&path).unwrap();
        assert_eq!(code(&store, &text, 50), "api.key_unknown");
    }

    #[test]
    fn without_a_file_no_key_counts() {
        let store = KeyStore::open(None).unwrap();
        assert_eq!(code(&store, "bwk_x", 1), "api.keys_unavailable");
    }
}
