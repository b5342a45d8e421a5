//! The daemon as a function: [`start`] with a checked configuration gives a running [`Daemon`], and says why when not.
//!
//! The order of starting: lock the state, read it, bind the public address, bind the socket, run the engine, look at the
//! library. The order of ending is the reverse, so that no client is answered after the state is closed.

mod engine_thread;
mod servers;

use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use vodpost_protocol::account::VerificationState;
use vodpost_protocol::ids::InstanceId;
use vodpost_protocol::time::Timestamp;

use crate::checkup::{self, Viewers};
use crate::clients::listener::{self, House, SocketError};
use crate::config::Config;
use crate::convert::{self, Kind, Ours};
use crate::core::Core;
use crate::core::artifact::Form;
use crate::core::roots::{self, Root};
use crate::core::state::{Settings, State};
use crate::core::video::Conversion;
use crate::delivery::access_log::{AccessLog, Target};
use crate::delivery::metrics::Metrics;
use crate::delivery::{self, link::PublicUrl, table::Table};
use crate::dice::SystemDice;
use crate::engine::{Channel, EngineHandle, Facts, Jobs, Parts};
use crate::error::chain;
use crate::guard::Guard;
use crate::library;
use crate::media::Tools;
use crate::monitor;
use crate::posters::{self, Posters};
use crate::seal::{KEY_FILE, SealError, Sealer};
use crate::state_dir::{self, StateDirError};
use crate::store::{self, Backup, Store, StoreError};
use crate::usage;
use servers::{limits, listen_for_monitors, open_access_log, serve, start_monitor};

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    StateDir(#[from] StateDirError),
    #[error("a thread cannot be started")]
    Thread(#[source] io::Error),
    #[error(transparent)]
    Serve(#[from] delivery::ServeError),
    #[error(
        "cannot open the access log {target}; set http.access_log to a file that can be written, or to \"-\""
    )]
    AccessLog { target: Target, source: io::Error },
    #[error("cannot listen on {addr} for /metrics; set http.admin_listen to another address, or to \"\"")]
    AdminListen { addr: SocketAddr, source: io::Error },
    #[error("no random numbers from the system")]
    Random(#[from] getrandom::Error),
    #[error(transparent)]
    Socket(#[from] SocketError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Seal(#[from] SealError),
}

impl StartError {
    /// Whether another daemon is the reason.
    #[must_use]
    pub fn is_already_running(&self) -> bool {
        match self {
            Self::StateDir(StateDirError::InUse { .. })
            | Self::Socket(SocketError::AlreadyRunning { .. }) => true,
            Self::StateDir(StateDirError::Io { .. })
            | Self::Thread(_)
            | Self::Serve(_)
            | Self::AccessLog { .. }
            | Self::AdminListen { .. }
            | Self::Random(_)
            | Self::Socket(SocketError::Folder(_) | SocketError::Io { .. })
            | Self::Store(_)
            | Self::Seal(_) => false,
        }
    }
}

pub struct Daemon {
    pub http_addr: SocketAddr,
    pub admin_addr: Option<SocketAddr>,
    /// Where viewers without TLS come in, if there is TLS and they have an address.
    pub plain_addr: Option<SocketAddr>,
    pub public_url: Arc<PublicUrl>,
    pub socket: PathBuf,
    engine: EngineHandle,
    table: Arc<Table>,
    server: delivery::Server,
    access_log: Option<AccessLog>,
    guard: Guard,
    tasks: Vec<tokio::task::JoinHandle<()>>,
    /// The engine, and the maker of posters and the writer of the access log where there are such.
    threads: Vec<std::thread::JoinHandle<()>>,
    shutdown: CancellationToken,
    _lock: File,
}

/// What was found in the state folder, held under its lock.
struct Prepared {
    lock: File,
    core: Core,
    store: Store,
    /// Why the store cannot store for now.
    refuses: Option<String>,
    sealer: Sealer,
    artifacts: Arc<Path>,
}

/// Locks the state folder and reads it.
fn prepare(config: &Config) -> Result<Prepared, StartError> {
    let artifacts: Arc<Path> = config.state_dir.join("artifacts").into();
    state_dir::make(&config.state_dir)?;
    let lock = state_dir::lock(&config.state_dir)?;
    state_dir::make(&artifacts)?;
    let (store, loaded) = Store::open(&config.state_dir)?;
    for notice in &loaded.notices {
        tracing::warn!("{notice}");
    }
    // After the state, which a key without a state would be taken for the rest of.
    let holds_sealed = loaded.state.account().state() != VerificationState::None;
    let sealer = Sealer::open(&config.state_dir.join(KEY_FILE), holds_sealed)?;
    sweep(&artifacts, &loaded.state);
    let core = Core::new(loaded.state, settings(config), Box::new(SystemDice));
    for root in roots::all(core.state(), core.settings()) {
        if let Root::Eclipsed { added, by } = root {
            let (added, by) = (added.path.display(), by.display());
            tracing::warn!(%added, %by, "an added folder overlaps with one of the configuration and is left out");
        }
    }
    Ok(Prepared { lock, core, store, refuses: loaded.refuses, sealer, artifacts })
}

/// # Errors
/// What stands in the way, with what to do about it.
pub async fn start(config: Config) -> Result<Daemon, StartError> {
    let instance = instance()?;
    let Prepared { lock, core, store, refuses, sealer, artifacts } = prepare(&config)?;
    let tools = Arc::new(find_tools(&config));
    let guard = tools.guard.clone();

    let shutdown = CancellationToken::new();
    // Before the first viewer can come, or a live URL would be unknown for a moment.
    let table = published(&core, &artifacts);
    let (notices, noticed) = delivery::notices();
    let (posters, maker) =
        posters::start(&table, &tools, &artifacts, shutdown.child_token()).map_err(StartError::Thread)?;
    let (limits, metrics) = (limits(&config), Arc::<Metrics>::default());
    let (access_log, writer) = open_access_log(&config, &metrics)?.unzip();
    let log = (access_log.clone(), Arc::clone(&metrics));
    let server = serve(&config, limits, &table, artifacts.to_path_buf(), notices, log, &shutdown)?;
    let admin = listen_for_monitors(&config)?;
    let socket = listener::bind(&config.socket, config.roles.admit_others())?;
    note_socket(&lock, &config.socket);

    let channel = Channel::open(instance);
    let engine = channel.handle.clone();
    let (scan_wanted, scans) = mpsc::channel(1);
    let jobs = Jobs::new(Handle::current(), Arc::clone(&tools), artifacts, posters.clone());
    let sources =
        monitor::Sources { engine: engine.clone(), metrics, jobs: jobs.counts(), server: server.handle() };
    let facts = facts(&config, &server, &tools);
    let (checkups, checked) =
        checkup::start(subjects(&config, limits, &server, &facts), shutdown.child_token());
    let (roots, library) = library_options(&config, &facts, core.roots());
    let parts = Parts {
        core,
        store,
        refuses,
        table: Arc::clone(&table),
        sealer,
        jobs,
        facts,
        checkups,
        scan_wanted,
        roots,
        events_kept_for: config.events.keep_for,
    };
    let (engine_thread, beside) = engine_thread::start(parts, channel).await.map_err(StartError::Thread)?;
    let house = House::new(config.roles, engine.clone(), beside, shutdown.child_token());
    let mut tasks = vec![
        checked,
        tokio::spawn(library::run(library, tools, engine.clone(), scans, shutdown.child_token())),
        tokio::spawn(listener::serve(socket, house)),
        tokio::spawn(watch_delivery(noticed, posters, engine.clone(), shutdown.child_token())),
        tokio::spawn(usage::run(Arc::clone(&table), engine.clone(), shutdown.child_token())),
    ];
    let admin_addr = admin.as_ref().map(|(_, addr)| *addr);
    tasks.extend(start_monitor(admin, sources, &shutdown)?);
    let (http_addr, socket, public_url) = (server.addr, config.socket, Arc::clone(&server.public_url));
    let threads = [engine_thread].into_iter().chain(maker).chain(writer).collect();
    Ok(Daemon {
        http_addr,
        admin_addr,
        plain_addr: server.plain_addr,
        public_url,
        socket,
        engine,
        table,
        server,
        access_log,
        guard,
        tasks,
        threads,
        shutdown,
        _lock: lock,
    })
}

type RootsTeller = watch::Sender<Vec<Arc<Path>>>;

/// It is information only: a disk that takes nothing must not keep what there is from being served.
fn note_socket(lock: &File, socket: &Path) {
    if let Err(error) = state_dir::note_socket(lock, socket) {
        tracing::warn!(error = chain(&error), "another daemon cannot be told where this one listens");
    }
}

/// Another one with each start.
fn instance() -> Result<InstanceId, StartError> {
    let mut seed = [0; 8];
    getrandom::fill(&mut seed)?;
    Ok(InstanceId(u64::from_le_bytes(seed)))
}

fn published(core: &Core, artifacts: &Arc<Path>) -> Arc<Table> {
    let table = Table::new();
    table.apply(core.all_publications(artifacts));
    Arc::new(table)
}

fn facts(config: &Config, server: &delivery::Server, tools: &Arc<Tools>) -> Facts {
    Facts {
        started_at: Timestamp::from_system(SystemTime::now()),
        http_addr: server.addr.to_string(),
        public_url: Arc::clone(&server.public_url),
        socket: config.socket.clone(),
        state_dir: config.state_dir.clone(),
        restored_at: state_dir::restored_at(&config.state_dir),
        coverage: Arc::default(),
        tools: Arc::clone(tools),
        ffmpeg_version: ask_version(tools),
    }
}

/// How the folders are looked at, and how it is told when they become others.
fn library_options(config: &Config, facts: &Facts, roots: Vec<Arc<Path>>) -> (RootsTeller, library::Options) {
    let (teller, roots) = watch::channel(roots);
    let options = library::Options {
        roots,
        coverage: Arc::clone(&facts.coverage),
        settle: config.library.settle,
        rescan: config.library.rescan,
        trash_days: config.library.trash_days,
        watch: config.library.watch,
    };
    (teller, options)
}

fn subjects(
    config: &Config,
    limits: delivery::Limits,
    server: &delivery::Server,
    facts: &Facts,
) -> checkup::Subjects {
    let wanted = config.http.limits().connections;
    checkup::Subjects {
        state_dir: facts.state_dir.clone(),
        tools: Arc::clone(&facts.tools),
        coverage: Arc::clone(&facts.coverage),
        certificates: server.certificate_files(),
        guessed_url: config.http.public_url.is_none().then(|| server.public_url.to_string()),
        viewers: Viewers { admitted: limits.connections, wanted },
    }
}

/// Fills an empty state folder from a backup.
///
/// # Errors
/// When the backup does not check, or there is a state or a daemon already.
pub fn restore(config: &Config, backup: &Path) -> Result<Backup, StartError> {
    state_dir::make(&config.state_dir)?;
    let _lock = state_dir::lock(&config.state_dir)?;
    let restored = store::restore(backup, &config.state_dir, &config.state_dir.join(KEY_FILE))?;
    state_dir::note_restored(&config.state_dir, Timestamp::from_system(SystemTime::now()))?;
    Ok(restored)
}

impl Daemon {
    /// What SIGHUP asks for: files that were moved away or replaced are opened again.
    pub fn reload(&self) {
        self.server.reload();
        if let Some(log) = self.access_log.clone() {
            tokio::task::spawn_blocking(move || log.reopen());
        }
    }

    /// Ends everything in order; the state is closed when this returns.
    pub async fn stop(self) {
        self.shutdown.cancel();
        // A look into a file that hangs would be waited for.
        self.guard.end_all();
        for task in self.tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a task did not end cleanly");
            }
        }
        self.server.join().await;
        usage::report(&self.table, &self.engine).await;
        self.engine.stop().await;
        // Its writer ends with the last who could write.
        drop(self.access_log);
        for thread in self.threads {
            let name = thread.thread().name().unwrap_or_default().to_owned();
            let joined = tokio::task::spawn_blocking(move || thread.join()).await;
            if !matches!(joined, Ok(Ok(()))) {
                tracing::error!(name, "a thread did not end cleanly");
            }
        }
    }
}

/// Where the tools are, and the guard that the settings ask for.
#[must_use]
pub fn find_tools(config: &Config) -> Tools {
    let conversion = &config.conversion;
    let guard = Guard::new(conversion.sandbox, conversion.sandbox_read.clone());
    let (ffmpeg, ffprobe) = (conversion.ffmpeg.clone(), conversion.ffprobe.clone());
    Tools::with(ffmpeg, ffprobe, std::env::var_os("PATH").as_deref()).guarded_by(guard)
}

/// Trying the tools takes longer than starting; nobody has to wait for it but those who use them.
fn ask_version(tools: &Arc<Tools>) -> Arc<OnceLock<String>> {
    let known = Arc::new(OnceLock::new());
    let (tools, answer) = (Tools::clone(tools), Arc::clone(&known));
    tokio::task::spawn_blocking(move || {
        let Some(survey) = tools.survey() else { return };
        for warning in &survey.warnings {
            tracing::warn!("{warning}");
        }
        answer.get_or_init(|| survey.text);
    });
    known
}

fn settings(config: &Config) -> Settings {
    Settings {
        conversion_deadline: config.conversion.deadline,
        missing_grace: config.library.missing_grace,
        four_eyes: config.account.four_eyes,
        events_kept: config.events.keep,
        workers: config.conversion.workers,
        retries: config.conversion.retries,
        list_postings: config.platform.list,
        roots: config.library.roots.iter().map(|root| Arc::from(root.as_path())).collect(),
        roots_origin: config.library.origin.clone(),
        // Folders of the library go by their true names as well.
        state_dir: std::fs::canonicalize(&config.state_dir).unwrap_or_else(|_| config.state_dir.clone()),
    }
}

/// Removes what earlier runs left in the artifact folder and nothing refers to.
fn sweep(folder: &Path, state: &State) {
    let keep = |ours: Ours| {
        let video = state.video(ours.job.video);
        let Some(Conversion::Ready(ready)) = video.map(|video| &video.conversion) else { return false };
        match (ours.kind, &ready.artifact.form) {
            (Kind::Video, Form::File { name, .. }) => **name == *ours.to_string(),
            (Kind::Video, Form::AsIs | Form::Relocated) => false,
            (Kind::Poster, _) => ready.order.attempt == ours.job.attempt,
        }
    };
    match convert::sweep(folder, keep) {
        Ok(0) => {}
        Ok(count) => tracing::info!(count, "left-over files were removed from the artifact folder"),
        Err(error) => tracing::warn!(%error, "the artifact folder could not be swept"),
    }
}

async fn watch_delivery(
    mut noticed: delivery::Noticed,
    posters: Posters,
    engine: EngineHandle,
    shutdown: CancellationToken,
) {
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            Some(video) = noticed.differs.recv() => engine.source_differs(video).await,
            Some(token) = noticed.posters.recv() => posters.want(token),
            else => return,
        }
    }
}
