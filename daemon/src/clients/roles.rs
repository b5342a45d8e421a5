//! S4: which role a peer has, by its uid and groups. What a role may do is a table of its own, in `core::roles`.

use std::ffi::CString;

use nix::unistd::{Gid, Group, Uid, User, getgrouplist};
use vodpost_protocol::hello::Role;

use super::Peer;
use crate::config::RoleNames;

/// Who is named in the settings. Root and the daemon's own user are admins whatever they say; who is not named may not
/// connect.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roles {
    users: Vec<(u32, Role)>,
    groups: Vec<(u32, Role)>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RolesError {
    #[error("roles.{role}: there is no user {name:?}; groups are written as \"@name\"")]
    NoSuchUser { role: &'static str, name: String },
    #[error("roles.{role}: there is no group {name:?}")]
    NoSuchGroup { role: &'static str, name: String },
    #[error("the user database cannot be read: {0}")]
    Database(nix::Error),
}

impl Roles {
    /// Looks the names up: a user by name or number, a group as `@name` or `@number`.
    ///
    /// # Errors
    /// The first name that there is not.
    pub fn resolve(names: &RoleNames) -> Result<Self, RolesError> {
        let mut roles = Self::default();
        let lists =
            [(Role::Admin, &names.admin), (Role::Operator, &names.operator), (Role::Viewer, &names.viewer)];
        for (role, list) in lists {
            for name in list {
                match name.strip_prefix('@') {
                    Some(group) => roles.groups.push((group_id(role, group)?, role)),
                    None => roles.users.push((user_id(role, name)?, role)),
                }
            }
        }
        Ok(roles)
    }

    /// Whether anybody besides root and the daemon's own user is let in.
    #[must_use]
    pub fn admit_others(&self) -> bool {
        !self.users.is_empty() || !self.groups.is_empty()
    }

    /// The peer with this uid, with the most powerful of its roles.
    #[must_use]
    pub fn peer(&self, uid: u32) -> Peer {
        let user = User::from_uid(Uid::from_raw(uid)).unwrap_or_else(|error| {
            tracing::warn!(uid, %error, "the user database cannot be read");
            None
        });
        let role = self.role(uid, user.as_ref());
        Peer { uid, name: user.map_or_else(|| format!("uid {uid}"), |user| user.name), role }
    }

    /// Whether this is root or the daemon's own user.
    #[must_use]
    pub fn is_host(uid: u32) -> bool {
        uid == 0 || uid == rustix::process::geteuid().as_raw()
    }

    fn role(&self, uid: u32, user: Option<&User>) -> Role {
        if Self::is_host(uid) {
            return Role::Admin;
        }
        let by_user = self.users.iter().filter(|(id, _)| *id == uid);
        // Asked anew for each connection: a change of group membership counts from the next one.
        let groups =
            if self.groups.is_empty() { Vec::new() } else { user.map(groups_of).unwrap_or_default() };
        let by_group = self.groups.iter().filter(|(id, _)| groups.contains(id));
        by_user.chain(by_group).map(|(_, role)| *role).max().unwrap_or(Role::None)
    }
}

/// The primary group and all supplementary ones; the kernel does not pass them with the credentials.
fn groups_of(user: &User) -> Vec<u32> {
    let Ok(name) = CString::new(user.name.as_str()) else { return Vec::new() };
    match getgrouplist(&name, user.gid) {
        Ok(groups) => groups.into_iter().map(Gid::as_raw).collect(),
        Err(error) => {
            tracing::warn!(user = user.name, %error, "the groups of a user cannot be read");
            vec![user.gid.as_raw()]
        }
    }
}

fn user_id(role: Role, name: &str) -> Result<u32, RolesError> {
    if let Ok(uid) = name.parse() {
        return Ok(uid);
    }
    match User::from_name(name).map_err(RolesError::Database)? {
        Some(user) => Ok(user.uid.as_raw()),
        None => Err(RolesError::NoSuchUser { role: role.name(), name: name.to_owned() }),
    }
}

fn group_id(role: Role, name: &str) -> Result<u32, RolesError> {
    if let Ok(gid) = name.parse() {
        return Ok(gid);
    }
    match Group::from_name(name).map_err(RolesError::Database)? {
        Some(group) => Ok(group.gid.as_raw()),
        None => Err(RolesError::NoSuchGroup { role: role.name(), name: name.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roles(admin: &[&str], operator: &[&str], viewer: &[&str]) -> Result<Roles, RolesError> {
        let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Roles::resolve(&RoleNames { admin: own(admin), operator: own(operator), viewer: own(viewer) })
    }

    const STRANGER: u32 = 3_999_999_999;

    #[test]
    fn s4_root_and_the_own_user_are_admins_and_nobody_else_may_connect() {
        let roles = roles(&[], &[], &[]).unwrap();
        assert_eq!(roles.peer(0).role, Role::Admin);
        assert_eq!(roles.peer(rustix::process::geteuid().as_raw()).role, Role::Admin);
        assert_eq!(roles.peer(STRANGER).role, Role::None);
        assert!(!roles.admit_others());
    }

    #[test]
    fn s4_the_most_powerful_role_counts() {
        let name = STRANGER.to_string();
        let roles = roles(&[], &[&name], &[&name]).unwrap();
        assert_eq!(roles.peer(STRANGER).role, Role::Operator);
        assert!(roles.admit_others());
    }

    #[test]
    fn s4_groups_give_roles_to_their_members() {
        // On every Linux system the user daemon is in the group daemon.
        let Ok(Some(user)) = User::from_name("daemon") else { return };
        let roles = roles(&[], &[], &["@daemon"]).unwrap();
        assert_eq!(roles.peer(user.uid.as_raw()).role, Role::Viewer);
        assert_eq!(roles.peer(STRANGER).role, Role::None);
    }

    #[test]
    fn s4_a_name_that_there_is_not_is_an_error_with_its_place() {
        let error = roles(&[], &["no such user"], &[]).unwrap_err().to_string();
        assert!(error.contains("roles.operator") && error.contains("no such user"), "{error}");
        assert!(roles(&["@no such group"], &[], &[]).is_err());
    }
}
