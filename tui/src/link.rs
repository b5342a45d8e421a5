//! The only owner of the socket: connects, sends, receives, and connects again with growing pauses.
//!
//! Two threads: one sends what it is told and keeps the connection, the other receives. A request carries its ticket as
//! the id on the wire, so both need nothing of each other but the news that a connection ended.

use std::io::Write;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use vodpost_protocol::codec;
use vodpost_protocol::connection::{self, TalkError};
use vodpost_protocol::frame;
use vodpost_protocol::reply::Message;
use vodpost_protocol::request::{Call, Request};

use crate::app::event::{Event, LinkEvent, Offer, Ticket};
use crate::autostart::StartError;
use crate::connect::{ConnectError, Connection, Outcome, connect};
use crate::text::{Sentence, connect_error, talk_error};
use crate::threads::Threads;

/// More requests than this never wait to be sent unless the daemon stopped reading.
const ORDERS_MAX: usize = 64;
const PAUSE_FIRST: Duration = Duration::from_millis(200);
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// A daemon that does not read for so long counts as gone.
const SEND_LIMIT: Duration = Duration::from_secs(5);

/// What the sending thread is told.
#[derive(Debug)]
enum Order {
    Send(Ticket, Box<Request>),
    ConnectNow,
    /// The user wants a daemon to be started.
    Start,
    /// The receiving thread of the connection with this number ended.
    Ended(u64, TalkError),
}

/// The UI's end of the link.
#[derive(Debug)]
pub struct Link {
    orders: SyncSender<Order>,
}

/// Connects, and starts a daemon first where none answers.
pub type Starter = fn(Option<&Path>) -> Result<Connection, StartError>;

/// How a daemon comes to be started where none answers.
#[derive(Debug, Clone)]
pub struct Start {
    pub starter: Starter,
    pub offer: Offer,
    /// Whether the user has to want it first; always after one that failed.
    pub ask: bool,
}

impl Link {
    /// Starts connecting. Everything that happens comes through `threads`' channel.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start(socket: Option<PathBuf>, start: Option<Start>, threads: &Threads) -> std::io::Result<Self> {
        let (orders, inbox) = sync_channel(ORDERS_MAX);
        let mut sender =
            Keeper { socket, start, threads: threads.clone(), orders: orders.clone(), inbox, connections: 0 };
        threads.spawn("link", move || sender.run())?;
        Ok(Self { orders })
    }

    /// Hands over a request without ever waiting; says whether it was taken.
    #[must_use]
    pub fn send(&self, ticket: Ticket, request: Box<Request>) -> bool {
        self.orders.try_send(Order::Send(ticket, request)).is_ok()
    }

    pub fn connect_now(&self) {
        self.wake(Order::ConnectNow);
    }

    pub fn start_daemon(&self) {
        self.wake(Order::Start);
    }

    fn wake(&self, order: Order) {
        match self.orders.try_send(order) {
            // A full queue means that there is plenty to wake up for.
            Ok(()) | Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {}
        }
    }
}

/// The sending thread.
struct Keeper {
    socket: Option<PathBuf>,
    start: Option<Start>,
    threads: Threads,
    orders: SyncSender<Order>,
    inbox: Receiver<Order>,
    /// How many connections there were; tells a late end of an old one.
    connections: u64,
}

/// The UI is gone: the thread ends.
struct Gone;

impl Keeper {
    fn run(&mut self) {
        loop {
            match self.until_connected().and_then(|connection| self.converse(connection)) {
                Ok(()) => {}
                Err(Gone) => return,
            }
        }
    }

    fn tell(&self, event: LinkEvent) -> Result<(), Gone> {
        self.threads.tell(Event::Link(event)).map_err(|_closed| Gone)
    }

    fn until_connected(&mut self) -> Result<Connection, Gone> {
        let mut pause = PAUSE_FIRST;
        let mut attempt = 1;
        let mut offered = false;
        loop {
            // What is on offer stays on the screen while it is looked again.
            if !offered {
                self.tell(LinkEvent::Connecting { attempt })?;
            }
            match self.attempt()? {
                Ok(connection) => {
                    // Whoever runs this daemon will start it again, with its own settings; another one would be in the way.
                    self.start = None;
                    return Ok(connection);
                }
                Err(Failed::TryAgain(why)) => {
                    offered = false;
                    self.tell(LinkEvent::Down { why, retry_in: pause })?;
                    self.pause(pause)?;
                }
                Err(Failed::Offered(offer)) => {
                    if !std::mem::replace(&mut offered, true) {
                        self.tell(LinkEvent::Offered(offer))?;
                    }
                    self.pause(pause)?;
                }
                Err(Failed::NotStarted(offer)) => {
                    offered = true;
                    self.tell(LinkEvent::Offered(offer))?;
                    self.pause(pause)?;
                }
                Err(Failed::ForGood(why)) => {
                    offered = false;
                    self.tell(LinkEvent::Incompatible(why))?;
                    self.pause(Duration::MAX)?;
                }
            }
            pause = (pause * 2).min(PAUSE_MAX);
            attempt += 1;
        }
    }

    fn attempt(&mut self) -> Result<Result<Connection, Failed>, Gone> {
        let error = match connect(self.socket.as_deref()) {
            Ok(connection) => return Ok(Ok(connection)),
            Err(error) => error,
        };
        let Some(mut start) = self.start.take_if(|_| error.outcome() == Outcome::NobodyThere) else {
            return Ok(Err(Failed::from(&error)));
        };
        if start.ask {
            let offer = start.offer.clone();
            self.start = Some(start);
            return Ok(Err(Failed::Offered(offer)));
        }
        self.tell(LinkEvent::Starting)?;
        let error = match (start.starter)(self.socket.as_deref()) {
            Ok(connection) => return Ok(Ok(connection)),
            Err(error) => error,
        };
        // Why it failed stays to be read, and it can be tried again once that is mended.
        start.offer.failed = Some(error.sentence());
        start.ask = true;
        let offer = self.start.insert(start).offer.clone();
        Ok(Err(match error {
            // There is one after all, which cannot be talked to.
            StartError::Connect(error) if error.outcome() != Outcome::NobodyThere => Failed::from(&error),
            StartError::Connect(_)
            | StartError::NotInstalled { .. }
            | StartError::Log { .. }
            | StartError::Spawn { .. }
            | StartError::NotReady { .. } => Failed::NotStarted(offer),
        }))
    }

    /// Waits, while saying no to every request: a request is for the moment in which it was made.
    fn pause(&mut self, length: Duration) -> Result<(), Gone> {
        let end = Instant::now().checked_add(length);
        loop {
            let order = match end {
                Some(end) => match self.inbox.recv_timeout(end.saturating_duration_since(Instant::now())) {
                    Ok(order) => order,
                    Err(RecvTimeoutError::Timeout) => return Ok(()),
                    Err(RecvTimeoutError::Disconnected) => return Err(Gone),
                },
                None => self.inbox.recv().map_err(|_closed| Gone)?,
            };
            match order {
                Order::Send(ticket, _) => self.tell(LinkEvent::NotSent(ticket))?,
                Order::ConnectNow => return Ok(()),
                Order::Start => {
                    if let Some(start) = &mut self.start {
                        start.ask = false;
                    }
                    return Ok(());
                }
                Order::Ended(..) => {}
            }
        }
    }

    /// Serves one connection to its end.
    fn converse(&mut self, connection: Connection) -> Result<(), Gone> {
        self.connections += 1;
        let mut stream = connection.stream;
        let why = match self.open(&stream) {
            Ok(()) => {
                // What was asked before this moment was meant for another connection.
                self.say_no_to_waiting()?;
                self.tell(LinkEvent::Up(connection.hello))?;
                self.serve(&mut stream)?
            }
            Err(error) => talk_error(&TalkError::Io(error)),
        };
        // The receiving thread is blocked in a read; this ends it. A socket that is closed already is fine.
        drop(stream.shutdown(Shutdown::Both));
        self.tell(LinkEvent::Down { why, retry_in: PAUSE_FIRST })?;
        self.pause(PAUSE_FIRST)
    }

    fn open(&self, stream: &UnixStream) -> std::io::Result<()> {
        stream.set_write_timeout(Some(SEND_LIMIT))?;
        let reading = stream.try_clone()?;
        let (threads, orders, number) = (self.threads.clone(), self.orders.clone(), self.connections);
        self.threads.spawn("receiver", move || {
            let why = receive(reading, &threads);
            // Fails only when the sending thread is gone, and then nobody needs to know.
            drop(orders.send(Order::Ended(number, why)));
        })
    }

    fn say_no_to_waiting(&self) -> Result<(), Gone> {
        while let Ok(order) = self.inbox.try_recv() {
            match order {
                Order::Send(ticket, _) => self.tell(LinkEvent::NotSent(ticket))?,
                Order::ConnectNow | Order::Start | Order::Ended(..) => {}
            }
        }
        Ok(())
    }

    fn serve(&self, stream: &mut UnixStream) -> Result<Sentence, Gone> {
        loop {
            match self.inbox.recv().map_err(|_closed| Gone)? {
                Order::Send(ticket, request) => match write(stream, ticket, *request) {
                    Ok(()) => {}
                    Err(error @ (TalkError::Codec(_) | TalkError::Frame(_))) => {
                        // Nothing was written: the connection is as good as before.
                        drop(error);
                        self.tell(LinkEvent::NotSent(ticket))?;
                    }
                    Err(error @ (TalkError::Io(_) | TalkError::Closed)) => return Ok(talk_error(&error)),
                },
                Order::Ended(number, why) if number == self.connections => return Ok(talk_error(&why)),
                Order::Ended(..) | Order::ConnectNow | Order::Start => {}
            }
        }
    }
}

/// A failed attempt.
enum Failed {
    TryAgain(Sentence),
    /// The user has to say first that a daemon shall be started.
    Offered(Offer),
    /// One was started and is not there; the user may want to try again.
    NotStarted(Offer),
    /// Only another program at either end would change it.
    ForGood(Sentence),
}

impl From<&ConnectError> for Failed {
    fn from(error: &ConnectError) -> Self {
        let why = connect_error(error);
        match error.outcome() {
            Outcome::OtherProtocol | Outcome::NotAdmitted | Outcome::NotVodpost => Self::ForGood(why),
            Outcome::NobodyThere | Outcome::Silent => Self::TryAgain(why),
        }
    }
}

fn write(stream: &mut UnixStream, ticket: Ticket, request: Request) -> Result<(), TalkError> {
    let bytes = codec::encode(&Call { id: ticket.0, request })?;
    stream.write_all(&frame::wrap(&bytes)?)?;
    Ok(())
}

/// The receiving thread: to the end of the connection, or of the UI.
fn receive(stream: UnixStream, threads: &Threads) -> TalkError {
    let mut receiver = connection::Receiver::new(stream);
    loop {
        let event = match receiver.receive() {
            Ok(Message::Reply { id, result }) => {
                LinkEvent::Reply { ticket: Ticket(id), result: Box::new(result) }
            }
            Ok(Message::Push(push)) => LinkEvent::Push(push),
            Err(error) => return error,
        };
        if threads.tell(Event::Link(event)).is_err() {
            return TalkError::Closed;
        }
    }
}

#[cfg(test)]
mod tests;
