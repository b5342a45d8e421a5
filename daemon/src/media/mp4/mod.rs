//! MP4 and QuickTime files (ISO/IEC 14496-12, -14): what is in them, and the same bytes with the index in front.

mod bits;
mod boxes;
mod budget;
mod compressed;
mod constancy;
mod entry;
mod esds;
mod fragments;
#[cfg(any(test, fuzzing))]
pub(crate) mod hostile;
mod layout;
mod media_start;
mod movie;
mod outline;
mod pointers;
mod probe;
mod relocate;
mod sps;
mod sums;
mod tables;

#[cfg(test)]
mod differential_tests;
#[cfg(test)]
mod handmade;
#[cfg(test)]
mod hostile_tests;
#[cfg(test)]
mod immovable_tests;
#[cfg(test)]
mod reference_tests;
#[cfg(test)]
mod relocate_tests;

pub use self::constancy::changes_size;
pub use self::layout::{
    Layout, LayoutError, Piece, Segment, Turn, VirtualFile, index_len, layout, layout_in_turn,
};
pub use self::media_start::media_start;
pub(crate) use self::probe::bitrate_bps;
pub use self::probe::{looks_like_iso_media, probe};
pub use self::sums::{Sums, TrackSum, sums};
