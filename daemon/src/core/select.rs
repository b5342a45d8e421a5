//! C1: which rendition is posted, and why not the others.

use std::cmp::{Ordering, Reverse};

use super::media::{Container, MediaInfo};
use super::video::Rendition;

/// The usable rendition to post: the MP4 with the highest bitrate, or, where there is no MP4, the best of the others.
/// Ties: height, then size, then path.
#[must_use]
pub fn select(renditions: &[Rendition]) -> Option<(&Rendition, &MediaInfo)> {
    usable(renditions).min_by(|a, b| order(*a, *b))
}

fn usable(renditions: &[Rendition]) -> impl Iterator<Item = (&Rendition, &MediaInfo)> {
    renditions.iter().filter_map(|rendition| {
        let info = rendition.media.as_ref().ok()?;
        info.video.is_some().then_some((rendition, info))
    })
}

/// The best first.
fn order(a: (&Rendition, &MediaInfo), b: (&Rendition, &MediaInfo)) -> Ordering {
    let key = |(rendition, info): (&Rendition, &MediaInfo)| {
        (
            !is_mp4(info),
            Reverse(info.bitrate_bps),
            Reverse(height(info)),
            Reverse(rendition.identity.size_bytes),
        )
    };
    key(a).cmp(&key(b)).then_with(|| a.0.name.cmp(&b.0.name))
}

fn is_mp4(info: &MediaInfo) -> bool {
    match info.container {
        Container::Mp4 => true,
        Container::Mov | Container::Other(_) => false,
    }
}

fn height(info: &MediaInfo) -> u32 {
    info.video.as_ref().map_or(0, |video| video.height)
}

/// One sentence for each rendition, in their order: why it was chosen, or why not.
#[must_use]
pub fn explain(renditions: &[Rendition]) -> Vec<(bool, String)> {
    let chosen = select(renditions);
    let any_mp4 = usable(renditions).any(|(_, info)| is_mp4(info));
    let alone = usable(renditions).filter(|(_, info)| is_mp4(info) == any_mp4).count() == 1;
    renditions
        .iter()
        .map(|rendition| match (&rendition.media, chosen) {
            (Err(unusable), _) => (false, unusable.reason.clone()),
            (Ok(_), None) => (false, "there is no video stream in it".to_owned()),
            (Ok(info), Some((best, best_info))) => {
                if best.name == rendition.name {
                    let kind = match (any_mp4, alone) {
                        (true, true) => "the only MP4",
                        (true, false) => "the MP4 with the highest bitrate",
                        (false, true) => "the only usable file; there is no MP4",
                        (false, false) => "the highest bitrate; there is no MP4",
                    };
                    (true, kind.to_owned())
                } else {
                    (false, why_not((rendition, info), (best, best_info)))
                }
            }
        })
        .collect()
}

fn why_not(
    (rendition, info): (&Rendition, &MediaInfo),
    (best, best_info): (&Rendition, &MediaInfo),
) -> String {
    let best_name = best.name.to_string_lossy();
    if info.video.is_none() {
        "there is no video stream in it".to_owned()
    } else if is_mp4(best_info) && !is_mp4(info) {
        format!("not an MP4, and {best_name} is one")
    } else if info.bitrate_bps < best_info.bitrate_bps {
        format!("lower bitrate than {best_name}")
    } else if height(info) < height(best_info) {
        format!("same bitrate as {best_name}, less height")
    } else if rendition.identity.size_bytes < best.identity.size_bytes {
        format!("same bitrate and height as {best_name}, smaller file")
    } else {
        format!("equal to {best_name}, which comes first by name")
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{mp4, rendition};
    use super::*;

    fn chosen(renditions: &[Rendition]) -> String {
        select(renditions).unwrap().0.name.to_string_lossy()
    }

    #[test]
    fn c1_the_mp4_with_the_highest_bitrate_wins() {
        let low = rendition("a.480p.mp4", Ok(mp4(500_000, 480)));
        let high = rendition("a.1080p.mp4", Ok(mp4(4_000_000, 1080)));
        let mkv = mp4(9_000_000, 2160).with(|format| format.container = Container::Other("matroska".into()));
        let mkv = rendition("a.mkv", Ok(mkv));
        assert_eq!(chosen(&[low.clone(), high.clone(), mkv.clone()]), "a.1080p.mp4");
        assert_eq!(chosen(std::slice::from_ref(&mkv)), "a.mkv");
        let why = explain(&[low, high, mkv]);
        assert_eq!(why[0], (false, "lower bitrate than a.1080p.mp4".to_owned()));
        assert_eq!(why[1], (true, "the MP4 with the highest bitrate".to_owned()));
        assert_eq!(why[2], (false, "not an MP4, and a.1080p.mp4 is one".to_owned()));
    }

    #[test]
    fn c1_ties_go_by_height_then_size_then_path() {
        let small = rendition("b.mp4", Ok(mp4(1_000_000, 480)));
        let tall = rendition("c.mp4", Ok(mp4(1_000_000, 720)));
        assert_eq!(chosen(&[small.clone(), tall.clone()]), "c.mp4");
        let mut large = rendition("d.mp4", Ok(mp4(1_000_000, 720)));
        large.identity.size_bytes += 1;
        assert_eq!(chosen(&[small, tall.clone(), large]), "d.mp4");
        let twin = rendition("a.mp4", Ok(mp4(1_000_000, 720)));
        assert_eq!(chosen(&[tall, twin]), "a.mp4");
    }

    #[test]
    fn c1_a_file_that_cannot_be_used_is_never_chosen_and_says_why() {
        let broken = rendition("a.mp4", Err("truncated"));
        assert!(select(std::slice::from_ref(&broken)).is_none());
        assert_eq!(explain(&[broken]), [(false, "truncated".to_owned())]);
    }
}
