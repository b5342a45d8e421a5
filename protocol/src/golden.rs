//! Frozen bytes of every message. A change of any of them is another protocol number.
//!
//! To accept new messages: `VODPOST_ACCEPT=1 cargo test -p vodpost-protocol golden`, and read the difference.

mod refusals;
mod samples;
mod specification;

use std::fmt::Write;

use serde::Serialize;
use serde::de::DeserializeOwned;

use refusals::refusals;
use samples::{answers, findings, pushes, requests};

use crate::checkup::Finding;
use crate::codec;
use crate::event::Push;
use crate::refusal::Refusal;
use crate::reply::{Answer, Message};
use crate::request::{Call, Request};

/// The variant's name: the first word of its debug form.
fn name(value: &impl std::fmt::Debug) -> String {
    format!("{value:?}").chars().take_while(char::is_ascii_alphanumeric).collect()
}

fn line<T>(text: &mut String, name: &str, value: &T)
where
    T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug,
{
    let bytes = codec::encode(value).unwrap();
    assert_eq!(codec::decode::<T>(&bytes).unwrap(), *value, "{name} comes back");
    let json = serde_json::to_string(value).unwrap();
    assert_eq!(serde_json::from_str::<T>(&json).unwrap(), *value, "{name} comes back from JSON");
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    writeln!(text, "{name} {hex}").unwrap();
}

fn all() -> String {
    let mut text = String::new();
    for request in requests() {
        let name = format!("request/{}", name(&request));
        line(&mut text, &name, &Call { id: 1, request });
    }
    for answer in answers() {
        let name = format!("answer/{}", name(&answer));
        line(&mut text, &name, &Message::Reply { id: 2, result: Ok(answer) });
    }
    for refusal in refusals() {
        let name = format!("refusal/{}", name(&refusal));
        line(&mut text, &name, &Message::Reply { id: 3, result: Err(refusal) });
    }
    for push in pushes() {
        let name = format!("push/{}", name(&push));
        line(&mut text, &name, &Message::Push(push));
    }
    for (of, variants) in specification::vocabularies() {
        for (name, number) in variants.iter().zip(0u8..) {
            writeln!(text, "{of}/{name} {number:02x}").unwrap();
        }
    }
    text
}

#[test]
fn the_bytes_of_every_message_are_those_of_protocol_3() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/protocol-3.txt");
    let ours = all();
    if std::env::var_os("VODPOST_ACCEPT").is_some() {
        std::fs::write(path, &ours).unwrap();
    }
    let frozen = std::fs::read_to_string(path).unwrap();
    for (ours, frozen) in ours.lines().zip(frozen.lines()) {
        assert_eq!(ours, frozen);
    }
    assert_eq!(ours.lines().count(), frozen.lines().count());
}

/// Variants are numbered from 0 without gaps, and every one of them is in the row.
fn complete<T: Serialize>(values: &[T]) {
    for (number, value) in values.iter().enumerate() {
        let bytes = codec::encode(value).unwrap();
        assert_eq!(usize::from(bytes[0]), number);
    }
}

#[test]
fn no_variant_is_left_out() {
    complete(&requests());
    complete(&answers());
    complete(&refusals());
    complete(&pushes());
    complete(&findings());
    // One beyond the last is no variant, so the last one is in the row.
    let beyond = |count: usize| [u8::try_from(count).unwrap(), 0, 0, 0, 0];
    assert!(codec::decode::<Request>(&beyond(requests().len())).is_err());
    assert!(codec::decode::<Push>(&beyond(pushes().len())).is_err());
    assert!(codec::decode::<Finding>(&beyond(findings().len())).is_err());
    for tail in 0..4 {
        let count = refusals().len();
        assert!(codec::decode::<Refusal>(&beyond(count)[..=tail]).is_err());
        assert!(codec::decode::<Answer>(&beyond(answers().len())[..=tail]).is_err());
    }
}

#[test]
fn truncated_extended_and_flipped_messages_never_panic_and_never_leave_bytes_over() {
    // Words alone are no messages.
    for text in all().lines().filter(|line| !line.starts_with(char::is_uppercase)) {
        let hex = text.split(' ').nth(1).unwrap();
        let bytes: Vec<u8> =
            (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect();
        for len in 0..bytes.len() {
            assert!(codec::decode::<Message>(&bytes[..len]).is_err() || text.starts_with("request"));
        }
        let longer = [bytes.as_slice(), &[0]].concat();
        assert!(codec::decode::<Message>(&longer).is_err() || text.starts_with("request"));
        for at in 0..bytes.len() {
            for flip in [1, 0x80, 0xff] {
                let mut flipped = bytes.clone();
                flipped[at] ^= flip;
                // Whatever it says, it is refused or it is a message; it must not panic or take much memory.
                if let Ok(message) = codec::decode::<Message>(&flipped) {
                    assert!(codec::encode(&message).is_ok());
                }
                if let Ok(call) = codec::decode::<Call>(&flipped) {
                    assert!(codec::encode(&call).is_ok());
                }
            }
        }
    }
}
