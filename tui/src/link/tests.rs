//! The link against a peer on a real socket.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::mpsc::Receiver;

use vodpost_protocol::PROTOCOL_NUMBER;
use vodpost_protocol::event::Push;
use vodpost_protocol::frame::FrameReader;
use vodpost_protocol::hello::{CLIENT_HELLO_LEN, DaemonHello, Role};
use vodpost_protocol::ids::InstanceId;
use vodpost_protocol::refusal::Refusal;
use vodpost_protocol::time::Timestamp;

use super::*;
use crate::app::App;
use crate::app::event::{Action, CopyWay, Key};
use crate::app::notice::{Change, Said};

/// No test waits longer for what should come.
const LIMIT: Duration = Duration::from_secs(20);

struct Peer {
    _folder: tempfile::TempDir,
    path: PathBuf,
    listener: UnixListener,
    greetings: u64,
}

impl Peer {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        let listener = UnixListener::bind(&path).unwrap();
        Self { _folder: folder, path, listener, greetings: 0 }
    }

    /// Greets the next client; each time as another run of the daemon.
    fn accept(&mut self, protocol: u32) -> Talk {
        let (mut stream, _) = self.listener.accept().unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        let mut greeting = [0; CLIENT_HELLO_LEN];
        stream.read_exact(&mut greeting).unwrap();
        self.greetings += 1;
        let instance = InstanceId(self.greetings);
        let hello = DaemonHello { protocol, role: Role::Admin, instance, version: "0.1.0".into(), uid: 0 };
        stream.write_all(&hello.to_bytes()).unwrap();
        Talk { stream, frames: FrameReader::default() }
    }
}

struct Talk {
    stream: UnixStream,
    frames: FrameReader,
}

impl Talk {
    fn call(&mut self) -> Call {
        loop {
            if let Some(payload) = self.frames.take().unwrap() {
                return codec::decode(&payload).unwrap();
            }
            let mut chunk = [0; 4096];
            let len = self.stream.read(&mut chunk).unwrap();
            assert_ne!(len, 0, "hung up");
            self.frames.push(&chunk[..len]);
        }
    }

    fn say(&mut self, message: &Message) {
        let bytes = codec::encode(message).unwrap();
        self.stream.write_all(&frame::wrap(&bytes).unwrap()).unwrap();
    }
}

fn start(peer: &Peer) -> (Link, Receiver<Event>) {
    let (threads, events) = Threads::new();
    (Link::start(Some(peer.path.clone()), None, &threads).unwrap(), events)
}

fn next(events: &Receiver<Event>) -> LinkEvent {
    match events.recv_timeout(LIMIT).unwrap() {
        Event::Link(event) => event,
        other => panic!("{other:?}"),
    }
}

/// The instance of the next connection, whatever is said before.
fn up(events: &Receiver<Event>) -> u64 {
    loop {
        if let LinkEvent::Up(hello) = next(events) {
            return hello.instance.0;
        }
    }
}

#[test]
fn requests_keep_their_tickets_and_pushes_come_through() {
    let mut peer = Peer::new();
    let (link, events) = start(&peer);
    let mut talk = peer.accept(PROTOCOL_NUMBER);
    assert!(matches!(next(&events), LinkEvent::Connecting { attempt: 1 }));
    assert_eq!(up(&events), 1);
    assert!(link.send(Ticket(7), Box::new(Request::Status)));
    assert!(link.send(Ticket(9), Box::new(Request::Scan)));
    assert_eq!(talk.call(), Call { id: 7, request: Request::Status });
    assert_eq!(talk.call(), Call { id: 9, request: Request::Scan });
    talk.say(&Message::Push(Push::Resync { seq: 3 }));
    talk.say(&Message::Reply { id: 9, result: Err(Refusal::Busy) });
    assert!(matches!(next(&events), LinkEvent::Push(Push::Resync { seq: 3 })));
    let LinkEvent::Reply { ticket, result } = next(&events) else { panic!() };
    assert_eq!((ticket, *result), (Ticket(9), Err(Refusal::Busy)));
}

#[test]
fn a_lost_connection_is_told_and_made_again() {
    let mut peer = Peer::new();
    let (link, events) = start(&peer);
    let talk = peer.accept(PROTOCOL_NUMBER);
    assert_eq!(up(&events), 1);
    drop(talk);
    assert!(matches!(next(&events), LinkEvent::Down { .. }));
    // A request of this moment is not kept for the next connection.
    assert!(link.send(Ticket(1), Box::new(Request::Scan)));
    loop {
        match next(&events) {
            LinkEvent::NotSent(ticket) => {
                assert_eq!(ticket, Ticket(1));
                break;
            }
            LinkEvent::Connecting { .. } => {
                // The pause was over already: the answer comes with the connection.
            }
            other => panic!("{other:?}"),
        }
        let _greeted = peer.accept(PROTOCOL_NUMBER);
    }
}

#[test]
fn the_next_connection_is_another_run_of_the_daemon() {
    let mut peer = Peer::new();
    let (_link, events) = start(&peer);
    let talk = peer.accept(PROTOCOL_NUMBER);
    assert_eq!(up(&events), 1);
    drop(talk);
    let _talk = peer.accept(PROTOCOL_NUMBER);
    assert_eq!(up(&events), 2);
}

#[test]
fn garbage_ends_the_connection() {
    let mut peer = Peer::new();
    let (_link, events) = start(&peer);
    let mut talk = peer.accept(PROTOCOL_NUMBER);
    assert_eq!(up(&events), 1);
    talk.stream.write_all(&u32::MAX.to_le_bytes()).unwrap();
    assert!(matches!(next(&events), LinkEvent::Down { .. }));
}

#[test]
fn another_protocol_waits_to_be_asked() {
    let mut peer = Peer::new();
    let (link, events) = start(&peer);
    let _other = peer.accept(99);
    assert!(matches!(next(&events), LinkEvent::Connecting { .. }));
    assert!(matches!(next(&events), LinkEvent::Incompatible(_)));
    assert!(link.send(Ticket(4), Box::new(Request::Scan)));
    assert!(matches!(next(&events), LinkEvent::NotSent(Ticket(4))));
    link.connect_now();
    let _talk = peer.accept(PROTOCOL_NUMBER);
    assert_eq!(up(&events), 2);
}

#[test]
fn a_daemon_that_could_not_be_started_is_offered_again_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let (threads, events) = Threads::new();
    let starter: Starter = |_| Err(StartError::NotInstalled { looked: vec!["/nowhere".into()] });
    let start = Start { starter, offer: offer(), ask: false };
    let link = Link::start(Some(path.clone()), Some(start), &threads).unwrap();
    assert!(matches!(next(&events), LinkEvent::Connecting { attempt: 1 }));
    for _ in 0..2 {
        assert!(matches!(next(&events), LinkEvent::Starting));
        let LinkEvent::Offered(Offer { failed: Some(why), .. }) = next(&events) else { panic!() };
        assert!(why.message.contains("/nowhere"));
        // Looking again says nothing: the reason stays on the screen.
        link.connect_now();
        link.start_daemon();
    }
}

#[test]
fn without_a_daemon_to_start_nobody_there_is_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let (threads, events) = Threads::new();
    let _link = Link::start(Some(folder.path().join("s")), None, &threads).unwrap();
    for (attempt, pause) in [(1, PAUSE_FIRST), (2, PAUSE_FIRST * 2)] {
        assert!(matches!(next(&events), LinkEvent::Connecting { attempt: number } if number == attempt));
        let LinkEvent::Down { retry_in, .. } = next(&events) else { panic!() };
        assert_eq!(retry_in, pause);
    }
}

#[test]
fn a_daemon_that_was_there_and_went_away_is_not_replaced_by_another() {
    let mut peer = Peer::new();
    let (threads, events) = Threads::new();
    let starter: Starter = |_| panic!("started");
    let _link =
        Link::start(Some(peer.path.clone()), Some(Start { starter, offer: offer(), ask: false }), &threads)
            .unwrap();
    assert!(matches!(next(&events), LinkEvent::Connecting { attempt: 1 }));
    let talk = peer.accept(PROTOCOL_NUMBER);
    assert_eq!(up(&events), 1);
    std::fs::remove_file(&peer.path).unwrap();
    drop((talk, peer));
    let mut downs = 0;
    while downs < 2 {
        match next(&events) {
            LinkEvent::Down { .. } => downs += 1,
            LinkEvent::Connecting { .. } => {}
            other => panic!("{other:?}"),
        }
    }
}

/// The run loop without a terminal: what is asked of it, of the link.
fn act(app: &mut App, link: &Link, event: Event) {
    for action in app.update(Timestamp::default(), event) {
        match action {
            Action::Send { ticket, request } => assert!(link.send(ticket, request)),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn what_a_daemon_read_before_it_died_is_in_doubt_and_not_sent_again() {
    let mut peer = Peer::new();
    let (link, events) = start(&peer);
    let mut app = App::new(Timestamp::default(), (80, 24), CopyWay::Terminal);
    let mut talk = peer.accept(PROTOCOL_NUMBER);
    while !app.is_live() {
        act(&mut app, &link, events.recv_timeout(LIMIT).unwrap());
    }
    act(&mut app, &link, Event::Key(Key::Char('R')));
    while talk.call().request != Request::Scan {}
    drop(talk);
    while app.is_live() {
        act(&mut app, &link, events.recv_timeout(LIMIT).unwrap());
    }
    let doubt = Said::Unanswered(vec![Change::Scan]);
    assert_eq!(app.notice.as_ref().unwrap().said, doubt);
    let mut talk = peer.accept(PROTOCOL_NUMBER);
    while !app.is_live() {
        act(&mut app, &link, events.recv_timeout(LIMIT).unwrap());
    }
    assert_eq!(app.notice.as_ref().unwrap().said, doubt, "it is not forgotten by the return");
    // The last that is asked at the start of a connection; a request that was kept would come before it.
    loop {
        let request = talk.call().request;
        assert!(request.is_read(), "{request:?}");
        if request == Request::Status {
            break;
        }
    }
}

#[test]
fn a_daemon_is_started_when_the_user_wants_one_and_not_before() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let (threads, events) = Threads::new();
    let starter: Starter = |_| Err(StartError::NotInstalled { looked: vec!["/nowhere".into()] });
    let start = Start { starter, offer: offer(), ask: true };
    let link = Link::start(Some(path), Some(start), &threads).unwrap();
    assert!(matches!(next(&events), LinkEvent::Connecting { attempt: 1 }));
    match next(&events) {
        LinkEvent::Offered(offered) => assert_eq!(offered, offer()),
        other => panic!("{other:?}"),
    }
    link.connect_now();
    link.start_daemon();
    assert!(matches!(next(&events), LinkEvent::Starting), "the offer stands, and nothing else was told");
    match next(&events) {
        LinkEvent::Offered(Offer { failed: Some(why), .. }) => {
            assert!(why.message.contains("/nowhere"), "{}", why.message);
        }
        other => panic!("{other:?}"),
    }
}

/// A daemon of another version came and went; what was offered before is offered again.
#[test]
fn an_offer_comes_back_after_something_else_was_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let (threads, events) = Threads::new();
    let starter: Starter = |_| panic!("started");
    let start = Start { starter, offer: offer(), ask: true };
    let link = Link::start(Some(path.clone()), Some(start), &threads).unwrap();
    assert!(matches!(next(&events), LinkEvent::Connecting { attempt: 1 }));
    assert!(matches!(next(&events), LinkEvent::Offered(_)));
    let listener = UnixListener::bind(&path).unwrap();
    let mut peer = Peer { _folder: folder, path: path.clone(), listener, greetings: 0 };
    link.connect_now();
    let talk = peer.accept(PROTOCOL_NUMBER + 1);
    assert!(matches!(next(&events), LinkEvent::Incompatible(_)));
    std::fs::remove_file(&path).unwrap();
    drop((talk, peer));
    link.connect_now();
    assert!(matches!(next(&events), LinkEvent::Connecting { .. }));
    assert!(matches!(next(&events), LinkEvent::Offered(_)));
}

fn offer() -> Offer {
    Offer { state: "/state".into(), log: "/log".into(), failed: None }
}
