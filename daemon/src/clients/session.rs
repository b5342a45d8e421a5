//! One client: greeting, then requests to the engine, replies and pushes back. Everything that the peer chooses is
//! bounded: the time of the greeting, the frame length, the number of requests under way, the time a write may take.

use std::io;
use std::time::Duration;

use interprocess::local_socket::tokio::Stream;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{broadcast, mpsc};
use tokio::time::timeout;
use vodpost_protocol::PROTOCOL_NUMBER;
use vodpost_protocol::codec::{self, CodecError};
use vodpost_protocol::event::Push;
use vodpost_protocol::frame::{self, FrameReader, FrameTooLarge};
use vodpost_protocol::hello::{CLIENT_HELLO_LEN, ClientHello, DaemonHello, NotVodpost, Role};
use vodpost_protocol::refusal::Refusal;
use vodpost_protocol::reply::{Answer, Message};
use vodpost_protocol::request::{Call, Request};

use super::Peer;
use crate::core::roles;
use crate::engine::{Answerer, EngineHandle};

const HELLO_TIMEOUT: Duration = Duration::from_secs(10);
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// Requests of one client that may wait for their answers; further ones are not read until then.
const CALLS_MAX: usize = 64;
const READ_LEN: usize = 16 << 10;

#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    #[error("the connection broke")]
    Io(#[from] io::Error),
    #[error("no greeting within {} s", HELLO_TIMEOUT.as_secs())]
    HelloTimeout,
    #[error("it did not read for {} s", WRITE_TIMEOUT.as_secs())]
    WriteTimeout,
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

/// Serves one client until it leaves.
///
/// # Errors
/// Why it was dropped.
pub async fn run(stream: &Stream, peer: Peer, engine: EngineHandle) -> Result<(), SessionError> {
    greet(stream, &peer, &engine).await?;
    let (answers, answered) = mpsc::channel(CALLS_MAX);
    let mut session = Session {
        stream,
        peer,
        engine,
        answers,
        answered,
        waiting: 0,
        frames: FrameReader::default(),
        pushes: None,
        subscribed: false,
        newest_seq: 0,
    };
    session.serve().await
}

async fn greet(mut stream: &Stream, peer: &Peer, engine: &EngineHandle) -> Result<(), SessionError> {
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

struct Session<'a> {
    stream: &'a Stream,
    peer: Peer,
    engine: EngineHandle,
    answers: mpsc::Sender<(u32, Result<Answer, Refusal>)>,
    answered: mpsc::Receiver<(u32, Result<Answer, Refusal>)>,
    waiting: usize,
    frames: FrameReader,
    pushes: Option<broadcast::Receiver<Push>>,
    /// Whether the answer to the subscription went out. It says where the pushes begin, so they wait for it.
    subscribed: bool,
    /// Events up to this one are known to the subscriber.
    newest_seq: u64,
}

impl Session<'_> {
    async fn serve(&mut self) -> Result<(), SessionError> {
        let mut chunk = vec![0; READ_LEN];
        let mut reader = self.stream;
        loop {
            while self.waiting < CALLS_MAX
                && let Some(payload) = self.frames.take()?
            {
                self.call(codec::decode(&payload)?).await?;
            }
            tokio::select! {
                Some((id, result)) = self.answered.recv() => {
                    self.waiting -= 1;
                    self.reply(id, result).await?;
                }
                push = next_push(&mut self.pushes), if self.subscribed => self.push(push).await?,
                read = reader.read(&mut chunk), if self.waiting < CALLS_MAX => match read? {
                    0 => return Ok(()),
                    len => self.frames.push(&chunk[..len]),
                },
            }
        }
    }

    async fn call(&mut self, call: Call) -> Result<(), SessionError> {
        let Call { id, request } = call;
        if let Err(refusal) = roles::permit(self.peer.role, &request) {
            return self.reply(id, Err(refusal)).await;
        }
        if request == Request::Subscribe && self.pushes.is_none() {
            // Before the engine says which event is the newest, so that none can fall in between.
            self.pushes = Some(self.engine.subscribe());
        }
        let answerer = Answerer::new(id, self.answers.clone());
        match self.engine.ask(self.peer.clone(), request, answerer).await {
            Ok(()) => {
                self.waiting += 1;
                Ok(())
            }
            Err(refusal) => self.reply(id, Err(refusal)).await,
        }
    }

    async fn reply(&mut self, id: u32, result: Result<Answer, Refusal>) -> Result<(), SessionError> {
        if let Ok(Answer::Subscribed { seq }) = result {
            self.newest_seq = self.newest_seq.max(seq);
            self.subscribed = true;
        }
        let bytes = match codec::encode(&Message::Reply { id, result }) {
            Err(CodecError::TooLarge { .. }) => {
                codec::encode(&Message::Reply { id, result: Err(Refusal::TooLarge) })?
            }
            encoded => encoded?,
        };
        self.write(&bytes).await
    }

    async fn push(&mut self, push: Result<Push, broadcast::error::RecvError>) -> Result<(), SessionError> {
        let push = match push {
            Ok(Push::Event(event)) if event.seq <= self.newest_seq => return Ok(()),
            Ok(push) => push,
            Err(broadcast::error::RecvError::Lagged(_)) => Push::Resync { seq: self.engine.newest_seq() },
            Err(broadcast::error::RecvError::Closed) => {
                self.pushes = None;
                return Ok(());
            }
        };
        match &push {
            Push::Event(event) => self.newest_seq = event.seq,
            Push::Resync { seq } => self.newest_seq = self.newest_seq.max(*seq),
            Push::Progress(_) => {}
        }
        let bytes = codec::encode(&Message::Push(push))?;
        self.write(&bytes).await
    }

    async fn write(&self, payload: &[u8]) -> Result<(), SessionError> {
        let frame = frame::wrap(payload)?;
        let mut writer = self.stream;
        timeout(WRITE_TIMEOUT, writer.write_all(&frame))
            .await
            .map_err(|_elapsed| SessionError::WriteTimeout)??;
        Ok(())
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
