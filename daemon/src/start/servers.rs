//! The two HTTP servers, with what the configuration says of them: viewers' and monitors'.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::StartError;
use crate::config::{AdminListen, Config, Tls};
use crate::delivery::access_log::AccessLog;
use crate::delivery::metrics::Metrics;
use crate::delivery::{self, link::PublicUrl, table::Table};
use crate::{monitor, open_files};

pub(super) fn start_monitor(
    admin: Option<(std::net::TcpListener, SocketAddr)>,
    sources: monitor::Sources,
    shutdown: &CancellationToken,
) -> Result<Option<tokio::task::JoinHandle<()>>, StartError> {
    let Some((listener, addr)) = admin else { return Ok(None) };
    let monitor = monitor::start(listener, sources, shutdown.child_token());
    monitor.map(Some).map_err(|source| StartError::AdminListen { addr, source })
}

/// Several daemons on one machine have one default address between them.
pub(super) fn listen_for_monitors(
    config: &Config,
) -> Result<Option<(std::net::TcpListener, SocketAddr)>, StartError> {
    match config.http.admin_listen {
        AdminListen::Off => Ok(None),
        AdminListen::At(addr) => {
            monitor::bind(addr).map(Some).map_err(|source| StartError::AdminListen { addr, source })
        }
        AdminListen::Default => Ok(monitor::bind(AdminListen::DEFAULT)
            .inspect_err(|error| {
                tracing::info!(%error, addr = %AdminListen::DEFAULT, "no /metrics; set http.admin_listen")
            })
            .ok()),
    }
}

pub(super) fn open_access_log(
    config: &Config,
    metrics: &Arc<Metrics>,
) -> Result<Option<(AccessLog, std::thread::JoinHandle<()>)>, StartError> {
    let Some(target) = config.http.access_log.clone() else { return Ok(None) };
    let started = AccessLog::start(target.clone(), Arc::clone(metrics));
    started.map(Some).map_err(|source| StartError::AccessLog { target, source })
}

pub(super) fn serve(
    config: &Config,
    limits: delivery::Limits,
    table: &Arc<Table>,
    posters: PathBuf,
    notices: delivery::Notices,
    (access_log, metrics): (Option<AccessLog>, Arc<Metrics>),
    shutdown: &CancellationToken,
) -> Result<delivery::Server, StartError> {
    let addr = config.http.listen;
    let options = delivery::Options {
        listen: addr,
        tls: config.http.tls.as_ref().map(Tls::options),
        public_url: config
            .http
            .public_url
            .clone()
            .or_else(|| in_this_network(addr, config.http.tls.is_some())),
        posters,
        limits,
        trusted_proxies: config.http.trusted_proxies.clone(),
        access_log,
        metrics,
        platform: config.platform.site.clone(),
        verify_dir: config.http.verify_dir.clone(),
    };
    Ok(delivery::start(options, Arc::clone(table), notices, shutdown.child_token())?)
}

pub(super) fn limits(config: &Config) -> delivery::Limits {
    let limits = config.http.limits();
    let open_files = open_files::raise();
    let connections = open_files::viewers(open_files, limits.connections);
    if connections < limits.connections {
        tracing::warn!(
            connections,
            "few files may be open, and so few viewers be served at a time (ulimit -n)"
        );
    }
    delivery::Limits { connections, files: open_files::watched(open_files), ..limits }
}

/// What URLs begin with when the daemon listens on every address and was not told its name: the first address that
/// others in the network can reach. `None` where the address says it already.
fn in_this_network(listen: SocketAddr, is_secure: bool) -> Option<PublicUrl> {
    if !listen.ip().is_unspecified() || listen.port() == 0 {
        return None;
    }
    let interfaces = match nix::ifaddrs::getifaddrs() {
        Ok(interfaces) => interfaces,
        Err(error) => {
            tracing::warn!(%error, "the network interfaces cannot be read; say --public-url");
            return None;
        }
    };
    let address = interfaces
        .filter_map(|interface| Some(interface.address?.as_sockaddr_in()?.ip()))
        .find(|ip| !ip.is_loopback() && !ip.is_link_local())?;
    let addr = SocketAddr::from((address, listen.port()));
    Some(if is_secure { PublicUrl::secure(addr) } else { PublicUrl::of_address(addr) })
}
