//! A timestamp authority that is not ours: openssl's, with a root, an issuing authority and a key of its own.

#![allow(dead_code, reason = "each test that includes this uses a part of it")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// openssl's authority in a folder.
pub struct OutsideTsa {
    folder: PathBuf,
}

/// What kind of keys and which digest of the signature.
#[derive(Clone, Copy)]
pub struct Kind {
    pub key: &'static str,
    pub digest: &'static str,
    /// How the certificate is named in the signed attributes: `sha1` is the old form.
    pub names_by: &'static str,
}

pub const RSA: Kind = Kind {
    key: "rsa:2048",
    digest: "sha256",
    names_by: "sha1",
};
pub const P256: Kind = Kind {
    key: "ec -pkeyopt ec_paramgen_curve:P-256",
    digest: "sha256",
    names_by: "sha256",
};
pub const P384: Kind = Kind {
    key: "ec -pkeyopt ec_paramgen_curve:P-384",
    digest: "sha384",
    names_by: "sha384",
};

/// Runs openssl in a folder: whether it was content, and all it said; `None` where there is none.
pub fn openssl(folder: &Path, arguments: &str) -> Option<(bool, String)> {
    let output = Command::new("openssl")
        .args(arguments.split(' '))
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let said = [output.stdout, output.stderr].concat();
    Some((
        output.status.success(),
        String::from_utf8_lossy(&said).into_owned(),
    ))
}

impl OutsideTsa {
    /// Makes keys and certificates in the folder; `None` where there is no openssl.
    pub fn create(folder: &Path, kind: Kind) -> Option<Self> {
        let run = |arguments: &str| {
            let (good, said) = openssl(folder, arguments)?;
            assert!(good, "openssl {arguments}: {said}");
            Some(())
        };
        let (key, digest) = (kind.key, kind.digest);
        fs::write(folder.join("ca.ext"), "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n").unwrap();
        fs::write(folder.join("tsa.ext"), "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=critical,timeStamping\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n").unwrap();
        run(&format!(
            "req -x509 -{digest} -newkey {key} -noenc -keyout root.key -out root.pem -subj /O=outside/CN=root -days 7300"
        ))?;
        for (name, issuer, extensions) in [("issuing", "root", "ca"), ("tsa", "issuing", "tsa")] {
            run(&format!(
                "req -new -newkey {key} -noenc -keyout {name}.key -out {name}.csr -subj /O=outside/CN={name}"
            ))?;
            run(&format!(
                "x509 -req -{digest} -in {name}.csr -CA {issuer}.pem -CAkey {issuer}.key -CAcreateserial -days 3650 -extfile {extensions}.ext -out {name}.pem"
            ))?;
        }
        fs::write(folder.join("serial"), "01").unwrap();
        fs::write(
            folder.join("tsa.cnf"),
            format!(
                "[tsa]\ndefault_tsa = one\n[one]\nserial = ./serial\nsigner_cert = ./tsa.pem\ncerts = ./issuing.pem\nsigner_key = ./tsa.key\nsigner_digest = {digest}\ndefault_policy = 1.2.3.4.1\ndigests = sha256, sha384, sha512\naccuracy = secs:1, millisecs:500, microsecs:100\nordering = yes\ntsa_name = yes\ness_cert_id_chain = no\ness_cert_id_alg = {}\n",
                kind.names_by
            ),
        )
        .unwrap();
        Some(Self {
            folder: folder.to_owned(),
        })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The root's certificate, PEM.
    pub fn root_pem(&self) -> PathBuf {
        self.folder.join("root.pem")
    }

    /// The response (DER) to a request (DER).
    pub fn reply(&self, request: &[u8]) -> Vec<u8> {
        fs::write(self.folder.join("q.tsq"), request).unwrap();
        let said = openssl(
            &self.folder,
            "ts -reply -config tsa.cnf -queryfile q.tsq -out r.tsr",
        );
        assert!(said.as_ref().is_some_and(|(good, _)| *good), "{said:?}");
        fs::read(self.folder.join("r.tsr")).unwrap()
    }
}
