//! Damaged and hostile indexes: any answer will do but a panic, an endless loop or a large allocation.

use std::fs;

use super::handmade::{append, compressed, encrypted_track, file_type, item_list, make_box, movie, track};
use super::hostile::survives;
use crate::media::testing::{AAC, H264, PICTURE, SOUND, Studio};

fn samples() -> Vec<Vec<u8>> {
    let studio = Studio::new();
    let small = ["-t", "0.2"];
    let fragmented = ["-t", "0.2", "-movflags", "frag_keyframe+empty_moov+default_base_moof+global_sidx"];
    let media = make_box(b"mdat", &[0; 64]);
    let plain = movie(&[track(1, &[40, 50], 4, true)]);
    let list = make_box(b"udta", &item_list(40));
    let pointing = append(append(plain.clone(), &encrypted_track(44)), &list);
    vec![
        [file_type(), media.clone(), pointing.clone(), list].concat(),
        [file_type(), media.clone(), compressed(&pointing, 6)].concat(),
        [file_type(), media, compressed(&plain, 0)].concat(),
        [file_type(), make_box(b"mdat", &[0; 64]), movie(&[track(1, &[40, 50], 4, false)])].concat(),
        fs::read(studio.make("a.mp4", &[&PICTURE, &SOUND, &H264, &AAC, &small])).unwrap(),
        fs::read(studio.make("b.mov", &[&PICTURE, &SOUND, &H264, &AAC, &small])).unwrap(),
        fs::read(studio.make("c.mp4", &[&PICTURE, &SOUND, &H264, &AAC, &fragmented])).unwrap(),
    ]
}

/// The parts of a file that are parsed: everything but the inside of the media.
fn parsed_places(bytes: &[u8]) -> Vec<usize> {
    let mdat = bytes.windows(4).position(|window| window == b"mdat").unwrap() + 4;
    let len = u32::from_be_bytes(bytes[mdat - 8..mdat - 4].try_into().unwrap()) as usize;
    let end = mdat - 8 + len;
    (0..mdat).chain(end..bytes.len()).collect()
}

#[test]
fn every_prefix_is_survived() {
    for bytes in samples() {
        assert!(survives(bytes.clone()));
        for len in parsed_places(&bytes) {
            survives(bytes[..len].to_vec());
        }
    }
}

#[test]
fn an_index_cut_anywhere_is_survived() {
    for bytes in samples() {
        let Some(moov) = bytes.windows(4).position(|window| window == b"moov") else { continue };
        let old = u32::from_be_bytes(bytes[moov - 4..moov].try_into().unwrap());
        for len in 8..old {
            let mut cut = bytes[..moov - 4 + len as usize].to_vec();
            cut[moov - 4..moov].copy_from_slice(&len.to_be_bytes());
            survives(cut);
        }
    }
}

#[test]
fn flipped_bytes_are_survived() {
    for bytes in samples() {
        for place in parsed_places(&bytes) {
            for value in [0x00, 0x01, 0x7f, 0x80, 0xff, bytes[place].wrapping_add(1)] {
                let mut changed = bytes.clone();
                changed[place] = value;
                survives(changed);
            }
        }
    }
}

#[test]
fn words_of_ones_are_survived() {
    for bytes in samples() {
        for place in parsed_places(&bytes) {
            let mut changed = bytes.clone();
            changed.iter_mut().skip(place).take(4).for_each(|byte| *byte = 0xff);
            survives(changed.clone());
            changed.iter_mut().skip(place).take(4).for_each(|byte| *byte = 0);
            survives(changed);
        }
    }
}
