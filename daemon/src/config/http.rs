//! The `[http]` table: where viewers come in, and how much each of them may ask of the server.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Args, ConfigError, absolute, as_text, duration};
use crate::delivery::access_log::Target;
use crate::delivery::address::Network;
use crate::delivery::link::PublicUrl;
use crate::delivery::tls::Pair;
use crate::delivery::{Limits, PlainUse, TlsOptions};

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct HttpFile {
    listen: Option<SocketAddr>,
    public_url: Option<String>,
    connections: Option<usize>,
    connections_per_address: Option<usize>,
    head_timeout: Option<String>,
    idle_timeout: Option<String>,
    stall_timeout: Option<String>,
    min_rate: Option<u64>,
    trusted_proxies: Vec<String>,
    access_log: Option<String>,
    verify_dir: Option<PathBuf>,
    admin_listen: Option<String>,
    tls: Option<TlsFile>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TlsFile {
    cert: PathBuf,
    key: PathBuf,
    #[serde(default)]
    more: Vec<Pair>,
    plain_listen: Option<SocketAddr>,
    #[serde(default)]
    plain: PlainUse,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tls {
    /// The first is for viewers who ask for no name that one of them has.
    pub certificates: Vec<Pair>,
    /// An address without TLS besides.
    pub plain_listen: Option<SocketAddr>,
    /// What it is for.
    pub plain: PlainUse,
}

impl Tls {
    fn resolve(file: TlsFile, public_url: Option<&PublicUrl>) -> Result<Self, ConfigError> {
        if let Some(url) = public_url.filter(|url| !url.is_secure()) {
            return Err(ConfigError::PlainPublicUrl { url: url.to_string() });
        }
        let TlsFile { cert, key, more, plain_listen, plain } = file;
        let pairs = std::iter::once(Pair { cert, key }).chain(more);
        let certificates =
            pairs.map(|pair| Pair { cert: absolute(pair.cert), key: absolute(pair.key) }).collect();
        Ok(Self { certificates, plain_listen, plain })
    }

    #[must_use]
    pub fn options(&self) -> TlsOptions {
        TlsOptions {
            pairs: self.certificates.clone(),
            plain: self.plain_listen.map(|addr| (addr, self.plain)),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Http {
    pub listen: SocketAddr,
    #[serde(serialize_with = "url_as_text")]
    pub public_url: Option<PublicUrl>,
    /// Connections at a time.
    pub connections: usize,
    /// Connections at a time from one address, or one /64 of IPv6.
    pub connections_per_address: usize,
    /// How long a request may take to arrive.
    #[serde(serialize_with = "as_text")]
    pub head_timeout: Duration,
    /// How long a connection is kept without a request.
    #[serde(serialize_with = "as_text")]
    pub idle_timeout: Duration,
    /// How long a viewer may take nothing of an answer.
    #[serde(serialize_with = "as_text")]
    pub stall_timeout: Duration,
    /// Bytes per second that a viewer must take of an answer, on average over the stall timeout; 0 for no such rule.
    pub min_rate: u64,
    /// Proxies whose word on the viewer's address is taken.
    pub trusted_proxies: Vec<Network>,
    /// Where a line for each answer goes; `-` is standard output.
    pub access_log: Option<Target>,
    /// Files that prove whose domain this is, served at the top level.
    pub verify_dir: Option<PathBuf>,
    pub admin_listen: AdminListen,
    pub tls: Option<Tls>,
}

/// Where `/metrics` and `/healthz` are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdminListen {
    Off,
    /// Nobody asked for it, so it is left out where another daemon has the address.
    Default,
    At(SocketAddr),
}

impl AdminListen {
    pub const DEFAULT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9464);

    fn resolve(text: Option<String>) -> Result<Self, ConfigError> {
        match text.as_deref() {
            None => Ok(Self::Default),
            Some("") => Ok(Self::Off),
            Some(text) => match text.parse() {
                Ok(addr) => Ok(Self::At(addr)),
                Err(_no_address) => Err(ConfigError::AdminListen { value: text.to_owned() }),
            },
        }
    }
}

impl Serialize for AdminListen {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Off => serializer.serialize_str(""),
            Self::Default => serializer.collect_str(&Self::DEFAULT),
            Self::At(addr) => serializer.collect_str(addr),
        }
    }
}

impl Http {
    pub(super) fn resolve(args: &Args, file: HttpFile) -> Result<Self, ConfigError> {
        let defaults = Limits::default();
        let public_url = match args.public_url.clone().or(file.public_url) {
            Some(url) => Some(url.parse().map_err(|source| ConfigError::PublicUrl { url, source })?),
            None => None,
        };
        let proxies = file
            .trusted_proxies
            .into_iter()
            .map(|value| value.parse().map_err(|source| ConfigError::TrustedProxy { value, source }));
        let tls = file.tls.map(|tls| Tls::resolve(tls, public_url.as_ref())).transpose()?;
        let default_listen = SocketAddr::from(([0, 0, 0, 0], 8080));
        let per_address = file.connections_per_address;
        Ok(Self {
            listen: args.listen.or(file.listen).unwrap_or(default_listen),
            public_url,
            connections: at_least_one("http.connections", file.connections, defaults.connections)?,
            connections_per_address: at_least_one(
                "http.connections_per_address",
                per_address,
                defaults.connections_per_address,
            )?,
            head_timeout: timeout("http.head_timeout", file.head_timeout, defaults.head)?,
            idle_timeout: timeout("http.idle_timeout", file.idle_timeout, defaults.idle)?,
            stall_timeout: timeout("http.stall_timeout", file.stall_timeout, defaults.stall)?,
            min_rate: file.min_rate.unwrap_or(defaults.min_rate),
            trusted_proxies: proxies.collect::<Result<_, _>>()?,
            verify_dir: file.verify_dir.map(absolute),
            access_log: file.access_log.filter(|target| !target.is_empty()).map(log_target),
            admin_listen: AdminListen::resolve(file.admin_listen)?,
            tls,
        })
    }

    /// As the server takes them.
    #[must_use]
    pub fn limits(&self) -> Limits {
        Limits {
            connections: self.connections,
            connections_per_address: self.connections_per_address,
            files: Limits::default().files,
            head: self.head_timeout,
            idle: self.idle_timeout,
            stall: self.stall_timeout,
            min_rate: self.min_rate,
        }
    }
}

fn log_target(text: String) -> Target {
    if text == "-" { Target::StandardOutput } else { Target::File(absolute(text.into())) }
}

fn at_least_one(field: &'static str, value: Option<usize>, default: usize) -> Result<usize, ConfigError> {
    match value.unwrap_or(default) {
        0 => Err(ConfigError::Zero { field }),
        count => Ok(count),
    }
}

/// Without time nobody could ask for anything.
fn timeout(field: &'static str, value: Option<String>, default: Duration) -> Result<Duration, ConfigError> {
    let timeout = duration(field, value, default.as_secs())?;
    if timeout.is_zero() { Err(ConfigError::Zero { field }) } else { Ok(timeout) }
}

#[expect(clippy::ref_option, reason = "serde passes fields by reference")]
fn url_as_text<S: serde::Serializer>(url: &Option<PublicUrl>, serializer: S) -> Result<S::Ok, S::Error> {
    url.as_ref().map(PublicUrl::as_str).serialize(serializer)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    fn resolved(text: &str) -> Result<Http, ConfigError> {
        Http::resolve(&Args::try_parse_from(["vodpostd"]).unwrap(), toml::from_str(text).unwrap())
    }

    #[test]
    fn what_is_not_said_is_as_the_server_has_it() {
        let http = resolved("").unwrap();
        assert_eq!(http.limits(), Limits::default());
        assert_eq!(http.trusted_proxies, []);
    }

    #[test]
    fn every_limit_can_be_set() {
        let http = resolved(
            "connections = 9\nconnections_per_address = 3\nhead_timeout = \"1s\"\nidle_timeout = \"2s\"\n\
             stall_timeout = \"3s\"\nmin_rate = 0\ntrusted_proxies = [\"127.0.0.1\", \"10.0.0.0/8\"]",
        );
        let http = http.unwrap();
        let seconds = Duration::from_secs;
        let expected = Limits {
            connections: 9,
            connections_per_address: 3,
            files: Limits::default().files,
            head: seconds(1),
            idle: seconds(2),
            stall: seconds(3),
            min_rate: 0,
        };
        assert_eq!(http.limits(), expected);
        let written = serde_json::to_value(&http).unwrap();
        assert_eq!(written["trusted_proxies"], serde_json::json!(["127.0.0.1/32", "10.0.0.0/8"]));
        assert_eq!(written["stall_timeout"], "3s");
    }

    #[test]
    fn limits_that_let_nobody_in_are_refused_by_name() {
        for (text, part) in [
            ("connections = 0", "http.connections must"),
            ("connections_per_address = 0", "http.connections_per_address must"),
            ("head_timeout = \"0s\"", "http.head_timeout must"),
            ("stall_timeout = \"soon\"", "http.stall_timeout is"),
            ("admin_listen = \"localhost\"", "http.admin_listen is \"localhost\""),
            ("trusted_proxies = [\"my proxy\"]", "http.trusted_proxies holds \"my proxy\""),
        ] {
            let error = resolved(text).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
