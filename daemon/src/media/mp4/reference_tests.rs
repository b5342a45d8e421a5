//! Files of every layout by chance, each built twice from one plan by other code than the relocation: as it is found, and with
//! the index first. What is served must be the second one, byte for byte.

use std::io;

use super::handmade::{append, compressed, encrypted_track, item_list, make_box, movie, track};
use super::relocate_tests::{described, offsets, relocated};
use crate::core::media::Index;
use crate::media::ReadAt;

/// SplitMix64.
struct Row(u64);

impl Row {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}

/// A part of a file; holes are zeros that take no memory.
#[derive(Clone)]
enum Part {
    Bytes(Vec<u8>),
    Hole(u64),
}

impl Part {
    fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Hole(len) => *len,
        }
    }
}

/// A file in memory.
#[derive(Clone, Default)]
struct Parts(Vec<Part>);

impl ReadAt for Parts {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.iter().map(Part::len).sum())
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut start = 0;
        for part in &self.0 {
            let end = start + part.len();
            if (start..end).contains(&offset) {
                let len = buf.len().min(usize::try_from(end - offset).unwrap_or(usize::MAX));
                match part {
                    Part::Hole(_) => buf[..len].fill(0),
                    Part::Bytes(bytes) => {
                        let from = usize::try_from(offset - start).unwrap();
                        buf[..len].copy_from_slice(&bytes[from..from + len]);
                    }
                }
                return Ok(len);
            }
            start = end;
        }
        Ok(0)
    }
}

const SAMPLE_LEN: u64 = 8;

/// What stands at the top level besides the index and the file type.
struct Body {
    parts: Vec<Part>,
    /// Chunks: which part they lie in, and where in it.
    chunks: Vec<(usize, u64)>,
}

/// A file as an idea: what there is, in which order, and what points where.
struct Plan {
    body: Body,
    /// Before which part of the body the index is found.
    index_at: usize,
    /// Chunks of each track, by their numbers.
    tracks: Vec<Vec<usize>>,
    /// Whether the table of each track is wide in the file that is found.
    wide: Vec<bool>,
    is_compressed: bool,
    /// An item list in the index and one in the body, that lead to this chunk; and encryption data at this one.
    item: Option<usize>,
    list: Option<(usize, usize)>,
    encrypted: Option<usize>,
}

fn mdat(row: &mut Row, last: bool, body: &mut Body) {
    let hole = match row.below(6) {
        0 => Some((1 << 32) - row.below(2000)),
        1 => Some(row.below(1 << 33)),
        _ => None,
    };
    let mut contents = vec![0xaa; row.below(20) as usize];
    let number = body.parts.len() + 1 + usize::from(hole.is_some());
    for _ in 0..1 + row.below(4) {
        body.chunks.push((number, contents.len() as u64));
        contents.extend(row.next().to_be_bytes());
        contents.resize(contents.len() + row.below(9) as usize, 0xbb);
    }
    let len = contents.len() as u64 + hole.unwrap_or(0);
    let open_ended = last && row.below(3) == 0;
    let header = if open_ended {
        [&0u32.to_be_bytes()[..], b"mdat"].concat()
    } else if len > 4_000_000_000 || row.below(3) == 0 {
        [&1u32.to_be_bytes()[..], b"mdat", &(len + 16).to_be_bytes()].concat()
    } else {
        [&u32::try_from(len + 8).unwrap().to_be_bytes()[..], b"mdat"].concat()
    };
    body.parts.push(Part::Bytes(header));
    body.parts.extend(hole.map(Part::Hole));
    body.parts.push(Part::Bytes(contents));
}

fn plan(row: &mut Row) -> Plan {
    let mut body = Body { parts: Vec::new(), chunks: Vec::new() };
    // Where a box begins, so that the index may stand before it.
    let mut gaps = Vec::new();
    let boxes = 1 + row.below(6);
    let media = row.below(boxes);
    for number in 0..boxes {
        gaps.push(body.parts.len());
        let last = number + 1 == boxes;
        if number == media || row.below(2) == 0 {
            mdat(row, last, &mut body);
        } else {
            let kind = [b"free", b"wide", b"uuid", b"skip", b"abcd"][row.below(5) as usize];
            body.parts.push(Part::Bytes(make_box(kind, &vec![0xcc; row.below(40) as usize])));
        }
    }
    // An open-ended box is the last one, and nothing stands behind it.
    let ends_open =
        body.parts.iter().any(|part| matches!(part, Part::Bytes(bytes) if bytes.starts_with(&[0; 4])));
    if !ends_open {
        gaps.push(body.parts.len());
    }
    let count = body.chunks.len();
    let tracks: Vec<Vec<usize>> = (0..1 + row.below(3))
        .map(|_| {
            let mut chunks: Vec<usize> = (0..count).filter(|_| row.below(3) > 0).collect();
            if chunks.is_empty() {
                chunks.push(row.below(count as u64) as usize);
            }
            chunks
        })
        .collect();
    let some = |row: &mut Row| (row.below(4) == 0).then(|| row.below(count as u64) as usize);
    let list = some(row).map(|chunk| (gaps[row.below(gaps.len() as u64) as usize], chunk));
    Plan {
        index_at: gaps[row.below(gaps.len() as u64) as usize],
        wide: tracks.iter().map(|_| row.below(3) == 0).collect(),
        is_compressed: row.below(4) == 0,
        item: some(row),
        list,
        encrypted: some(row),
        tracks,
        body,
    }
}

impl Plan {
    fn index(&self, wide: &[bool], places: &[u64]) -> Vec<u8> {
        let of = |chunk: usize| places.get(chunk).copied().unwrap_or(0);
        let tracks: Vec<Vec<u8>> = self
            .tracks
            .iter()
            .zip(wide)
            .zip(1..)
            .map(|((chunks, wide), id)| {
                let offsets: Vec<u64> = chunks.iter().map(|chunk| of(*chunk)).collect();
                track(id, &offsets, SAMPLE_LEN as u32, *wide)
            })
            .collect();
        let mut moov = movie(&tracks);
        if let Some(chunk) = self.encrypted {
            moov = append(moov, &encrypted_track(of(chunk)));
        }
        if let Some(chunk) = self.item {
            moov = append(moov, &make_box(b"udta", &item_list(of(chunk))));
        }
        moov
    }

    /// The file with its index before this part of the body, and where each chunk lies. `None` where a narrow table has
    /// no room.
    fn built(&self, wide: &[bool], index_at: usize, pack: bool) -> Option<(Parts, Vec<u64>)> {
        let file_type = super::handmade::file_type();
        let mut places = vec![0; self.body.chunks.len()];
        // The lengths do not follow from the places, so that the second round is the last.
        for _ in 0..3 {
            let narrow = self.tracks.iter().zip(wide).filter(|(_, wide)| !**wide);
            let mut narrow = narrow.flat_map(|(chunks, _)| chunks.iter().map(|chunk| places[*chunk]));
            if narrow.any(|place: u64| place > u64::from(u32::MAX)) {
                return None;
            }
            let plain = self.index(wide, &places);
            let index = if pack { compressed(&plain, 0) } else { plain };
            let mut parts = vec![Part::Bytes(file_type.clone())];
            let mut starts = Vec::new();
            let mut at = file_type.len() as u64;
            let mut push = |part: Part| {
                let start = at;
                at += part.len();
                parts.push(part);
                start
            };
            for number in 0..=self.body.parts.len() {
                if let Some((before, chunk)) = self.list
                    && before == number
                {
                    push(Part::Bytes(item_list(places[chunk])));
                }
                if number == index_at {
                    push(Part::Bytes(index.clone()));
                }
                if let Some(part) = self.body.parts.get(number) {
                    starts.push(push(part.clone()));
                }
            }
            let found: Vec<u64> = self.body.chunks.iter().map(|(part, skip)| starts[*part] + skip).collect();
            if found == places {
                return Some((Parts(parts), places));
            }
            places = found;
        }
        None
    }

    /// Wide where it has to be, and only there.
    fn with_index_first(&self) -> (Parts, Vec<u64>) {
        let mut wide = self.wide.clone();
        loop {
            if let Some((parts, places)) = self.first(&wide) {
                return (parts, places);
            }
            // All tables are wide first, to see which of them reach beyond.
            let (_, places) = self.first(&vec![true; wide.len()]).unwrap();
            let growth: u64 = (self.tracks.iter().zip(&wide))
                .filter(|(_, wide)| !**wide)
                .map(|(chunks, _)| chunks.len() as u64 * 4)
                .sum();
            let reach = |chunks: &Vec<usize>| chunks.iter().map(|chunk| places[*chunk]).max().unwrap_or(0);
            let before = wide.clone();
            // The furthest one first, since each that widens moves the others.
            for (wide, chunks) in wide.iter_mut().zip(&self.tracks) {
                *wide |= reach(chunks) - growth > u64::from(u32::MAX);
            }
            if wide == before {
                let furthest =
                    (0..wide.len()).filter(|at| !wide[*at]).max_by_key(|at| reach(&self.tracks[*at]));
                wide[furthest.unwrap()] = true;
            }
        }
    }

    /// The index before everything else, item lists of the body included.
    fn first(&self, wide: &[bool]) -> Option<(Parts, Vec<u64>)> {
        let (parts, places) = self.built(wide, usize::MAX, false)?;
        // Built without an index; with it everything lies behind by its length.
        let index_len = self.index(wide, &places).len() as u64;
        let places: Vec<u64> = places.iter().map(|place| place + index_len).collect();
        let narrow = self.tracks.iter().zip(wide).filter(|(_, wide)| !**wide);
        let mut narrow = narrow.flat_map(|(chunks, _)| chunks.iter().map(|chunk| places[*chunk]));
        if narrow.any(|place| place > u64::from(u32::MAX)) {
            return None;
        }
        let mut out = parts.0;
        for part in &mut out {
            // The list beside the index was written for a file without one.
            if let (Part::Bytes(bytes), Some((_, chunk))) = (&mut *part, self.list)
                && bytes.get(4..8) == Some(b"meta")
            {
                *bytes = item_list(places[chunk]);
            }
        }
        out.insert(1, Part::Bytes(self.index(wide, &places)));
        Some((Parts(out), places))
    }
}

fn read(file: &dyn ReadAt, at: u64, len: u64) -> Vec<u8> {
    let mut bytes = vec![0; len as usize];
    file.read_exact_at(&mut bytes, at).unwrap();
    bytes
}

#[test]
fn what_is_served_is_the_file_with_its_index_first() {
    let (mut moved_count, mut widened, mut packed) = (0, 0, 0);
    for seed in 0..1500 {
        let mut row = Row(seed);
        let plan = plan(&mut row);
        let Some((found, before)) = plan.built(&plan.wide, plan.index_at, plan.is_compressed) else {
            continue;
        };
        let info = described(&found);
        if info.index == Index::First {
            assert!(!plan.is_compressed, "seed {seed}");
            continue;
        }
        assert_eq!(info.index, Index::Last, "seed {seed}");
        let served = relocated(found.clone());
        let (reference, after) = plan.with_index_first();
        assert_eq!(served.layout.len, reference.len().unwrap(), "seed {seed}");
        assert_eq!(described(&served).index, Index::First, "seed {seed}");
        // Every byte that is no hole, the seams, and ranges by chance.
        let mut at = 0;
        for part in &reference.0 {
            let len = part.len().min(100_000);
            assert_eq!(read(&served, at, len), read(&reference, at, len), "seed {seed}: at {at}");
            at += part.len();
            let near = at.saturating_sub(20);
            let len = 40.min(served.layout.len - near);
            assert_eq!(read(&served, near, len), read(&reference, near, len), "seed {seed}: around {at}");
        }
        for _ in 0..20 {
            let from = row.below(served.layout.len);
            let len = row.below(5000).min(served.layout.len - from);
            assert_eq!(read(&served, from, len), read(&reference, from, len), "seed {seed}: {from}+{len}");
        }
        for (before, after) in before.iter().zip(&after) {
            assert_eq!(read(&found, *before, SAMPLE_LEN), read(&served, *after, SAMPLE_LEN), "seed {seed}");
        }
        let chunks: Vec<Vec<u64>> =
            plan.tracks.iter().map(|chunks| chunks.iter().map(|chunk| after[*chunk]).collect()).collect();
        assert_eq!(offsets(&served)[..chunks.len()], chunks, "seed {seed}");
        moved_count += 1;
        packed += u32::from(plan.is_compressed);
        widened +=
            u32::from(read(&served, 0, 4000.min(served.layout.len)).windows(4).any(|four| four == b"co64"));
    }
    assert!(moved_count > 500 && widened > 100 && packed > 100, "{moved_count}, {widened}, {packed}");
}
