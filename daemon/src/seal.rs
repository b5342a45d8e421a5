//! A5: document numbers at rest, sealed with XChaCha20-Poly1305 under a key file of mode 0600 beside the state.

use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use sha2::{Digest, Sha256};

/// The key's name in the state folder.
pub const KEY_FILE: &str = "account.key";
const KEY_LEN: usize = 32;
const NONCE_LEN: usize = 24;

#[derive(Debug, thiserror::Error)]
pub enum SealError {
    #[error("cannot {action} the key file {}", path.display())]
    Io { action: &'static str, path: PathBuf, source: io::Error },
    #[error("the key file {} must belong to the daemon's user and be readable by nobody else (chmod 600)", path.display())]
    Exposed { path: PathBuf },
    #[error("the key file {} has {len} bytes instead of {KEY_LEN}; restore it from a backup", path.display())]
    Length { path: PathBuf, len: usize },
    #[error(
        "the key file {} is missing, and the state holds a document number that it sealed. Put it back, or move the state \
         folder away and restore a backup: vodpostd restore FILE",
        path.display()
    )]
    Missing { path: PathBuf },
    #[error("no random numbers from the system")]
    Random(#[source] getrandom::Error),
    #[error("the number cannot be sealed")]
    Seal,
}

pub struct Sealer {
    cipher: XChaCha20Poly1305,
    state_id: u64,
}

impl Sealer {
    /// Reads the key, or makes one where there is none yet and none `is_needed` for what is sealed already.
    ///
    /// # Errors
    /// When the key cannot be read or made, or others could read it.
    pub fn open(path: &Path, is_needed: bool) -> Result<Self, SealError> {
        let failed = |action| move |source| SealError::Io { action, path: path.to_owned(), source };
        let key = match OpenOptions::new().read(true).open(path) {
            Ok(mut file) => {
                let meta = file.metadata().map_err(failed("look at"))?;
                if meta.mode() & 0o077 != 0 || meta.uid() != rustix::process::geteuid().as_raw() {
                    return Err(SealError::Exposed { path: path.to_owned() });
                }
                let mut bytes = Vec::new();
                Read::by_ref(&mut file)
                    .take(KEY_LEN as u64 + 1)
                    .read_to_end(&mut bytes)
                    .map_err(failed("read"))?;
                let len = bytes.len();
                <[u8; KEY_LEN]>::try_from(bytes)
                    .map_err(|_bytes| SealError::Length { path: path.to_owned(), len })?
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound && is_needed => {
                return Err(SealError::Missing { path: path.to_owned() });
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let mut key = [0; KEY_LEN];
                getrandom::fill(&mut key).map_err(SealError::Random)?;
                write_key(path, &key).map_err(failed("write"))?;
                key
            }
            Err(error) => return Err(failed("open")(error)),
        };
        let digest = Sha256::new().chain_update(b"vodpost state id\n").chain_update(key).finalize();
        let mut state_id = [0; 8];
        state_id.copy_from_slice(&digest[..8]);
        let cipher = XChaCha20Poly1305::new(&Key::from(key));
        Ok(Self { cipher, state_id: u64::from_be_bytes(state_id) })
    }

    /// Tells this state from every other: the key is made with the state and goes into its backups. Says nothing about
    /// the key itself.
    #[must_use]
    pub fn state_id(&self) -> u64 {
        self.state_id
    }

    /// Nonce and ciphertext.
    ///
    /// # Errors
    /// When the system has no random numbers.
    pub fn seal(&self, number: &str) -> Result<Vec<u8>, SealError> {
        let mut nonce = [0; NONCE_LEN];
        getrandom::fill(&mut nonce).map_err(SealError::Random)?;
        let sealed = self
            .cipher
            .encrypt(&XNonce::from(nonce), number.as_bytes())
            .map_err(|_opaque| SealError::Seal)?;
        Ok([nonce.as_slice(), &sealed].concat())
    }
}

/// Whole or not at all, so that a crash leaves no key of half a length.
fn write_key(path: &Path, key: &[u8]) -> io::Result<()> {
    let unfinished = path.with_extension("new");
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
    file.write_all(key)?;
    file.sync_all()?;
    std::fs::rename(&unfinished, path)?;
    std::fs::File::open(path.parent().unwrap_or(Path::new("/")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_has_one_id_and_another_state_another() {
        let folder = tempfile::tempdir().unwrap();
        let id = |name: &str| Sealer::open(&folder.path().join(name), false).unwrap().state_id();
        assert_eq!(id("one"), id("one"));
        assert_ne!(id("one"), id("two"));
        // As a restore does.
        std::fs::copy(folder.path().join("one"), folder.path().join("three")).unwrap();
        assert_eq!(id("one"), id("three"));
        std::fs::write(folder.path().join("one"), [7; KEY_LEN]).unwrap();
        assert_eq!(id("one"), 0xb556_68ce_9533_1409, "an id is for ever");
    }

    #[test]
    fn a5_the_sealed_number_is_not_in_the_file_and_the_key_stays_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let sealed = Sealer::open(&path, false).unwrap().seal("440524188001010014").unwrap();
        assert!(!sealed.windows(6).any(|part| b"440524188001010014".windows(6).any(|number| number == part)));
        let again = Sealer::open(&path, false).unwrap();
        let (nonce, body) = sealed.split_first_chunk::<NONCE_LEN>().unwrap();
        assert_eq!(again.cipher.decrypt(&XNonce::from(*nonce), body).unwrap(), b"440524188001010014");
    }

    #[test]
    fn a5_a_key_that_is_needed_is_not_replaced_by_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        assert!(matches!(Sealer::open(&path, true), Err(SealError::Missing { .. })));
        assert!(!path.exists());
    }

    #[test]
    fn a5_a_key_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        Sealer::open(&path, false).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(Sealer::open(&path, false), Err(SealError::Exposed { .. })));
    }
}
