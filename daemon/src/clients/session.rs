//! One client: greeting, then requests to the engine, replies and pushes back. Everything that the peer chooses is
//! bounded: the time of the greeting, the length of calls, how many are under way, what waits to be read, and for how long.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::net::unix::{ReadHalf, WriteHalf};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast, mpsc};
use tokio::time::{Instant, sleep_until, timeout};
use vodpost_protocol::PROTOCOL_NUMBER;
use vodpost_protocol::codec::CodecError;
use vodpost_protocol::event::Push;
use vodpost_protocol::frame::FrameTooLarge;
use vodpost_protocol::hello::{CLIENT_HELLO_LEN, ClientHello, DaemonHello, NotVodpost, Role};
use vodpost_protocol::refusal::Refusal;
use vodpost_protocol::reply::{Answer, Message};
use vodpost_protocol::request::{Call, Request};

use super::Peer;
use super::calls::{CALL_LEN_MAX, CallError, Calls, Taken};
use super::outbox::{Outbox, STALL};
use super::pace::Pace;
use super::places::Place;
use crate::core::roles;
use crate::engine::{Answerer, EngineHandle};

const HELLO_TIMEOUT: Duration = Duration::from_secs(10);
/// Requests of one client that may wait for their answers; further ones are not read until then.
const CALLS_MAX: usize = 64;
const READ_LEN: usize = 16 << 10;
/// Long answers that may be on their way from the engine to the sessions at a time.
const LONG_MAX: usize = 16;

#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    #[error("the connection broke")]
    Io(#[from] io::Error),
    #[error("no greeting within {} s", HELLO_TIMEOUT.as_secs())]
    HelloTimeout,
    #[error("it did not read for {} s", STALL.as_secs())]
    Stalled,
    #[error("too many clients")]
    Full,
    #[error("too many clients connected after it, and it had not asked for anything")]
    SentAway,
    #[error("its role cannot be found out")]
    Role(#[from] tokio::task::JoinError),
    #[error(transparent)]
    NotVodpost(#[from] NotVodpost),
    #[error("it speaks protocol {0}")]
    OtherProtocol(u32),
    #[error("uid {0} may not connect")]
    NotAdmitted(u32),
    #[error(transparent)]
    Frame(#[from] FrameTooLarge),
    #[error(transparent)]
    Codec(#[from] CodecError),
}

impl From<CallError> for SessionError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Frame(error) => Self::Frame(error),
            CallError::Codec(error) => Self::Codec(error),
        }
    }
}

/// What all sessions share.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) engine: EngineHandle,
    /// One for each answer that may be as long as a frame, from the question until it is bytes.
    long: Arc<Semaphore>,
}

impl Shared {
    pub(super) fn new(engine: EngineHandle) -> Self {
        Self { engine, long: Arc::new(Semaphore::new(LONG_MAX)) }
    }
}

/// Serves one client, which was greeted, until it leaves.
///
/// # Errors
/// Why it was dropped.
pub(super) async fn run(
    stream: &mut UnixStream,
    peer: Peer,
    place: Place,
    shared: Shared,
) -> Result<(), SessionError> {
    let (answers, answered) = mpsc::channel(CALLS_MAX);
    let mut session = Session {
        peer,
        place,
        engine: shared.engine,
        long: shared.long,
        answers,
        answered,
        waiting: 0,
        held: None,
        long_answer: None,
        calls: Calls::default(),
        outbox: Outbox::new(),
        pushes: None,
        subscribed: false,
        newest_seq: 0,
        pace: Pace::default(),
    };
    let (mut reader, mut writer) = stream.split();
    session.serve(&mut reader, &mut writer).await
}

/// Exchanges greetings.
///
/// # Errors
/// When there is nothing more to say to this client.
pub(super) async fn greet(
    stream: &mut UnixStream,
    peer: &Peer,
    engine: &EngineHandle,
) -> Result<(), SessionError> {
    let hello = DaemonHello {
        protocol: PROTOCOL_NUMBER,
        role: peer.role,
        instance: engine.instance(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        uid: peer.uid,
    };
    // Ours goes out first, so that even a client that is not let in, or speaks another protocol, learns why.
    let mut bytes = [0; CLIENT_HELLO_LEN];
    timeout(HELLO_TIMEOUT, async {
        stream.write_all(&hello.to_bytes()).await?;
        if peer.role == Role::None {
            return Ok(());
        }
        stream.read_exact(&mut bytes).await.map(|_len| ())
    })
    .await
    .map_err(|_elapsed| SessionError::HelloTimeout)??;
    if peer.role == Role::None {
        return Err(SessionError::NotAdmitted(peer.uid));
    }
    let theirs = ClientHello::from_bytes(&bytes)?;
    if theirs.protocol == PROTOCOL_NUMBER {
        Ok(())
    } else {
        Err(SessionError::OtherProtocol(theirs.protocol))
    }
}

type Answers = mpsc::Sender<(u32, Result<Answer, Refusal>)>;

struct Session {
    peer: Peer,
    place: Place,
    engine: EngineHandle,
    long: Arc<Semaphore>,
    answers: Answers,
    answered: mpsc::Receiver<(u32, Result<Answer, Refusal>)>,
    waiting: usize,
    /// A call whose answer may be long, until there is room for it; no others are read meanwhile.
    held: Option<Call>,
    /// The long answer that is under way, one at a time.
    long_answer: Option<LongAnswer>,
    calls: Calls,
    outbox: Outbox,
    pushes: Option<broadcast::Receiver<Push>>,
    /// Whether the answer to the subscription went out. It says where the pushes begin, so they wait for it.
    subscribed: bool,
    /// Events up to this one are known to the subscriber.
    newest_seq: u64,
    pace: Pace,
}

/// It has a channel of its own: by its id, which the client chooses, it could be mistaken for another.
struct LongAnswer {
    answered: mpsc::Receiver<(u32, Result<Answer, Refusal>)>,
    _permit: OwnedSemaphorePermit,
}

/// What a session waits for.
enum Turn {
    Answered(u32, Result<Answer, Refusal>),
    AnsweredLong(u32, Result<Answer, Refusal>),
    Pushed(Result<Push, broadcast::error::RecvError>),
    /// Another step of a conversion may be told.
    Progress,
    Sent(io::Result<()>),
    Stalled,
    /// For the call that is held.
    Room(OwnedSemaphorePermit),
    Read(io::Result<usize>),
}

impl Session {
    async fn serve(
        &mut self,
        reader: &mut ReadHalf<'_>,
        writer: &mut WriteHalf<'_>,
    ) -> Result<(), SessionError> {
        let mut chunk = vec![0; READ_LEN];
        loop {
            self.take_calls(writer).await?;
            self.take_answers()?;
            self.outbox.send_now(writer)?;
            match self.turn(reader, writer, &mut chunk).await {
                Turn::Answered(id, result) => {
                    self.waiting -= 1;
                    self.reply(id, result)?;
                }
                Turn::AnsweredLong(id, result) => {
                    self.reply(id, result)?;
                    self.long_answer = None;
                }
                Turn::Pushed(push) => self.pushed(push)?,
                Turn::Progress => {
                    if let Some(view) = self.pace.take(Instant::now()) {
                        self.push(Push::Progress(view))?;
                    }
                }
                Turn::Sent(sent) => sent?,
                Turn::Stalled => return Err(SessionError::Stalled),
                Turn::Room(permit) => {
                    if let Some(Call { id, request }) = self.held.take() {
                        let (answers, answered) = mpsc::channel(1);
                        self.long_answer = Some(LongAnswer { answered, _permit: permit });
                        self.ask(id, request, answers).await?;
                    }
                }
                Turn::Read(read) => match read? {
                    0 => return self.finish(writer).await,
                    len => self.calls.push(&chunk[..len]),
                },
            }
        }
    }

    async fn turn(
        &mut self,
        reader: &mut ReadHalf<'_>,
        writer: &mut WriteHalf<'_>,
        chunk: &mut [u8],
    ) -> Turn {
        let takes_calls = self.takes_calls();
        let wants_room = self.held.is_some() && self.long_answer.is_none() && self.outbox.has_room();
        let stalls_at = self.outbox.stalls_at();
        let takes_pushes = self.subscribed && self.outbox.has_room();
        let progress_at = if takes_pushes { self.pace.due_at(Instant::now()) } else { None };
        tokio::select! {
            // Answers come first. Their number is limited, so that nothing waits for ever.
            biased;
            Some((id, result)) = self.answered.recv() => Turn::Answered(id, result),
            Some((id, result)) = next_long(&mut self.long_answer) => Turn::AnsweredLong(id, result),
            sent = self.outbox.send_some(writer), if stalls_at.is_some() => Turn::Sent(sent),
            push = next_push(&mut self.pushes), if takes_pushes => Turn::Pushed(push),
            () = sleep_or_wait(progress_at), if takes_pushes => Turn::Progress,
            () = sleep_or_wait(stalls_at), if stalls_at.is_some() => Turn::Stalled,
            Some(permit) = next_room(&self.long), if wants_room => Turn::Room(permit),
            read = reader.read(chunk), if takes_calls => Turn::Read(read),
        }
    }

    /// All that are there, so that they go out with one write.
    fn take_answers(&mut self) -> Result<(), SessionError> {
        while let Ok((id, result)) = self.answered.try_recv() {
            self.waiting -= 1;
            self.reply(id, result)?;
        }
        Ok(())
    }

    /// Not while the client leaves its answers unread: what it asks for would have to be kept.
    fn takes_calls(&self) -> bool {
        self.waiting < CALLS_MAX && self.held.is_none() && self.outbox.has_room()
    }

    async fn take_calls(&mut self, writer: &mut WriteHalf<'_>) -> Result<(), SessionError> {
        while self.takes_calls()
            && let Some(taken) = self.calls.take()?
        {
            match taken {
                Taken::Call(call) => {
                    if !self.place.is_seated() && self.place.sit().is_err() {
                        self.reply(call.id, Err(Refusal::Busy))?;
                        self.finish(writer).await?;
                        return Err(SessionError::Full);
                    }
                    self.call(call).await?;
                }
                // It is no reason for a seat.
                Taken::TooLong { id } => {
                    let len_max = u32::try_from(CALL_LEN_MAX).unwrap_or(u32::MAX);
                    self.reply(id, Err(Refusal::TooLong { field: "call".to_owned(), len_max }))?;
                }
            }
        }
        Ok(())
    }

    async fn call(&mut self, call: Call) -> Result<(), SessionError> {
        if let Err(refusal) = roles::permit(self.peer.role, &call.request) {
            return self.reply(call.id, Err(refusal));
        }
        // What this client asked for before is answered first, so that it sees what it changed.
        if self.waiting == 0
            && self.long_answer.is_none()
            && let Some(result) = self.engine.look(&call.request)
        {
            tokio::task::coop::consume_budget().await;
            return self.reply(call.id, result);
        }
        if has_long_answer(&call.request) {
            self.held = Some(call);
            return Ok(());
        }
        self.waiting += 1;
        self.ask(call.id, call.request, self.answers.clone()).await
    }

    async fn ask(&mut self, id: u32, request: Request, answers: Answers) -> Result<(), SessionError> {
        if request == Request::Subscribe && self.pushes.is_none() {
            // Before the engine says which event is the newest, so that none can fall in between.
            self.pushes = Some(self.engine.subscribe());
        }
        // The engine is gone only when the daemon ends, and this client with it.
        match self.engine.ask(self.peer.clone(), request, Answerer::new(id, answers)).await {
            Ok(()) => Ok(()),
            Err(refusal) => self.reply(id, Err(refusal)),
        }
    }

    fn reply(&mut self, id: u32, result: Result<Answer, Refusal>) -> Result<(), SessionError> {
        if let Ok(Answer::Subscribed { seq }) = result {
            self.newest_seq = self.newest_seq.max(seq);
            self.subscribed = true;
        }
        match self.outbox.put(&Message::Reply { id, result }) {
            Err(CodecError::TooLarge { .. }) => {
                self.outbox.put(&Message::Reply { id, result: Err(Refusal::TooLarge) })?;
            }
            put => put?,
        }
        Ok(())
    }

    fn pushed(&mut self, push: Result<Push, broadcast::error::RecvError>) -> Result<(), SessionError> {
        let push = match push {
            Ok(Push::Progress(view)) => {
                self.pace.put(view);
                return Ok(());
            }
            Ok(Push::Event(event)) if event.seq <= self.newest_seq => return Ok(()),
            Ok(push) => push,
            Err(broadcast::error::RecvError::Lagged(_)) => Push::Resync { seq: self.engine.newest_seq() },
            Err(broadcast::error::RecvError::Closed) => {
                self.pushes = None;
                return Ok(());
            }
        };
        match &push {
            Push::Event(event) => {
                self.newest_seq = event.seq;
                event.video.into_iter().for_each(|video| self.pace.forget(video));
            }
            Push::Resync { seq } => self.newest_seq = self.newest_seq.max(*seq),
            Push::Progress(_) | Push::Scan(_) => {}
        }
        self.push(push)
    }

    fn push(&mut self, push: Push) -> Result<(), SessionError> {
        Ok(self.outbox.put(&Message::Push(push))?)
    }

    /// Sends what was answered already.
    async fn finish(&mut self, writer: &mut WriteHalf<'_>) -> Result<(), SessionError> {
        while let Some(stalls_at) = self.outbox.stalls_at() {
            tokio::select! {
                sent = self.outbox.send_some(writer) => sent?,
                () = sleep_until(stalls_at) => return Err(SessionError::Stalled),
            }
        }
        Ok(())
    }
}

/// Whether a look at what is there may fill a frame. Changes are answered with one video, and may be under way by the
/// dozen; whoever may make them could do worse.
fn has_long_answer(request: &Request) -> bool {
    match request {
        Request::List(_)
        | Request::Show { .. }
        | Request::Locate { .. }
        | Request::Events { .. }
        | Request::Jobs
        | Request::Forecast(_)
        | Request::Checkup => true,
        Request::Status
        | Request::Generate { .. }
        | Request::Retry { .. }
        | Request::Cancel { .. }
        | Request::SetPosting { .. }
        | Request::SetSource { .. }
        | Request::DeleteSource { .. }
        | Request::AccountShow
        | Request::AccountSubmit(_)
        | Request::AccountApprove
        | Request::AccountReject { .. }
        | Request::AccountRevoke { .. }
        | Request::ServiceActivate
        | Request::Scan
        | Request::Subscribe
        | Request::PauseQueue
        | Request::ResumeQueue
        | Request::SetListed { .. }
        | Request::AddRoot { .. }
        | Request::RemoveRoot { .. }
        | Request::Backup { .. } => false,
    }
}

async fn next_room(long: &Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
    // It is never closed.
    Arc::clone(long).acquire_owned().await.ok()
}

/// Waits for ever where none is under way.
async fn next_long(long: &mut Option<LongAnswer>) -> Option<(u32, Result<Answer, Refusal>)> {
    match long {
        Some(long) => long.answered.recv().await,
        None => std::future::pending().await,
    }
}

/// Waits for ever where there is no subscription.
async fn next_push(
    pushes: &mut Option<broadcast::Receiver<Push>>,
) -> Result<Push, broadcast::error::RecvError> {
    match pushes {
        Some(pushes) => pushes.recv().await,
        None => std::future::pending().await,
    }
}

/// Waits for ever where there is nothing to wait for.
async fn sleep_or_wait(until: Option<Instant>) {
    match until {
        Some(until) => sleep_until(until).await,
        None => std::future::pending().await,
    }
}
