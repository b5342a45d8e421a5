//! TLS 1.2 and 1.3 for viewers. Certificates are chosen by the name that a viewer asks for, and read again when their files
//! change; what cannot be read or does not fit leaves the old ones in force.

mod validity;

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{self, ServerConfig};
use tokio_util::sync::CancellationToken;
use vodpost_protocol::checkup::Finding;
use vodpost_protocol::time::Timestamp;
use webpki::EndEntityCert;

use crate::error::chain;

/// So often the files are looked at; SIGHUP is faster.
const CHECK_EVERY: Duration = Duration::from_secs(5);
const EXPIRY_CHECK_EVERY: Duration = Duration::from_secs(12 * 3600);
/// A certificate that is valid for less is worth a warning.
const EXPIRY_NOTICE: Duration = Duration::from_secs(14 * 24 * 3600);
/// Chains and keys take some kilobytes.
const FILE_LEN_MAX: u64 = 1 << 20;

/// The files of one certificate, in PEM.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Pair {
    /// The certificate, then those that it was signed with.
    pub cert: PathBuf,
    pub key: PathBuf,
}

#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("cannot read {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{} is not valid PEM: {source}", path.display())]
    Pem { path: PathBuf, source: pem::Error },
    #[error("{} holds no certificate", path.display())]
    NoCertificate { path: PathBuf },
    #[error("{} holds no private key, such as one between BEGIN PRIVATE KEY and END PRIVATE KEY", path.display())]
    NoKey { path: PathBuf },
    #[error("the key {} does not belong to the certificate {}, or is of an unknown kind: {source}", pair.key.display(), pair.cert.display())]
    Mismatch { pair: Pair, source: rustls::Error },
    #[error("the certificate {} is damaged", path.display())]
    Damaged { path: PathBuf },
    #[error("TLS cannot be set up: {0}")]
    Setup(rustls::Error),
}

/// The certificates in force.
#[derive(Debug)]
pub(super) struct Certificates {
    pairs: Vec<Pair>,
    provider: CryptoProvider,
    loaded: RwLock<Vec<Loaded>>,
    wanted: Notify,
}

#[derive(Debug, Clone)]
struct Loaded {
    key: Arc<CertifiedKey>,
    not_after: SystemTime,
}

impl Certificates {
    /// Reads all of them. The first is for viewers who ask for no name, or for one that none has.
    pub(super) fn load(pairs: Vec<Pair>) -> Result<Arc<Self>, TlsError> {
        let provider = ring::default_provider();
        let loaded = read_all(&pairs, &provider)?;
        let certificates = Self { pairs, provider, loaded: RwLock::new(loaded), wanted: Notify::new() };
        certificates.warn_of_expiry();
        Ok(Arc::new(certificates))
    }

    pub(super) fn acceptor(self: &Arc<Self>) -> Result<TlsAcceptor, TlsError> {
        let builder = ServerConfig::builder_with_provider(Arc::new(self.provider.clone()));
        let builder = builder.with_safe_default_protocol_versions().map_err(TlsError::Setup)?;
        let mut config = builder.with_no_client_auth().with_cert_resolver(Arc::clone(self) as _);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        config.ticketer = ring::Ticketer::new().map_err(TlsError::Setup)?;
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    /// Looks at the files at once, whether they seem to have changed or not.
    pub(super) fn want_reload(&self) {
        self.wanted.notify_one();
    }

    /// Follows the files until the shutdown.
    pub(super) async fn follow(self: Arc<Self>, shutdown: CancellationToken) {
        let mut known = self.marks();
        let mut since_warning = Duration::ZERO;
        loop {
            let wanted = tokio::select! {
                () = shutdown.cancelled() => return,
                () = self.wanted.notified() => true,
                () = tokio::time::sleep(CHECK_EVERY) => false,
            };
            since_warning += CHECK_EVERY;
            if since_warning >= EXPIRY_CHECK_EVERY {
                since_warning = Duration::ZERO;
                self.warn_of_expiry();
            }
            // Before they are read: what changes meanwhile is noticed the next time.
            let now = self.marks();
            if wanted || now != known {
                known = now;
                self.reload();
            }
        }
    }

    fn reload(&self) {
        match read_all(&self.pairs, &self.provider) {
            Ok(loaded) => {
                *self.loaded.write().unwrap_or_else(PoisonError::into_inner) = loaded;
                tracing::info!("the certificates were read again");
                self.warn_of_expiry();
            }
            Err(error) => {
                tracing::error!(
                    error = chain(&error),
                    "the certificates in force stay, since the new ones cannot be used"
                );
            }
        }
    }

    fn warn_of_expiry(&self) {
        let now = SystemTime::now();
        let loaded = self.loaded.read().unwrap_or_else(PoisonError::into_inner);
        for (pair, Loaded { not_after, .. }) in self.pairs.iter().zip(&*loaded) {
            let until = httpdate::fmt_http_date(*not_after);
            match not_after.duration_since(now) {
                Ok(left) if left >= EXPIRY_NOTICE => {}
                Ok(_soon) => {
                    tracing::warn!(cert = %pair.cert.display(), until, "a certificate expires soon; renew it")
                }
                Err(_past) => tracing::warn!(
                    cert = %pair.cert.display(),
                    until,
                    "a certificate has expired, and viewers will refuse it; renew it"
                ),
            }
        }
    }

    /// What tells one state of the files from another.
    fn marks(&self) -> Vec<Option<(u64, u64, i64, i64)>> {
        let mark = |meta: Metadata| (meta.ino(), meta.len(), meta.mtime(), meta.mtime_nsec());
        let files = self.pairs.iter().flat_map(|pair| [&pair.cert, &pair.key]);
        files.map(|path| fs::metadata(path).ok().map(mark)).collect()
    }
}

/// The files of the certificates in force, for those who want to know what is wrong with them.
#[derive(Debug, Clone)]
pub struct CertificateFiles(pub(super) Arc<Certificates>);

impl CertificateFiles {
    /// What is wrong with the certificates in force, and with what lies in their files by now.
    #[must_use]
    pub fn findings(&self, now: SystemTime) -> Vec<Finding> {
        let loaded = self.0.loaded.read().unwrap_or_else(PoisonError::into_inner).clone();
        let mut findings = Vec::new();
        for (pair, Loaded { not_after, .. }) in self.0.pairs.iter().zip(loaded) {
            let path = || pair.cert.to_string_lossy().into_owned();
            let at = Timestamp::from_system(not_after);
            match not_after.duration_since(now) {
                Ok(left) if left >= EXPIRY_NOTICE => {}
                Ok(_soon) => findings.push(Finding::CertificateExpires { path: path(), at }),
                Err(_past) => findings.push(Finding::CertificateExpired { path: path(), at }),
            }
            if let Err(error) = read_pair(pair, &self.0.provider) {
                findings.push(Finding::CertificateUnusable { path: path(), reason: chain(&error) });
            }
        }
        findings
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let loaded = self.loaded.read().unwrap_or_else(PoisonError::into_inner);
        let name = hello.server_name().and_then(|name| ServerName::try_from(name).ok());
        let named = name.and_then(|name| loaded.iter().find(|loaded| has_name(&loaded.key, &name)));
        named.or(loaded.first()).map(|loaded| Arc::clone(&loaded.key))
    }
}

fn has_name(key: &CertifiedKey, name: &ServerName<'_>) -> bool {
    let certificate = key.end_entity_cert().ok().and_then(|der| EndEntityCert::try_from(der).ok());
    certificate.is_some_and(|certificate| certificate.verify_is_valid_for_subject_name(name).is_ok())
}

fn read_all(pairs: &[Pair], provider: &CryptoProvider) -> Result<Vec<Loaded>, TlsError> {
    pairs.iter().map(|pair| read_pair(pair, provider)).collect()
}

fn read_pair(pair: &Pair, provider: &CryptoProvider) -> Result<Loaded, TlsError> {
    let bytes = read(&pair.cert)?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    let certificates = certificates.map_err(|source| TlsError::Pem { path: pair.cert.clone(), source })?;
    let Some(first) = certificates.first() else {
        return Err(TlsError::NoCertificate { path: pair.cert.clone() });
    };
    let not_after =
        validity::not_after(first).ok_or_else(|| TlsError::Damaged { path: pair.cert.clone() })?;
    let key = PrivateKeyDer::from_pem_slice(&read(&pair.key)?).map_err(|source| match source {
        pem::Error::NoItemsFound => TlsError::NoKey { path: pair.key.clone() },
        source => TlsError::Pem { path: pair.key.clone(), source },
    })?;
    let key = CertifiedKey::from_der(certificates, key, provider)
        .map_err(|source| TlsError::Mismatch { pair: pair.clone(), source })?;
    Ok(Loaded { key: Arc::new(key), not_after })
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    let failed = |source| TlsError::Read { path: path.to_owned(), source };
    let meta = fs::metadata(path).map_err(failed)?;
    if !meta.is_file() || meta.len() > FILE_LEN_MAX {
        let what = "it is not a file, or larger than any certificate";
        return Err(failed(io::Error::new(io::ErrorKind::InvalidData, what)));
    }
    fs::read(path).map_err(failed)
}
