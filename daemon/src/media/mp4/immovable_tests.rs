//! What is not moved, and the reason that is given for it.

use super::handmade::{file_type, item_list, make_box, movie, sparse, track};
use super::relocate_tests::{assemble, described};
use super::*;
use crate::core::artifact::ServedLayout;
use crate::core::media::Index;
use crate::media::ProbeError;

#[test]
fn what_cannot_be_moved_says_why() {
    let media = make_box(b"mdat", b"aaaabbbbcccc");
    let inside = [1, 0, 0, 0, 0x44, 0x00, 0, 1, 0, 1, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];
    let iloc = make_box(b"meta", &[&[0; 4][..], &make_box(b"iloc", &inside)].concat());
    for (after, reason) in [(iloc, "iloc"), (make_box(b"sidx", b""), "fragments")] {
        let (file, _) = assemble(&[file_type(), media.clone()], &[after]);
        assert!(matches!(&described(&file).index, Index::Fixed(why) if why.contains(reason)), "{reason}");
        let error = layout(&file, ServedLayout::Relocated).unwrap_err();
        assert!(matches!(error, LayoutError::Fixed(why) if why.contains(reason)));
    }
    let inside_moov = [file_type(), media.clone(), movie(&[track(1, &[5], 4, false)])].concat();
    let file = sparse(0, &[(0, &inside_moov)]);
    assert!(matches!(described(&file).index, Index::Fixed(_)), "a chunk in the file type");
    assert!(layout(&file, ServedLayout::Relocated).is_err());
}

/// Players disagree about which of two counts, so that neither order is served, moved or copied.
#[test]
fn two_indexes_are_refused_wherever_they_are() {
    let media = make_box(b"mdat", b"aaaabbbbcccc");
    let index = movie(&[track(1, &[40], 4, false)]);
    for parts in [[&index, &media, &index], [&media, &index, &index], [&index, &index, &media]] {
        let bytes = [&file_type()[..], parts[0], parts[1], parts[2]].concat();
        let file = sparse(0, &[(0, &bytes)]);
        assert!(matches!(probe(&file), Err(ProbeError::IndexTwice)));
        assert!(matches!(
            layout(&file, ServedLayout::Relocated),
            Err(LayoutError::Unreadable(ProbeError::IndexTwice))
        ));
    }
}

#[test]
fn an_index_beyond_64_mib_is_refused_before_it_is_read() {
    let header = [&(65_u32 << 20).to_be_bytes()[..], b"moov"].concat();
    let ftyp = file_type();
    let len = ftyp.len() as u64 + (65 << 20);
    let file = sparse(len, &[(0, &ftyp), (ftyp.len() as u64, &header)]);
    assert!(matches!(probe(&file), Err(ProbeError::IndexTooLarge)));
    assert!(matches!(
        layout(&file, ServedLayout::Relocated),
        Err(LayoutError::Unreadable(ProbeError::IndexTooLarge))
    ));
}

/// An index that fits as it is, but not with the wider tables that it needs in front. That is known beforehand, so that
/// such a file is copied rather than moved in vain.
#[test]
fn an_index_that_would_outgrow_64_mib_is_not_moved() {
    const CHUNKS: usize = 9_000_000;
    let near = u64::from(u32::MAX) - 100;
    let mdat_len = near + 5000;
    let chunks = vec![near; CHUNKS];
    let ftyp = file_type();
    let mdat_start = ftyp.len() as u64;
    let header = [&1u32.to_be_bytes()[..], b"mdat", &mdat_len.to_be_bytes()].concat();
    let moov = movie(&[track(1, &chunks, 4, false)]);
    assert!((32 << 20..64 << 20).contains(&moov.len()));
    let at = mdat_start + mdat_len;
    let file = sparse(at + moov.len() as u64, &[(0, &ftyp), (mdat_start, &header), (at, &moov)]);
    assert!(matches!(&described(&file).index, Index::Fixed(why) if why.contains("larger than 64 MiB")));
    assert!(layout(&file, ServedLayout::Relocated).is_err());
}

#[test]
fn fragments_before_the_index_are_a_reason() {
    let extends = make_box(
        b"mvex",
        &make_box(b"trex", &[0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 3, 232, 0, 0, 0, 4, 0, 0, 0, 0]),
    );
    let index = super::handmade::append(movie(&[track(1, &[], 4, false)]), &extends);
    let fragment = make_box(b"moof", &make_box(b"mfhd", &[0; 8]));
    let bytes = [file_type(), fragment.clone(), index.clone()].concat();
    let file = sparse(0, &[(0, &bytes)]);
    assert!(matches!(&described(&file).index, Index::Fixed(why) if why == "fragments come before the index"));
    let bytes = [file_type(), index, fragment].concat();
    let file = sparse(0, &[(0, &bytes)]);
    assert_eq!(described(&file).index, Index::First);
}

#[test]
fn one_stray_chunk_is_enough() {
    let media = make_box(b"mdat", b"aaaabbbb");
    let index_at = (file_type().len() + media.len()) as u64;
    let moov = movie(&[track(1, &[index_at - 8, index_at + 8], 4, false)]);
    let file = sparse(0, &[(0, &[file_type(), media, moov].concat())]);
    assert!(matches!(&described(&file).index, Index::Fixed(why) if why.contains("outside")));
}

/// The narrow field of an item has no room where the media are far away; nothing else has to change for that.
#[test]
fn a_pointer_without_room_is_a_reason() {
    let far = u64::from(u32::MAX) - 200;
    let ftyp = file_type();
    let iloc =
        [&[0, 0, 0, 0, 0x44, 0x00, 0, 1, 0, 1, 0, 0, 0, 1][..], &(far as u32).to_be_bytes(), &[0, 0, 0, 4]];
    let meta = make_box(b"meta", &[&[0; 4][..], &make_box(b"iloc", &iloc.concat())].concat());
    let moov = movie(&[track(1, &[1000], 4, false)]);
    let moov = make_box(b"moov", &[&moov[8..], &meta].concat());
    let mdat_len = far + 100 - ftyp.len() as u64;
    let header = [&1u32.to_be_bytes()[..], b"mdat", &mdat_len.to_be_bytes()].concat();
    let parts = [(0, &ftyp[..]), (ftyp.len() as u64, &header), (far + 100, &moov)];
    let file = sparse(far + 100 + moov.len() as u64, &parts);
    assert!(matches!(&described(&file).index, Index::Fixed(why) if why.contains("4 GiB")));
    assert!(layout(&file, ServedLayout::Relocated).is_err());
}

#[test]
fn a_chunk_that_reaches_out_of_its_boxes_is_a_reason() {
    // The sample is longer than what is left before the index.
    let media = make_box(b"mdat", b"aaaabbbb");
    let at = (file_type().len() + media.len() - 4) as u64;
    let moov = movie(&[track(1, &[at], 12, false)]);
    let file = sparse(0, &[(0, &[file_type(), media, moov].concat())]);
    assert!(matches!(&described(&file).index, Index::Fixed(why) if why.contains("outside")));
}

/// It would be changed like the item list.
#[test]
fn a_chunk_inside_an_item_list_is_a_reason() {
    let media = make_box(b"mdat", b"aaaabbbbcccc");
    let list_at = (file_type().len() + media.len()) as u64;
    let list = item_list(list_at - 4);
    let behind = list_at + list.len() as u64;
    for (at, movable) in [(list_at - 4, true), (list_at - 3, false), (behind - 1, false), (behind, true)] {
        let moov = movie(&[track(1, &[at], 4, false)]);
        let parts = [file_type(), media.clone(), list.clone(), make_box(b"free", b"...."), moov];
        let file = sparse(0, &[(0, &parts.concat())]);
        let moved = layout(&file, ServedLayout::Relocated);
        assert_eq!(moved.is_ok(), movable, "{at}");
        let named = matches!(&described(&file).index, Index::Fixed(why) if why.contains("item list"));
        assert_eq!(named, !movable, "{at}");
    }
}

/// Between two lists there may be media; in neither of them.
#[test]
fn each_of_several_item_lists_is_looked_at() {
    let media = make_box(b"mdat", b"aaaabbbb");
    let first_at = (file_type().len() + media.len()) as u64;
    let list = item_list(first_at - 4);
    let between_at = first_at + list.len() as u64;
    let last_at = between_at + media.len() as u64;
    for (at, movable) in
        [(first_at + 8, false), (between_at + 8, true), (last_at - 2, false), (last_at + 8, false)]
    {
        let parts = [
            file_type(),
            media.clone(),
            list.clone(),
            media.clone(),
            list.clone(),
            movie(&[track(1, &[at], 4, false)]),
        ];
        let file = sparse(0, &[(0, &parts.concat())]);
        assert_eq!(layout(&file, ServedLayout::Relocated).is_ok(), movable, "{at}");
    }
}
