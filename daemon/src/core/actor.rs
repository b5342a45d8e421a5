//! Who asked for a change.

use std::fmt;
use std::sync::Arc;

/// The peer of a connection, by the credentials that the kernel gave, or nobody.
#[derive(Clone, PartialEq, Eq)]
pub enum Actor {
    /// Shared by all that this user did.
    User(Arc<User>),
    /// The daemon itself: a scan, a worker or a deadline.
    Daemon,
}

#[derive(Debug, PartialEq, Eq, Hash)]
pub struct User {
    pub uid: u32,
    pub name: String,
}

impl Actor {
    #[must_use]
    pub fn user(uid: u32, name: impl Into<String>) -> Self {
        Self::User(Arc::new(User { uid, name: name.into() }))
    }

    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::User(user) => &user.name,
            Self::Daemon => "vodpostd",
        }
    }

    #[must_use]
    pub fn uid(&self) -> Option<u32> {
        match self {
            Self::User(user) => Some(user.uid),
            Self::Daemon => None,
        }
    }
}

impl fmt::Debug for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(user) => user.fmt(f),
            Self::Daemon => f.write_str("Daemon"),
        }
    }
}
