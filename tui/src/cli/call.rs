//! `vodpost call`: the protocol for programs, one JSON line per request, reply and push.

use std::collections::HashMap;
use std::io::{self, BufRead};
use std::os::unix::net::UnixStream;
use std::sync::mpsc;
use std::thread;

use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use vodpost_protocol::connection::{Receiver, Sender, TalkError};
use vodpost_protocol::event::Push;
use vodpost_protocol::reply::{Answer, Message};
use vodpost_protocol::request::Request;

use super::Context;
use super::daemon::end;
use super::failure::{ErrorJson, Failure};
use super::output::Output;
use crate::text::Sentence;

/// Requests on their way at once; more lines are read as replies come.
const IN_FLIGHT: usize = 64;
const EXAMPLE: &str = r#"one object per line, such as {"id":1,"request":{"show":{"video":"talk"}}}"#;

/// Send requests as JSON lines from stdin, and print replies as JSON lines
#[derive(Debug, Args)]
#[command(
    after_long_help = "A line: {\"id\":7,\"request\":{\"show\":{\"video\":\"talk\"}}}. The id is anything; the reply carries it.
Without one the number of the line stands for it. Requests without fields are a string: {\"request\":\"status\"}.
A reply: {\"id\":7,\"ok\":…} or {\"id\":7,\"error\":{\"kind\":…,\"message\":…,\"hint\":…}}; after the request
\"subscribe\" also {\"push\":…}. A line that is no request gets an error, and the next one is read.
The command ends when stdin has ended and every request has its reply.

Example:
  echo '{\"id\":1,\"request\":\"status\"}' | vodpost call"
)]
pub struct Call {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    #[serde(default)]
    id: Option<Value>,
    request: Request,
}

#[derive(Serialize)]
struct OkLine<'a> {
    id: &'a Value,
    ok: Answer,
}

#[derive(Serialize)]
struct ErrorLine<'a> {
    id: &'a Value,
    error: ErrorJson,
}

#[derive(Serialize)]
struct PushLine {
    push: Push,
}

/// What the two ends have to say, in the order in which it arrives.
enum Input {
    Line { number: u64, bytes: Vec<u8> },
    End(io::Result<()>),
    Message(Result<Message, TalkError>),
}

impl Call {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), Failure> {
        // The lock is not taken here: it could not go to another thread.
        talk(context, || io::stdin().lock())
    }
}

pub(super) fn talk<B: BufRead>(
    context: &mut Context,
    open: impl FnOnce() -> B + Send + 'static,
) -> Result<(), Failure> {
    let (receiver, sender, stream) = context.daemon()?.split();
    let (inputs, from_both) = mpsc::channel();
    let (credits, credit) = mpsc::channel();
    for _ in 0..IN_FLIGHT {
        give_back(&credits);
    }
    let to_main = inputs.clone();
    spawn("stdin", move || read_lines(open(), &credit, &to_main))?;
    spawn("replies", move || read_messages(receiver, &inputs))?;
    let mut conversation = Conversation { sender, sent: 0, waiting: HashMap::new(), credits };
    let result = conversation.run(&mut context.out, &from_both);
    // Wakes the thread that waits for replies.
    end(&stream).map_err(|error| Failure::Talk(error.into()))?;
    result
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), Failure> {
    thread::Builder::new().name(name.to_owned()).spawn(work).map(drop).map_err(Failure::thread)
}

/// A line may be read once more. When nobody reads lines any more, nobody misses it.
fn give_back(credits: &mpsc::Sender<()>) {
    credits.send(()).unwrap_or_default();
}

fn read_lines(mut from: impl BufRead, credit: &mpsc::Receiver<()>, to: &mpsc::Sender<Input>) {
    let mut number = 0;
    // Either channel is closed when the conversation has ended.
    while credit.recv().is_ok() {
        let mut bytes = Vec::new();
        let input = loop {
            bytes.clear();
            match from.read_until(b'\n', &mut bytes) {
                Ok(0) => break Input::End(Ok(())),
                Ok(_) => number += 1,
                Err(error) => break Input::End(Err(error)),
            }
            if !bytes.trim_ascii().is_empty() {
                break Input::Line { number, bytes };
            }
        };
        let last = matches!(input, Input::End(_));
        if to.send(input).is_err() || last {
            return;
        }
    }
}

fn read_messages(mut receiver: Receiver<UnixStream>, to: &mpsc::Sender<Input>) {
    loop {
        let message = receiver.receive();
        let last = message.is_err();
        if to.send(Input::Message(message)).is_err() || last {
            return;
        }
    }
}

struct Conversation {
    sender: Sender<UnixStream>,
    sent: u32,
    /// The ids of the callers, by ours.
    waiting: HashMap<u32, Value>,
    credits: mpsc::Sender<()>,
}

impl Conversation {
    fn run(&mut self, out: &mut Output, inputs: &mpsc::Receiver<Input>) -> Result<(), Failure> {
        let mut ended = false;
        while !(ended && self.waiting.is_empty()) {
            // Both threads say when they end, so there is always one to come.
            let Ok(input) = inputs.recv() else { break };
            match input {
                Input::Line { number, bytes } => self.request(out, number, &bytes)?,
                Input::End(Ok(())) => ended = true,
                Input::End(Err(error)) => {
                    return Err(Failure::Failed(Sentence::new(format!("stdin cannot be read: {error}."))));
                }
                Input::Message(Ok(Message::Reply { id, result })) => {
                    // A reply that nobody waits for could only come from a daemon that miscounts.
                    let Some(id) = self.waiting.remove(&id) else { return Err(Failure::UnexpectedAnswer) };
                    match result {
                        Ok(ok) => out.json(&OkLine { id: &id, ok })?,
                        Err(refusal) => answer_error(out, &id, &Failure::Refused(refusal))?,
                    }
                    give_back(&self.credits);
                }
                Input::Message(Ok(Message::Push(push))) => out.json(&PushLine { push })?,
                Input::Message(Err(error)) => return self.lost(out, error.into()),
            }
            out.flush()?;
        }
        Ok(())
    }

    fn request(&mut self, out: &mut Output, number: u64, bytes: &[u8]) -> Result<(), Failure> {
        let (id, request) = match parse(number, bytes) {
            Ok(parsed) => parsed,
            Err((id, failure)) => {
                give_back(&self.credits);
                return answer_error(out, &id, &failure);
            }
        };
        match self.sender.send(request) {
            Ok(ours) => {
                self.sent = ours;
                self.waiting.insert(ours, id);
                Ok(())
            }
            // It does not fit a frame; nothing was sent.
            Err(error @ (TalkError::Codec(_) | TalkError::Frame(_))) => {
                give_back(&self.credits);
                let failure = Failure::Usage(Sentence::new(format!("The request cannot be sent: {error}.")));
                answer_error(out, &id, &failure)
            }
            Err(error @ (TalkError::Io(_) | TalkError::Closed)) => {
                self.waiting.insert(self.sent.wrapping_add(1), id);
                self.lost(out, error.into())
            }
        }
    }

    /// Whoever still waits gets told; whether those requests were carried out is not known.
    fn lost(&mut self, out: &mut Output, failure: Failure) -> Result<(), Failure> {
        let mut waiting: Vec<_> = self.waiting.drain().collect();
        waiting.sort_by_key(|(ours, _)| *ours);
        waiting.iter().try_for_each(|(_, id)| answer_error(out, id, &failure))?;
        Err(failure)
    }
}

fn answer_error(out: &mut Output, id: &Value, failure: &Failure) -> Result<(), Failure> {
    out.json(&ErrorLine { id, error: failure.json() })
}

/// The caller's id and the request, or the id as far as it can be told and what is wrong.
fn parse(number: u64, bytes: &[u8]) -> Result<(Value, Request), (Value, Failure)> {
    match serde_json::from_slice::<Line>(bytes) {
        Ok(Line { id, request }) => Ok((id.unwrap_or_else(|| number.into()), request)),
        Err(error) => {
            let id = serde_json::from_slice::<Value>(bytes).ok().and_then(|line| line.get("id").cloned());
            let message = format!("Line {number} is not a request: {error}.");
            let failure = Failure::Usage(Sentence::with_hint(message, EXAMPLE));
            // The message names the line; a number of ours might be taken for an id of the caller's.
            Err((id.unwrap_or(Value::Null), failure))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_line_is_a_request_with_or_without_an_id() {
        let show = Request::Show { video: "talk".into() };
        let parsed = parse(3, br#"{"id":"x","request":{"show":{"video":"talk"}}}"#);
        assert_eq!(parsed.unwrap(), (json!("x"), show));
        assert_eq!(parse(3, br#"{"request":"status"}"#).unwrap(), (json!(3), Request::Status));
    }

    #[test]
    fn a_bad_line_keeps_its_id() {
        let (id, failure) = parse(3, br#"{"id":7,"request":{"shwo":{}}}"#).unwrap_err();
        assert_eq!((id, failure.kind()), (json!(7), "usage"));
        assert_eq!(parse(3, b"not json").unwrap_err().0, Value::Null);
        assert_eq!(parse(3, b"\xff").unwrap_err().0, Value::Null);
        assert!(parse(3, br#"{"request":"status","nonsense":1}"#).is_err());
    }
}
