//! A security module in software (SoftHSM) for tests: its tokens lie in a folder of the test's.
#![allow(dead_code, clippy::unwrap_used, missing_docs)]

use std::{
    fs,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    process::Command,
};

/// Where SoftHSM looks for its configuration.
pub const CONFIGURATION: &str = "SOFTHSM2_CONF";
/// The PIN of every token here.
pub const PIN: &str = "4711-secret-pin";

/// The module, and where its tokens lie.
pub struct SoftHsm {
    library: PathBuf,
    folder: PathBuf,
}

impl SoftHsm {
    /// Writes a configuration into `folder`, or says why this machine has no module.
    pub fn prepare(folder: &Path) -> Result<Self, String> {
        let module = Self::at(folder)?;
        fs::create_dir_all(module.tokens()).unwrap();
        let text = format!(
            "directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\n",
            module.tokens().display()
        );
        fs::write(module.configuration(), text).unwrap();
        Ok(module)
    }

    /// One that was prepared there.
    pub fn at(folder: &Path) -> Result<Self, String> {
        let places = [
            "/usr/lib/softhsm/libsofthsm2.so",
            "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
            "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
            "/opt/homebrew/lib/softhsm/libsofthsm2.so",
        ];
        let found = places.iter().map(PathBuf::from).find(|path| path.exists());
        let library = found.ok_or("there is no SoftHSM: scripts/packages test installs it")?;
        if Command::new("softhsm2-util")
            .arg("--version")
            .output()
            .is_err()
        {
            return Err("there is no softhsm2-util: scripts/packages test installs it".into());
        }
        let folder = folder.to_owned();
        Ok(Self { library, folder })
    }

    pub fn library(&self) -> &Path {
        &self.library
    }

    pub fn configuration(&self) -> PathBuf {
        self.folder.join("softhsm2.conf")
    }

    fn tokens(&self) -> PathBuf {
        self.folder.join("tokens")
    }

    /// Makes a token as its owner does.
    pub fn make_token(&self, label: &str) {
        let made = Command::new("softhsm2-util")
            .args(["--init-token", "--free", "--label", label, "--pin", PIN])
            .args(["--so-pin", "so-pin-12345"])
            .env(CONFIGURATION, self.configuration())
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
    }

    /// An organisation's `hsm.toml` and PIN.
    pub fn write_settings(&self, keys: &Path, token: &str) {
        let text = format!(
            "module = {:?}\ntoken = {token:?}\npin_file = \"hsm.pin\"\n",
            self.library
        );
        fs::write(keys.join("hsm.toml"), text).unwrap();
        let pin = keys.join("hsm.pin");
        let mut options = fs::OpenOptions::new();
        options
            .create(true)
            .write(true)
            .mode(0o600)
            .open(&pin)
            .unwrap();
        fs::set_permissions(&pin, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&pin, format!("{PIN}\n")).unwrap();
    }

    /// Unplugs the tokens.
    pub fn take_away(&self) {
        fs::rename(self.tokens(), self.folder.join("elsewhere")).unwrap();
        fs::create_dir(self.tokens()).unwrap();
    }

    /// Plugs them in again.
    pub fn bring_back(&self) {
        fs::remove_dir(self.tokens()).unwrap();
        fs::rename(self.folder.join("elsewhere"), self.tokens()).unwrap();
    }
}
