//! The greeting: fixed bytes that never change, so that any two versions can say which versions they are.
//!
//! The client writes 48 bytes, the daemon answers with 64 bytes, always, before either judges the other. Integers are
//! little-endian; the version is UTF-8 padded with zero bytes.
//!
//! | client | bytes | | daemon | bytes |
//! |---|---|---|---|---|
//! | magic `VODPOST\n` | 8 | | magic `VODPOST\n` | 8 |
//! | protocol number | 4 | | protocol number | 4 |
//! | reserved, zero | 4 | | role: 0 none, 1 viewer, 2 operator, 3 admin | 4 |
//! | build version | 32 | | instance id | 8 |
//! | | | | build version | 32 |
//! | | | | uid that the daemon saw | 4 |
//! | | | | reserved, zero | 4 |

use serde::{Deserialize, Serialize};

use crate::PROTOCOL_NUMBER;
use crate::ids::InstanceId;

pub const MAGIC: [u8; 8] = *b"VODPOST\n";
pub const CLIENT_HELLO_LEN: usize = 48;
pub const DAEMON_HELLO_LEN: usize = 64;
const VERSION_LEN: usize = 32;

/// S4: what the caller may do. The order is the order of power.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// May not connect; the daemon closes after its hello.
    None,
    Viewer,
    Operator,
    Admin,
}

impl Role {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    fn number(self) -> u32 {
        match self {
            Self::None => 0,
            Self::Viewer => 1,
            Self::Operator => 2,
            Self::Admin => 3,
        }
    }

    /// A role of a later version is treated as the least.
    fn from_number(number: u32) -> Self {
        match number {
            1 => Self::Viewer,
            2 => Self::Operator,
            3 => Self::Admin,
            0 | 4.. => Self::None,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientHello {
    pub protocol: u32,
    pub version: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DaemonHello {
    pub protocol: u32,
    pub role: Role,
    pub instance: InstanceId,
    pub version: String,
    pub uid: u32,
}

/// The other side is not vodpost.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the other side did not greet as vodpost does")]
pub struct NotVodpost;

impl ClientHello {
    /// The greeting of this build.
    #[must_use]
    pub fn ours(version: &str) -> Self {
        Self { protocol: PROTOCOL_NUMBER, version: version.to_owned() }
    }

    #[must_use]
    pub fn to_bytes(&self) -> [u8; CLIENT_HELLO_LEN] {
        let mut bytes = [0; CLIENT_HELLO_LEN];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..12].copy_from_slice(&self.protocol.to_le_bytes());
        bytes[16..48].copy_from_slice(&pad_version(&self.version));
        bytes
    }

    /// # Errors
    /// When the magic is another one.
    pub fn from_bytes(bytes: &[u8; CLIENT_HELLO_LEN]) -> Result<Self, NotVodpost> {
        if bytes[..8] != MAGIC {
            return Err(NotVodpost);
        }
        Ok(Self { protocol: read_u32(bytes, 8), version: unpad_version(&bytes[16..48]) })
    }
}

impl DaemonHello {
    #[must_use]
    pub fn to_bytes(&self) -> [u8; DAEMON_HELLO_LEN] {
        let mut bytes = [0; DAEMON_HELLO_LEN];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..12].copy_from_slice(&self.protocol.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.role.number().to_le_bytes());
        bytes[16..24].copy_from_slice(&self.instance.0.to_le_bytes());
        bytes[24..56].copy_from_slice(&pad_version(&self.version));
        bytes[56..60].copy_from_slice(&self.uid.to_le_bytes());
        bytes
    }

    /// # Errors
    /// When the magic is another one.
    pub fn from_bytes(bytes: &[u8; DAEMON_HELLO_LEN]) -> Result<Self, NotVodpost> {
        if bytes[..8] != MAGIC {
            return Err(NotVodpost);
        }
        let mut instance = [0; 8];
        instance.copy_from_slice(&bytes[16..24]);
        Ok(Self {
            protocol: read_u32(bytes, 8),
            role: Role::from_number(read_u32(bytes, 12)),
            instance: InstanceId(u64::from_le_bytes(instance)),
            version: unpad_version(&bytes[24..56]),
            uid: read_u32(bytes, 56),
        })
    }
}

fn read_u32(bytes: &[u8], at: usize) -> u32 {
    let mut number = [0; 4];
    number.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(number)
}

fn pad_version(version: &str) -> [u8; VERSION_LEN] {
    let mut bytes = [0; VERSION_LEN];
    let len = version.len().min(VERSION_LEN);
    bytes[..len].copy_from_slice(&version.as_bytes()[..len]);
    bytes
}

fn unpad_version(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    // The version is shown to people: nothing but plain characters gets through.
    bytes[..end].iter().map(|byte| if byte.is_ascii_graphic() { char::from(*byte) } else { '?' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greetings_have_these_bytes_for_ever() {
        let client = ClientHello { protocol: 7, version: "1.2.3".into() }.to_bytes();
        assert_eq!(&client[..24], b"VODPOST\n\x07\0\0\0\0\0\0\x001.2.3\0\0\0");
        assert_eq!(client.len(), 48);
        let hello = DaemonHello {
            protocol: 7,
            role: Role::Operator,
            instance: InstanceId(0x0102),
            version: "1.2.3".into(),
            uid: 1000,
        };
        let bytes = hello.to_bytes();
        assert_eq!(&bytes[..29], b"VODPOST\n\x07\0\0\0\x02\0\0\0\x02\x01\0\0\0\0\0\x001.2.3");
        assert_eq!(&bytes[56..], b"\xe8\x03\0\0\0\0\0\0");
        assert_eq!(DaemonHello::from_bytes(&bytes), Ok(hello));
    }

    #[test]
    fn a_stranger_is_recognised() {
        assert_eq!(ClientHello::from_bytes(&[b'G'; CLIENT_HELLO_LEN]), Err(NotVodpost));
    }

    #[test]
    fn a_hostile_version_is_made_plain() {
        let hello = ClientHello { protocol: 1, version: "\x1b[31mred".into() };
        assert_eq!(ClientHello::from_bytes(&hello.to_bytes()).unwrap().version, "?[31mred");
    }
}
