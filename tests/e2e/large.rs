//! Files beyond 4 GiB, where offsets of 32 bits end. They are mostly holes, and so take little of the disk.

use std::fs::{self, File};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use mp4_atom::{Atom, Co64, DecodeMaybe, Encode, Header, Moov, Stbl, Stco};
use vodpost_tests::http::range;
use vodpost_tests::media::{Sample, frame_hashes};
use vodpost_tests::site::Site;
use vodpost_tests::vitals::Vitals;

const GIB: u64 = 1 << 30;

/// A small file taken apart.
struct Parts {
    file_type: Vec<u8>,
    /// Where the media begins, in that file.
    media_at: u64,
    media: Vec<u8>,
    index: Moov,
}

impl Parts {
    fn of(path: &Path) -> Self {
        let bytes = fs::read(path).unwrap();
        let (mut file_type, mut media_at, mut media, mut index) = (None, 0, None, None);
        let mut rest = &bytes[..];
        while let Some(header) = Header::decode_maybe(&mut rest).unwrap() {
            let start = bytes.len() - rest.len();
            let (body, after) = rest.split_at(header.size.unwrap());
            match header.kind.as_ref() {
                b"ftyp" => file_type = Some(bytes[start - 8..start + body.len()].to_vec()),
                b"mdat" => (media_at, media) = (start as u64, Some(body.to_vec())),
                b"moov" => index = Some(Moov::decode_body(&mut &body[..]).unwrap()),
                _ => {}
            }
            rest = after;
        }
        Self { file_type: file_type.unwrap(), media_at, media: media.unwrap(), index: index.unwrap() }
    }

    /// The offsets of all chunks, in their order in the file.
    fn chunks(&self) -> Vec<u64> {
        let tables = self.index.trak.iter().map(|track| &track.mdia.minf.stbl);
        let mut chunks: Vec<u64> = tables.flat_map(offsets).collect();
        chunks.sort_unstable();
        chunks
    }

    /// Where the media begins in what `spread` makes.
    fn start(&self) -> u64 {
        self.file_type.len() as u64 + 16
    }

    /// The size of the hole behind which the last chunk is as far away as 32 bits can say.
    fn reach(&self) -> u64 {
        let last = self.chunks().last().unwrap() - self.media_at + self.start();
        u64::from(u32::MAX) - last
    }

    /// The same video with a hole of this size in the middle of its media.
    fn spread(&self, path: &Path, hole: u64, wide: bool) {
        let chunks = self.chunks();
        let middle = chunks[chunks.len() / 2];
        let first_len = middle - self.media_at;
        let start = self.start();
        let media_len = self.media.len() as u64 + hole;
        let mdat = [&1u32.to_be_bytes()[..], b"mdat", &(media_len + 16).to_be_bytes()].concat();
        let mut index = self.index.clone();
        for track in &mut index.trak {
            let tables = &mut track.mdia.minf.stbl;
            let moved = |old: u64| old - self.media_at + start + if old < middle { 0 } else { hole };
            let moved: Vec<u64> = offsets(tables).into_iter().map(moved).collect();
            if wide {
                (tables.stco, tables.co64) = (None, Some(Co64 { entries: moved }));
            } else {
                let narrow = moved.into_iter().map(|offset| u32::try_from(offset).unwrap()).collect();
                tables.stco = Some(Stco { entries: narrow });
            }
        }
        let mut moov = Vec::new();
        index.encode(&mut moov).unwrap();
        let file = File::create(path).unwrap();
        let parts = [
            (0, &self.file_type[..]),
            (start - 16, &mdat),
            (start, &self.media[..first_len as usize]),
            (start + first_len + hole, &self.media[first_len as usize..]),
            (start + media_len, &moov),
        ];
        for (offset, bytes) in parts {
            file.write_all_at(bytes, offset).unwrap();
        }
    }
}

fn offsets(tables: &Stbl) -> Vec<u64> {
    match (&tables.stco, &tables.co64) {
        (Some(narrow), None) => narrow.entries.iter().copied().map(u64::from).collect(),
        (None, Some(wide)) => wide.entries.clone(),
        both => panic!("{both:?}"),
    }
}

/// Where the first chunk lies in what is served.
fn first_chunk(served: &[u8]) -> u64 {
    let at = served.windows(4).position(|four| four == Moov::KIND.as_ref()).unwrap();
    let index = Moov::decode_body(&mut &served[at + 4..]).unwrap();
    index.trak.iter().flat_map(|track| offsets(&track.mdia.minf.stbl)).min().unwrap()
}

fn add_spread(site: &Site, name: &str, hole: u64, wide: bool) -> PathBuf {
    let sample = Sample::IndexLast.path();
    let parts = Parts::of(&sample);
    let path = site.library().join(name);
    let arriving = site.library().join(format!(".{name}"));
    parts.spread(&arriving, hole, wide);
    fs::rename(arriving, &path).unwrap();
    // Otherwise it proves nothing.
    assert_eq!(frame_hashes(path.to_str().unwrap()), frame_hashes(sample.to_str().unwrap()));
    path
}

#[test]
fn c2_beyond_four_gib_only_the_index_moves() {
    let site = Site::new();
    fs::create_dir_all(site.library()).unwrap();
    let wide = add_spread(&site, "wide.mp4", 6 * GIB, true);
    // Its index has offsets of 32 bits, and moves the last chunk to where these do not reach.
    let narrow = add_spread(&site, "narrow.mp4", Parts::of(&Sample::IndexLast.path()).reach(), false);
    let daemon = site.start();
    site.set_up_account();
    site.scan();
    for (title, source) in [("wide", &wide), ("narrow", &narrow)] {
        let token = site.generate(title);
        let shown = site.json(&["show", title]);
        assert_eq!(shown["conversion"]["plan"], "relocate", "{shown}");
        let url = format!("http://{}/v/{token}.mp4", daemon.http);
        assert_eq!(frame_hashes(&url), frame_hashes(source.to_str().unwrap()), "{title}");
        // The last bytes of the media are those of the source, far behind the hole.
        let path = format!("/v/{token}.mp4");
        let head = range(daemon.http, &path, "bytes=0-65535");
        let total: u64 = head.header("Content-Range").unwrap().rsplit_once('/').unwrap().1.parse().unwrap();
        assert!(total > 4 * GIB, "{title}: {total}");
        let tail = range(daemon.http, &path, "bytes=-4096");
        assert_eq!(
            tail.header("Content-Range").unwrap(),
            format!("bytes {}-{}/{total}", total - 4096, total - 1)
        );
        let parts = Parts::of(&Sample::IndexLast.path());
        assert!(tail.body == parts.media[parts.media.len() - 4096..], "{title}");
        assert!(head.body.windows(4).any(|four| four == b"co64"), "{title}");
        let chunk = first_chunk(&head.body);
        let first = range(daemon.http, &path, &format!("bytes={chunk}-{}", chunk + 99));
        let at = (parts.chunks()[0] - parts.media_at) as usize;
        assert!(first.body == parts.media[at..at + 100], "{title}");
    }
    let artifacts = fs::read_dir(site.state().join("artifacts")).unwrap();
    let kept: u64 = artifacts.map(|entry| entry.unwrap().metadata().unwrap().blocks() * 512).sum();
    assert!(kept < 1 << 20, "{kept} bytes were written");
}

/// The sample with an index of this size: a box in it that nobody reads, and that is a hole in the file.
fn add_large_index(site: &Site, name: &str, len: u64) {
    let sample = fs::read(Sample::IndexLast.path()).unwrap();
    let index = sample.windows(4).position(|four| four == Moov::KIND.as_ref()).unwrap() - 4;
    let old = u32::from_be_bytes(sample[index..index + 4].try_into().unwrap());
    assert_eq!(index + old as usize, sample.len(), "the index comes last");
    let filler = u32::try_from(len).unwrap() - old;
    let arriving = site.library().join(format!(".{name}"));
    let file = File::create(&arriving).unwrap();
    file.write_all_at(&sample, 0).unwrap();
    file.write_all_at(&(old + filler).to_be_bytes(), index as u64).unwrap();
    let at = sample.len() as u64;
    file.write_all_at(&[&filler.to_be_bytes()[..], b"free"].concat(), at).unwrap();
    file.set_len(at + u64::from(filler)).unwrap();
    fs::rename(arriving, site.library().join(name)).unwrap();
}

/// An index is read into memory to be understood, and once more to be moved. Of the largest there is one at a time, however
/// many files are looked into or converted at once; smaller ones share what one of them may take.
#[test]
fn however_many_indexes_are_large_memory_is_taken_by_one() {
    const INDEX_LEN: u64 = 60 << 20;
    let site = Site::new();
    fs::create_dir_all(site.library()).unwrap();
    let titles = ["one", "two", "three", "four"];
    for title in titles {
        add_large_index(&site, &format!("{title}.mp4"), INDEX_LEN);
    }
    // With nothing to look at in the beginning.
    let away = site.folder().join("away");
    fs::rename(site.library(), &away).unwrap();
    fs::create_dir(site.library()).unwrap();
    let daemon = site.start();
    site.set_up_account();
    let before = Vitals(daemon.pid()).peak_memory();
    for entry in fs::read_dir(&away).unwrap() {
        let entry = entry.unwrap();
        fs::rename(entry.path(), site.library().join(entry.file_name())).unwrap();
    }
    site.scan();
    let looked = Vitals(daemon.pid()).peak_memory() - before;
    site.ok(&[&["generate"][..], &titles].concat());
    for title in titles {
        let shown =
            site.wait_shown(title, "the URL to be live", |shown| shown["postings"][0]["state"] == "live");
        assert_eq!(shown["conversion"]["plan"], "relocate", "{shown}");
    }
    let moved = Vitals(daemon.pid()).peak_memory() - before;
    let slack = 24 << 20;
    assert!(
        (INDEX_LEN / 2..INDEX_LEN + slack).contains(&looked),
        "{looked} to look at indexes of {INDEX_LEN}"
    );
    assert!(
        (INDEX_LEN / 2..2 * INDEX_LEN + slack).contains(&moved),
        "{moved} to move indexes of {INDEX_LEN}"
    );
}
