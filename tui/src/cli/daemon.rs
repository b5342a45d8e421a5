//! A greeted daemon to ask: requests in, the answers that belong to them out.

use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use vodpost_protocol::account::AccountView;
use vodpost_protocol::connection::{CallError, Client, Receiver, Sender, TalkError};
use vodpost_protocol::conversion::JobsView;
use vodpost_protocol::event::Push;
use vodpost_protocol::hello::DaemonHello;
use vodpost_protocol::reply::{Answer, EventPage, Located, Page};
use vodpost_protocol::request::Request;
use vodpost_protocol::status::LibraryView;
use vodpost_protocol::video::VideoView;

use super::failure::Failure;
use crate::connect::{self, Connection, Outcome, is_timeout};
use crate::text::Sentence;
use crate::{say, word};

/// How long an answer may take that nothing but the daemon itself has to work on.
const ANSWER_LIMIT: Duration = Duration::from_secs(60);

/// The pause between two attempts to reach a daemon that went away grows from one to the other.
const RETURN_PAUSE_MIN: Duration = Duration::from_millis(100);
const RETURN_PAUSE_MAX: Duration = Duration::from_secs(2);

pub struct Daemon {
    pub hello: DaemonHello,
    pub socket: PathBuf,
    stream: UnixStream,
    client: Client<UnixStream, UnixStream>,
}

impl Daemon {
    /// # Errors
    /// When no daemon answers that admits the caller.
    pub fn connect(named: Option<&Path>) -> Result<Self, Failure> {
        Self::of(connect::connect(named)?)
    }

    /// # Errors
    /// When the system has no handle left.
    pub fn of(connection: Connection) -> Result<Self, Failure> {
        let duplicate = || connection.stream.try_clone().map_err(|error| Failure::Talk(error.into()));
        let client = Client::new(duplicate()?, duplicate()?);
        Ok(Self { hello: connection.hello, socket: connection.socket, stream: connection.stream, client })
    }

    /// Waits for a daemon that went away. Between two attempts `pause` is called; it ends the waiting with `false`.
    ///
    /// # Errors
    /// When the limit has passed, `pause` ended it, or what came back cannot be talked to.
    pub fn return_of(
        named: Option<&Path>,
        limit: Option<Duration>,
        mut pause: impl FnMut(Duration) -> bool,
    ) -> Result<Self, Failure> {
        let begun = Instant::now();
        let mut wait = RETURN_PAUSE_MIN;
        loop {
            let error = match connect::connect(named) {
                Ok(connection) => return Self::of(connection),
                Err(error) => error,
            };
            let for_good = match error.outcome() {
                Outcome::OtherProtocol | Outcome::NotAdmitted => true,
                // A daemon that is ending or starting may look like these.
                Outcome::NobodyThere | Outcome::NotVodpost | Outcome::Silent => false,
            };
            let too_late = limit.is_some_and(|limit| begun.elapsed() >= limit);
            if for_good || too_late || !pause(wait) {
                return Err(error.into());
            }
            wait = (wait * 2).min(RETURN_PAUSE_MAX);
        }
    }

    /// Asks and waits for the answer, up to a minute.
    ///
    /// # Errors
    /// When the daemon refuses, does not answer or goes away.
    pub fn ask(&mut self, request: Request) -> Result<Answer, Failure> {
        self.limit(Some(ANSWER_LIMIT))?;
        let answer = self.client.call(request);
        self.limit(None)?;
        answer.map_err(late)
    }

    /// Asks and waits as long as it takes.
    ///
    /// # Errors
    /// When the daemon refuses or goes away.
    pub fn ask_patiently(&mut self, request: Request) -> Result<Answer, Failure> {
        self.client.call(request).map_err(Failure::from)
    }

    /// Sends a request whose work goes on without us, and waits only so long for an answer, which is mostly a refusal.
    ///
    /// # Errors
    /// When the daemon refuses within `moment` or goes away.
    pub fn hand_over(&mut self, request: Request, moment: Duration) -> Result<(), Failure> {
        self.limit(Some(moment))?;
        match self.client.call(request) {
            Err(CallError::Talk(TalkError::Io(error))) if is_timeout(&error) => Ok(()),
            Ok(_) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Waits for the next push, as long as it takes.
    ///
    /// # Errors
    /// When the daemon goes away.
    pub fn next_push(&mut self) -> Result<Push, Failure> {
        self.client.next_push().map_err(Failure::from)
    }

    /// Waits for the next push, at most so long.
    ///
    /// # Errors
    /// When the daemon goes away.
    pub fn next_push_within(&mut self, limit: Option<Duration>) -> Result<Option<Push>, Failure> {
        // No limit at all is what the system takes a span of nothing for.
        self.limit(limit.map(|limit| limit.max(Duration::from_millis(1))))?;
        let push = self.client.next_push();
        self.limit(None)?;
        match push {
            Err(TalkError::Io(error)) if is_timeout(&error) => Ok(None),
            push => Ok(Some(push?)),
        }
    }

    /// A second handle of the connection, with which another thread can end it.
    ///
    /// # Errors
    /// When the system has no handle left.
    pub fn handle(&self) -> Result<UnixStream, Failure> {
        self.stream.try_clone().map_err(|error| Failure::Talk(error.into()))
    }

    /// The two directions, for a thread each.
    #[must_use]
    pub fn split(self) -> (Receiver<UnixStream>, Sender<UnixStream>, UnixStream) {
        let (receiver, sender) = self.client.split();
        (receiver, sender, self.stream)
    }

    /// # Errors
    /// As [`Daemon::ask`].
    pub fn video(&mut self, request: Request) -> Result<VideoView, Failure> {
        let Answer::Video(video) = self.ask(request)? else { return Err(Failure::UnexpectedAnswer) };
        Ok(*video)
    }

    /// # Errors
    /// As [`Daemon::ask`].
    pub fn located(&mut self, target: String) -> Result<Located, Failure> {
        let Answer::Located(located) = self.ask(Request::Locate { target })? else {
            return Err(Failure::UnexpectedAnswer);
        };
        Ok(*located)
    }

    /// # Errors
    /// As [`Daemon::ask`].
    pub fn jobs(&mut self, request: Request) -> Result<JobsView, Failure> {
        let Answer::Jobs(jobs) = self.ask(request)? else { return Err(Failure::UnexpectedAnswer) };
        Ok(jobs)
    }

    /// # Errors
    /// As [`Daemon::ask`].
    pub fn account(&mut self, request: Request) -> Result<AccountView, Failure> {
        let Answer::Account(account) = self.ask(request)? else { return Err(Failure::UnexpectedAnswer) };
        Ok(*account)
    }

    /// # Errors
    /// As [`Daemon::ask`].
    pub fn library(&mut self, request: Request) -> Result<LibraryView, Failure> {
        let Answer::Library(library) = self.ask(request)? else { return Err(Failure::UnexpectedAnswer) };
        Ok(library)
    }

    /// # Errors
    /// As [`Daemon::ask`].
    pub fn page(&mut self, request: Request) -> Result<Page, Failure> {
        let Answer::Page(page) = self.ask(request)? else { return Err(Failure::UnexpectedAnswer) };
        Ok(page)
    }

    /// # Errors
    /// As [`Daemon::ask`].
    pub fn events(&mut self, since: u64, limit: u32) -> Result<EventPage, Failure> {
        let Answer::Events(page) = self.ask(Request::Events { since, limit })? else {
            return Err(Failure::UnexpectedAnswer);
        };
        Ok(page)
    }

    /// From now on there are pushes; the number of the newest event is returned.
    ///
    /// # Errors
    /// As [`Daemon::ask`].
    pub fn subscribe(&mut self) -> Result<u64, Failure> {
        let Answer::Subscribed { seq } = self.ask(Request::Subscribe)? else {
            return Err(Failure::UnexpectedAnswer);
        };
        Ok(seq)
    }

    fn limit(&self, limit: Option<Duration>) -> Result<(), Failure> {
        self.stream.set_read_timeout(limit).map_err(|error| Failure::Talk(error.into()))
    }
}

/// Ends a connection that another thread waits on. One that is closed already is fine.
///
/// # Errors
/// When the system cannot.
pub fn end(stream: &UnixStream) -> std::io::Result<()> {
    match stream.shutdown(Shutdown::Both) {
        Err(error) if error.kind() != std::io::ErrorKind::NotConnected => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn late(error: CallError) -> Failure {
    match error {
        CallError::Talk(TalkError::Io(error)) if is_timeout(&error) => {
            Failure::TimedOut(Sentence::with_hint(
                say!(
                    "The daemon did not answer within {limit_s} s.",
                    "守护进程在 {limit_s} s 内没有应答。",
                    limit_s = ANSWER_LIMIT.as_secs(),
                ),
                word!(
                    "look at its log; whether a change was made, vodpost show tells",
                    "请查看其日志；更改是否已执行，可用 vodpost show 确认"
                ),
            ))
        }
        error => error.into(),
    }
}
