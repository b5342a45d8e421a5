//! The client's end of a conversation over any blocking byte stream: greet, call, receive.

use std::collections::VecDeque;
use std::io::{self, Read, Write};

use crate::PROTOCOL_NUMBER;
use crate::codec::{self, CodecError};
use crate::event::Push;
use crate::frame::{self, FrameReader, FrameTooLarge};
use crate::hello::{ClientHello, DAEMON_HELLO_LEN, DaemonHello, NotVodpost, Role};
use crate::refusal::Refusal;
use crate::reply::{Answer, Message};
use crate::request::{Call, Request};

/// Why a conversation could not be begun.
#[derive(Debug, thiserror::Error)]
pub enum GreetError {
    #[error("the connection broke during the greeting")]
    Io(#[from] io::Error),
    #[error(transparent)]
    NotVodpost(#[from] NotVodpost),
    #[error("the daemon ({}) speaks protocol {}, this client {PROTOCOL_NUMBER}", .0.version, .0.protocol)]
    OtherProtocol(DaemonHello),
    #[error("the daemon does not let uid {} in", .0.uid)]
    NotAdmitted(DaemonHello),
}

/// Why a conversation ended.
#[derive(Debug, thiserror::Error)]
pub enum TalkError {
    #[error("the connection to the daemon broke")]
    Io(#[from] io::Error),
    #[error("the daemon closed the connection")]
    Closed,
    #[error(transparent)]
    Frame(#[from] FrameTooLarge),
    #[error(transparent)]
    Codec(#[from] CodecError),
}

/// Why a call has no answer.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    #[error("refused: {}", .0.kind())]
    Refused(Refusal),
    #[error(transparent)]
    Talk(#[from] TalkError),
}

/// Sends requests. Separate from [`Receiver`], so that one thread may send while another waits.
#[derive(Debug)]
pub struct Sender<W> {
    stream: W,
    last_id: u32,
}

/// Receives replies and pushes.
#[derive(Debug)]
pub struct Receiver<R> {
    stream: R,
    frames: FrameReader,
}

/// Exchanges greetings.
///
/// # Errors
/// When the other side is not vodpost, speaks another protocol number, or does not admit the caller.
pub fn greet<S: Read + Write>(stream: &mut S, version: &str) -> Result<DaemonHello, GreetError> {
    // A daemon that refuses the caller may close before reading; its own hello is still there to be read.
    let sent = stream.write_all(&ClientHello::ours(version).to_bytes()).and_then(|()| stream.flush());
    let mut bytes = [0; DAEMON_HELLO_LEN];
    if let Err(error) = stream.read_exact(&mut bytes) {
        return Err(GreetError::Io(sent.err().unwrap_or(error)));
    }
    let hello = DaemonHello::from_bytes(&bytes)?;
    if hello.protocol != PROTOCOL_NUMBER {
        return Err(GreetError::OtherProtocol(hello));
    }
    match hello.role {
        Role::None => Err(GreetError::NotAdmitted(hello)),
        Role::Viewer | Role::Operator | Role::Admin => Ok(hello),
    }
}

impl<W: Write> Sender<W> {
    pub fn new(stream: W) -> Self {
        Self { stream, last_id: 0 }
    }

    /// Sends without waiting; the reply carries the id that is returned.
    ///
    /// # Errors
    /// When the connection broke or the request does not fit a frame.
    pub fn send(&mut self, request: Request) -> Result<u32, TalkError> {
        self.last_id = self.last_id.wrapping_add(1);
        let bytes = codec::encode(&Call { id: self.last_id, request })?;
        self.stream.write_all(&frame::wrap(&bytes)?)?;
        self.stream.flush()?;
        Ok(self.last_id)
    }
}

impl<R: Read> Receiver<R> {
    pub fn new(stream: R) -> Self {
        Self { stream, frames: FrameReader::default() }
    }

    /// Waits for the next reply or push.
    ///
    /// # Errors
    /// When the connection ends or the daemon sends what this protocol does not know.
    pub fn receive(&mut self) -> Result<Message, TalkError> {
        let mut chunk = [0; 16 << 10];
        loop {
            if let Some(payload) = self.frames.take()? {
                return Ok(codec::decode(&payload)?);
            }
            match self.stream.read(&mut chunk) {
                Ok(0) => return Err(TalkError::Closed),
                Ok(len) => self.frames.push(&chunk[..len]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Both directions in one, for callers that ask and wait. Pushes that arrive in between are kept.
#[derive(Debug)]
pub struct Client<R, W> {
    sender: Sender<W>,
    receiver: Receiver<R>,
    pushes: VecDeque<Push>,
}

impl<R: Read, W: Write> Client<R, W> {
    pub fn new(reader: R, writer: W) -> Self {
        Self { sender: Sender::new(writer), receiver: Receiver::new(reader), pushes: VecDeque::new() }
    }

    /// Asks and waits for the answer.
    ///
    /// # Errors
    /// When the daemon refuses or the connection ends.
    pub fn call(&mut self, request: Request) -> Result<Answer, CallError> {
        let wanted = self.sender.send(request)?;
        loop {
            match self.receiver.receive()? {
                Message::Reply { id, result } if id == wanted => return result.map_err(CallError::Refused),
                // The reply to a call that was given up.
                Message::Reply { .. } => {}
                Message::Push(push) => self.pushes.push_back(push),
            }
        }
    }

    /// Waits for the next push.
    ///
    /// # Errors
    /// When the connection ends.
    pub fn next_push(&mut self) -> Result<Push, TalkError> {
        loop {
            if let Some(push) = self.pushes.pop_front() {
                return Ok(push);
            }
            match self.receiver.receive()? {
                Message::Push(push) => return Ok(push),
                Message::Reply { .. } => {}
            }
        }
    }

    /// Gives the two directions back, for a thread each.
    #[must_use]
    pub fn split(self) -> (Receiver<R>, Sender<W>) {
        (self.receiver, self.sender)
    }
}
