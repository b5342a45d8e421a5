//! The local protocol: greetings, frames, and messages of both directions.

use serde::Serialize;
use serde::de::DeserializeOwned;
use vodpost_protocol::codec;
use vodpost_protocol::frame::{FRAME_LEN_MAX, Frame, FrameReader, wrap};
use vodpost_protocol::hello::{CLIENT_HELLO_LEN, ClientHello, DAEMON_HELLO_LEN, DaemonHello};
use vodpost_protocol::reply::Message;
use vodpost_protocol::request::Call;

use super::{pieces, with_plan};
use crate::clients::calls::{CALL_LEN_MAX, Calls, Taken};

/// Both greetings come back from their own bytes.
pub fn hello(bytes: &[u8]) {
    let client: Option<[u8; CLIENT_HELLO_LEN]> = bytes.first_chunk().copied();
    if let Some(hello) = client.and_then(|bytes| ClientHello::from_bytes(&bytes).ok()) {
        assert!(hello.version.bytes().all(|byte| byte.is_ascii_graphic()));
        assert_eq!(ClientHello::from_bytes(&hello.to_bytes()), Ok(hello));
    }
    let daemon: Option<[u8; DAEMON_HELLO_LEN]> = bytes.first_chunk().copied();
    if let Some(hello) = daemon.and_then(|bytes| DaemonHello::from_bytes(&bytes).ok()) {
        assert!(hello.version.bytes().all(|byte| byte.is_ascii_graphic()));
        assert_eq!(DaemonHello::from_bytes(&hello.to_bytes()), Ok(hello));
    }
}

/// A stream gives the same frames however it is cut, and these are its bytes again.
pub fn frames(bytes: &[u8]) {
    let (plan, stream) = with_plan(bytes);
    let at_once = taken(std::iter::once(stream), FRAME_LEN_MAX);
    assert_eq!(taken(pieces(stream, plan), FRAME_LEN_MAX), at_once);
    let mut again = Vec::new();
    for frame in &at_once.0 {
        let Frame::Whole(payload) = frame else { panic!("nothing is too long to be kept") };
        again.extend(wrap(payload).expect("it came out of a frame"));
    }
    assert!(stream.starts_with(&again));

    // A reader that keeps less sees the same frames, some cut short, and never stores more.
    let keep_max = plan.len();
    let cut = taken(pieces(stream, plan), keep_max);
    assert_eq!(taken(std::iter::once(stream), keep_max), cut);
    for (frame, whole) in cut.0.iter().zip(&at_once.0) {
        let Frame::Whole(whole) = whole else { panic!("nothing is too long to be kept") };
        match frame {
            Frame::Whole(payload) => assert_eq!(payload, whole),
            Frame::Beginning(payload) => assert_eq!(*payload, whole[..keep_max]),
        }
    }
    assert!(cut.0.len() >= at_once.0.len() && cut.0.len() <= at_once.0.len() + 1);
}

/// The frames, whether the stream was refused then, and if not, whether it stopped within a frame.
fn taken<'a>(pieces: impl Iterator<Item = &'a [u8]>, keep_max: usize) -> (Vec<Frame>, bool, bool) {
    let mut reader = FrameReader::default();
    let mut frames = Vec::new();
    for piece in pieces {
        reader.push(piece);
        loop {
            match reader.take_up_to(keep_max) {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(_too_large) => return (frames, true, false),
            }
        }
    }
    (frames, false, reader.has_partial())
}

/// What a daemon reads: the bytes as one call, and as a stream of framed calls.
pub fn call(bytes: &[u8]) {
    let Some(call) = comes_back::<Call>(bytes) else { return };
    let json = serde_json::to_string(&call).expect("every call can be written as JSON");
    assert_eq!(serde_json::from_str::<Call>(&json).expect("and read again"), call);
    let mut calls = Calls::default();
    calls.push(&wrap(bytes).expect("it is no longer than a frame"));
    match calls.take().expect("it is a call") {
        Some(Taken::Call(taken)) => assert_eq!(taken, call),
        Some(Taken::TooLong { id }) => assert!(id == call.id && bytes.len() > CALL_LEN_MAX),
        None => panic!("the call is whole"),
    }
}

/// What a client reads: replies, refusals and pushes.
pub fn message(bytes: &[u8]) {
    comes_back::<Message>(bytes);
}

/// What decodes encodes to no more bytes, which decode to the same again.
fn comes_back<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let value: T = codec::decode(bytes.get(..FRAME_LEN_MAX).unwrap_or(bytes)).ok()?;
    let once = codec::encode(&value).expect("what was decoded can be encoded");
    assert!(once.len() <= bytes.len(), "numbers take the shortest form");
    let again: T = codec::decode(&once).expect("what was encoded can be decoded, to its last byte");
    // Not the values: they may hold an f64 that is no number.
    assert_eq!(codec::encode(&again).expect("a second time, too"), once);
    Some(value)
}
