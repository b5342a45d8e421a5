//! Names of things: compact numbers between the programs and on disk, Crockford base32 text for people and JSON.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Writes the low `digits * 5` bits of `value`, most significant digit first.
fn encode_base32(value: u128, digits: usize) -> String {
    (0..digits)
        .rev()
        .map(|digit| char::from(ALPHABET[usize::try_from((value >> (digit * 5)) & 31).unwrap_or(0)]))
        .collect()
}

/// Reads `digits` Crockford digits of either case; `I`, `L` read as 1 and `O` as 0, as Crockford defines.
fn decode_base32(text: &str, digits: usize) -> Option<u128> {
    if text.len() != digits {
        return None;
    }
    text.bytes().try_fold(0u128, |value, byte| {
        let digit = match byte.to_ascii_uppercase() {
            b'I' | b'L' => 1,
            b'O' => 0,
            upper => ALPHABET.iter().position(|letter| *letter == upper)?,
        };
        Some((value << 5) | digit as u128)
    })
}

/// The text is not an id of the expected kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {kind}")]
pub struct InvalidId {
    kind: &'static str,
}

macro_rules! text_in_json_number_in_binary {
    ($name:ident, $number:ty) => {
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.collect_str(self)
                } else {
                    self.bits().serialize(serializer)
                }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
                } else {
                    Self::from_bits(<$number>::deserialize(deserializer)?)
                        .ok_or_else(|| de::Error::custom(concat!("not a valid ", stringify!($name))))
                }
            }
        }
    };
}

/// A video of the library. Survives renames and replacement of its files. 60 bits, 12 digits, lower case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VideoId(u64);

impl VideoId {
    pub const DIGITS: usize = 12;
    const MASK: u64 = (1 << 60) - 1;

    /// Keeps the low 60 bits of a random number.
    #[must_use]
    pub fn from_random(bits: u64) -> Self {
        Self(bits & Self::MASK)
    }

    #[must_use]
    pub fn from_bits(bits: u64) -> Option<Self> {
        (bits <= Self::MASK).then_some(Self(bits))
    }

    #[must_use]
    pub fn bits(self) -> u64 {
        self.0
    }
}

impl fmt::Display for VideoId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&encode_base32(self.0.into(), Self::DIGITS).to_ascii_lowercase())
    }
}

impl FromStr for VideoId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        decode_base32(text, Self::DIGITS)
            .and_then(|bits| u64::try_from(bits).ok())
            .map(Self)
            .ok_or(InvalidId { kind: "video id" })
    }
}

text_in_json_number_in_binary!(VideoId, u64);

/// The unguessable part of a posting URL: 100 random bits, 20 digits, upper case (which keeps QR codes small).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token {
    // Two halves take less room in larger types than one number, which lies at multiples of 16.
    high: u64,
    low: u64,
}

impl Token {
    pub const DIGITS: usize = 20;
    const MASK: u128 = (1 << 100) - 1;

    /// Keeps the low 100 bits of a random number.
    #[must_use]
    pub fn from_random(bits: u128) -> Self {
        let half = |bits: u128| u64::try_from(bits & u128::from(u64::MAX)).unwrap_or(u64::MAX);
        let bits = bits & Self::MASK;
        Self { high: half(bits >> 64), low: half(bits) }
    }

    #[must_use]
    pub fn from_bits(bits: u128) -> Option<Self> {
        (bits <= Self::MASK).then(|| Self::from_random(bits))
    }

    #[must_use]
    pub fn bits(self) -> u128 {
        u128::from(self.high) << 64 | u128::from(self.low)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Token").field(&self.bits()).finish()
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&encode_base32(self.bits(), Self::DIGITS))
    }
}

impl FromStr for Token {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        decode_base32(text, Self::DIGITS).and_then(Self::from_bits).ok_or(InvalidId { kind: "token" })
    }
}

text_in_json_number_in_binary!(Token, u128);

/// What tells several postings of one video apart: 1 to 40 of `a-z 0-9 . _ -`, starting with a letter or digit.
/// Many are the same; copies of one share its text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label(Arc<str>);

impl Label {
    pub const LEN_MAX: usize = 40;

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Label {
    fn default() -> Self {
        Self("default".into())
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Label {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
        let starts_well = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
        if starts_well && text.len() <= Self::LEN_MAX && text.bytes().all(allowed) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidId { kind: "label" })
        }
    }
}

impl Serialize for Label {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Label {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// Tells one run of a daemon from the next: 64 random bits drawn at its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InstanceId(pub u64);

impl fmt::Display for InstanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_twenty_digits_and_reads_back_in_any_case() {
        let token = Token::from_random(u128::MAX);
        assert_eq!(token.to_string(), "ZZZZZZZZZZZZZZZZZZZZ");
        let token = Token::from_random(0x1234_5678_9abc_def0_1234_5678);
        assert_eq!(token.to_string().len(), Token::DIGITS);
        assert_eq!(token.to_string().to_lowercase().parse(), Ok(token));
    }

    #[test]
    fn crockford_look_alikes_read_as_digits() {
        assert_eq!("iIlLoO00000000000000".parse::<Token>(), "11110000000000000000".parse::<Token>());
        assert!("u0000000000000000000".parse::<Token>().is_err());
        assert!("0".parse::<Token>().is_err());
    }

    #[test]
    fn labels_are_checked() {
        for good in ["default", "a", "spring-2026", "1.b_c"] {
            assert!(good.parse::<Label>().is_ok(), "{good}");
        }
        for bad in ["", "-a", "A", "a b", "a#b", "ä", &"x".repeat(41)] {
            assert!(bad.parse::<Label>().is_err(), "{bad}");
        }
    }

    #[test]
    fn json_holds_text() {
        let id = VideoId::from_random(0x0fff_0000_1111_2222);
        let json = serde_json::to_string(&id).unwrap();
        assert_eq!(json, format!("\"{id}\""));
        assert_eq!(serde_json::from_str::<VideoId>(&json).unwrap(), id);
    }
}
