//! How the rest of the daemon talks to the engine.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{broadcast, mpsc, oneshot};
use vodpost_protocol::event::Push;
use vodpost_protocol::ids::{InstanceId, VideoId};
use vodpost_protocol::refusal::Refusal;
use vodpost_protocol::reply::Answer;
use vodpost_protocol::request::Request;
use vodpost_protocol::status::ScanProgressView;

use super::desk::Desk;
use crate::clients::Peer;
use crate::core::input::{FoundFile, Input, Scan};

const INBOX_LEN: usize = 1024;
/// Pushes that a subscriber may be behind before it is told to read anew.
const PUSHES_LEN: usize = 1024;

/// Which of these files does the engine not know yet?
pub(super) struct UnknownFiles {
    pub(super) listing: Vec<(Arc<Path>, FoundFile)>,
    pub(super) answer: oneshot::Sender<Vec<(Arc<Path>, FoundFile)>>,
}

pub(super) enum Message {
    Ask {
        peer: Peer,
        request: Request,
        answerer: Answerer,
    },
    Input(Input),
    UnknownFiles(UnknownFiles),
    /// A folder that somebody wants in the library was looked at.
    Examined {
        peer: Peer,
        examined: Result<Arc<Path>, Refusal>,
        answerer: Answerer,
    },
    ScanBegins,
    SourceDiffers(VideoId),
    Stop(oneshot::Sender<()>),
}

/// Takes the answer to one request back to its session.
pub struct Answerer {
    id: u32,
    session: mpsc::Sender<(u32, Result<Answer, Refusal>)>,
}

impl Answerer {
    /// The session keeps room for every request that it let through.
    #[must_use]
    pub fn new(id: u32, session: mpsc::Sender<(u32, Result<Answer, Refusal>)>) -> Self {
        Self { id, session }
    }

    /// Whether the client is still there.
    pub(crate) fn is_wanted(&self) -> bool {
        !self.session.is_closed()
    }

    pub(crate) fn answer(self, result: Result<Answer, Refusal>) {
        if self.session.try_send((self.id, result)).is_err() {
            tracing::debug!("a client left before its answer");
        }
    }
}

#[derive(Clone)]
pub struct EngineHandle {
    inbox: mpsc::Sender<Message>,
    pushes: broadcast::Sender<Push>,
    instance: InstanceId,
    pub(super) newest_seq: Arc<AtomicU64>,
    pub(super) desk: Desk,
}

/// The two ends, before the engine exists.
pub struct Channel {
    pub handle: EngineHandle,
    pub(super) inbox: mpsc::Receiver<Message>,
    pub(super) pushes: broadcast::Sender<Push>,
}

impl Channel {
    #[must_use]
    pub fn open(instance: InstanceId) -> Self {
        let (sender, inbox) = mpsc::channel(INBOX_LEN);
        let (pushes, _) = broadcast::channel(PUSHES_LEN);
        let newest_seq = Arc::new(AtomicU64::new(0));
        let desk = Desk::default();
        let handle = EngineHandle { inbox: sender, pushes: pushes.clone(), instance, newest_seq, desk };
        Self { handle, inbox, pushes }
    }
}

impl EngineHandle {
    #[must_use]
    pub fn instance(&self) -> InstanceId {
        self.instance
    }

    /// The newest event that is durable.
    #[must_use]
    pub fn newest_seq(&self) -> u64 {
        self.newest_seq.load(Ordering::Acquire)
    }

    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Push> {
        self.pushes.subscribe()
    }

    /// The answer to a request that changes nothing, if it can be had without waiting. The caller has checked who asks.
    #[must_use]
    pub fn look(&self, request: &Request) -> Option<Result<Answer, Refusal>> {
        self.desk.look(request)
    }

    /// Hands a request over; the answer goes to the answerer.
    ///
    /// # Errors
    /// When the daemon is ending.
    pub async fn ask(&self, peer: Peer, request: Request, answerer: Answerer) -> Result<(), Refusal> {
        let sent = self.inbox.send(Message::Ask { peer, request, answerer }).await;
        sent.map_err(|_closed| Refusal::ShuttingDown)
    }

    pub async fn input(&self, input: Input) {
        self.send(Message::Input(input)).await;
    }

    pub async fn scan_begins(&self) {
        self.send(Message::ScanBegins).await;
    }

    pub(super) async fn examined(
        &self,
        peer: Peer,
        examined: Result<Arc<Path>, Refusal>,
        answerer: Answerer,
    ) {
        self.send(Message::Examined { peer, examined, answerer }).await;
    }

    /// How far a look at the roots is: no change, so it passes the loop by.
    pub fn scan_advances(&self, progress: ScanProgressView) {
        if self.pushes.send(Push::Scan(progress)).is_err() {
            tracing::trace!("nobody is told");
        }
    }

    pub async fn scanned(&self, scan: Scan) {
        self.send(Message::Input(Input::Scanned(scan))).await;
    }

    pub async fn source_differs(&self, video: VideoId) {
        self.send(Message::SourceDiffers(video)).await;
    }

    /// Which of these files have to be looked into; `None` when the daemon is ending.
    pub async fn unknown_files(
        &self,
        listing: Vec<(Arc<Path>, FoundFile)>,
    ) -> Option<Vec<(Arc<Path>, FoundFile)>> {
        let (answer, answered) = oneshot::channel();
        self.send(Message::UnknownFiles(UnknownFiles { listing, answer })).await;
        answered.await.ok()
    }

    /// Ends the engine; returns when the state is closed.
    pub async fn stop(&self) {
        let (stopped, wait) = oneshot::channel();
        self.send(Message::Stop(stopped)).await;
        if wait.await.is_err() {
            tracing::debug!("the engine had ended already");
        }
    }

    async fn send(&self, message: Message) {
        if self.inbox.send(message).await.is_err() {
            tracing::debug!("a message came after the engine had ended");
        }
    }
}
