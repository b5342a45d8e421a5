//! Who asked for a change.

/// The peer of a connection, by the credentials that the kernel gave, or nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    User {
        uid: u32,
        name: String,
    },
    /// The daemon itself: a scan, a worker or a deadline.
    Daemon,
}

impl Actor {
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::User { name, .. } => name,
            Self::Daemon => "vodpostd",
        }
    }

    #[must_use]
    pub fn uid(&self) -> Option<u32> {
        match self {
            Self::User { uid, .. } => Some(*uid),
            Self::Daemon => None,
        }
    }
}
