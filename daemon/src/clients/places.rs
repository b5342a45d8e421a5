//! Room for clients, so that none can take all of it. Whoever connects stands at the door until its first call; the door
//! is never shut, but when it is crowded the client that stands there longest is sent away, of the user who has most of
//! them there. With its first call a client takes a seat. Seats are not taken back; a user has so many, and some are kept
//! for root and the daemon's own user.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

/// Clients that have not called yet.
pub(crate) const DOOR_MAX: usize = 256;
/// Clients that have.
pub(crate) const SEATS_MAX: usize = 256;
/// Of them, those of one user; root and the daemon's own user may fill all.
const SEATS_PER_USER: usize = 64;
/// Seats that only root and the daemon's own user may take.
const SEATS_KEPT: usize = 32;

/// Who connects, as far as room is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Guest {
    pub(crate) uid: u32,
    /// Root or the daemon's own user.
    pub(crate) host: bool,
}

#[derive(Debug, Default)]
struct Room {
    next: u64,
    /// In the order in which they came.
    door: BTreeMap<u64, (u32, CancellationToken)>,
    seats: HashMap<u32, usize>,
    seated: usize,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Places {
    room: Arc<Mutex<Room>>,
    /// Cancelled when everybody has to leave.
    closed: CancellationToken,
}

/// The room of one client; given back when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    room: Arc<Mutex<Room>>,
    guest: Guest,
    number: u64,
    sent_away: CancellationToken,
    seated: bool,
}

/// There is no seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Full;

fn lock(room: &Mutex<Room>) -> MutexGuard<'_, Room> {
    room.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Places {
    pub(crate) fn until(closed: CancellationToken) -> Self {
        Self { room: Arc::default(), closed }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.is_cancelled()
    }

    pub(crate) fn enter(&self, guest: Guest) -> Place {
        let mut room = lock(&self.room);
        if room.door.len() >= DOOR_MAX {
            room.send_one_away();
        }
        room.next += 1;
        let (number, sent_away) = (room.next, self.closed.child_token());
        room.door.insert(number, (guest.uid, sent_away.clone()));
        Place { room: Arc::clone(&self.room), guest, number, sent_away, seated: false }
    }
}

impl Room {
    fn send_one_away(&mut self) {
        let mut waiting: HashMap<u32, usize> = HashMap::new();
        for (uid, _) in self.door.values() {
            *waiting.entry(*uid).or_default() += 1;
        }
        let Some(most) = waiting.values().copied().max() else { return };
        let oldest = self.door.iter().find(|(_, (uid, _))| waiting.get(uid) == Some(&most));
        if let Some((_, sent_away)) = oldest.map(|(number, _)| *number).and_then(|one| self.door.remove(&one))
        {
            sent_away.cancel();
        }
    }

    fn has_seat(&self, guest: Guest) -> bool {
        let own = self.seats.get(&guest.uid).copied().unwrap_or(0);
        if guest.host {
            self.seated < SEATS_MAX
        } else {
            own < SEATS_PER_USER && self.seated < SEATS_MAX - SEATS_KEPT
        }
    }
}

impl Place {
    pub(crate) fn uid(&self) -> u32 {
        self.guest.uid
    }

    pub(crate) fn is_seated(&self) -> bool {
        self.seated
    }

    /// # Errors
    /// When all seats that it may have are taken.
    pub(crate) fn sit(&mut self) -> Result<(), Full> {
        let mut room = lock(&self.room);
        // It may have been sent away at this very moment.
        if !room.has_seat(self.guest) || room.door.remove(&self.number).is_none() {
            return Err(Full);
        }
        *room.seats.entry(self.guest.uid).or_default() += 1;
        room.seated += 1;
        self.seated = true;
        Ok(())
    }

    /// Cancelled when everybody has to leave, or somebody else needs the room; not for the latter once it is seated.
    pub(crate) fn sent_away(&self) -> CancellationToken {
        self.sent_away.clone()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut room = lock(&self.room);
        if !self.seated {
            room.door.remove(&self.number);
            return;
        }
        room.seated -= 1;
        if let Some(own) = room.seats.get_mut(&self.guest.uid) {
            *own -= 1;
            if *own == 0 {
                room.seats.remove(&self.guest.uid);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: Guest = Guest { uid: 0, host: true };

    fn other(uid: u32) -> Guest {
        Guest { uid, host: false }
    }

    fn seated(places: &Places, guest: Guest, count: usize) -> Vec<Place> {
        (0..count)
            .map_while(|_| {
                let mut place = places.enter(guest);
                place.sit().ok().map(|()| place)
            })
            .collect()
    }

    #[test]
    fn a_crowd_at_the_door_loses_its_own_and_nobody_elses() {
        let places = Places::default();
        let honest = places.enter(HOST);
        let crowd: Vec<Place> = (0..DOOR_MAX * 4).map(|_| places.enter(other(7))).collect();
        assert!(!honest.sent_away().is_cancelled(), "it came first, but from another user");
        let left = crowd.iter().filter(|place| !place.sent_away().is_cancelled()).count();
        assert_eq!(left, DOOR_MAX - 1);
        assert!(crowd[0].sent_away().is_cancelled(), "the oldest goes");
        assert!(!crowd[DOOR_MAX * 4 - 1].sent_away().is_cancelled(), "the newest stays");
        drop(crowd);
        assert_eq!(lock(&places.room).door.len(), 1);
    }

    #[test]
    fn users_cannot_take_all_seats() {
        let places = Places::default();
        let one = seated(&places, other(1), SEATS_MAX);
        assert_eq!(one.len(), SEATS_PER_USER);
        let many: Vec<Place> = (2..20).flat_map(|uid| seated(&places, other(uid), SEATS_MAX)).collect();
        assert_eq!(one.len() + many.len(), SEATS_MAX - SEATS_KEPT);
        assert_eq!(seated(&places, HOST, SEATS_MAX).len(), SEATS_KEPT);
        drop(one);
        assert_eq!(seated(&places, HOST, SEATS_MAX).len(), SEATS_KEPT + SEATS_PER_USER);
        drop(many);
        assert_eq!(seated(&places, HOST, SEATS_MAX + 1).len(), SEATS_MAX);
        let room = lock(&places.room);
        assert!(room.seats.is_empty() && room.seated == 0 && room.door.is_empty(), "all was given back");
    }

    #[test]
    fn who_is_seated_is_not_sent_away() {
        let places = Places::default();
        let mut place = places.enter(HOST);
        place.sit().unwrap();
        let crowd: Vec<Place> = (0..DOOR_MAX * 2).map(|_| places.enter(HOST)).collect();
        assert!(!place.sent_away().is_cancelled());
        drop(crowd);
    }
}
