//! Moving the index to the front by patching its raw bytes, so that boxes which are not understood survive.
//!
//! The new file is `ftyp`, the index, and every other box in its old order. A chunk moves with the run of boxes that it
//! lies in, so that offsets before and behind the old index change by different amounts. Where an offset outgrows 32
//! bits its table is widened (`stco` to `co64`), which moves everything again, until nothing changes any more.

use std::ops::Range;

use super::boxes::{Span, u32_at, u64_at};
use super::budget::Share;
use super::movie::{Movie, parse_moov_box};
use super::outline::{INDEX_LEN_MAX, ItemList, LoadedIndex, Outline, TopBox, walk};
use super::pointers::{Pointer, Pointers};
use super::tables::ChunkTable;
use crate::media::{ProbeError, ReadAt};

/// Real ones have a dozen brands.
const FILE_TYPE_LEN_MAX: u64 = 64 << 10;

/// A run of boxes that stay together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kept {
    pub old: Range<u64>,
    /// Where it comes after the new index: the lengths of the runs before it.
    pub place: u64,
}

/// The new beginning of the file and what follows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Relocated {
    /// `ftyp` and the patched index.
    pub head: Vec<u8>,
    pub kept: Vec<Kept>,
    /// Boxes in them that change, by where they begin in the old file; each keeps its length.
    pub lists: Vec<(u64, Vec<u8>)>,
}

#[derive(Debug)]
pub(super) enum Refusal {
    Fixed(String),
    Probe(ProbeError),
}

impl From<ProbeError> for Refusal {
    fn from(error: ProbeError) -> Self {
        Self::Probe(error)
    }
}

/// Why the index (`moov`, with its header) cannot be moved.
pub(super) fn obstacle(
    file: &dyn ReadAt,
    outline: &Outline,
    moov: &[u8],
    movie: &Movie,
) -> Result<Option<String>, ProbeError> {
    match Move::planned(file, outline, moov, movie) {
        Ok(_planned) => Ok(None),
        Err(Refusal::Fixed(why)) => Ok(Some(why)),
        Err(Refusal::Probe(error)) => Err(error),
    }
}

/// Places that are not known, or lie in other files.
fn unknown_places(outline: &Outline, movie: &Movie) -> Option<&'static str> {
    if let Some(why) = outline.immovable().or(movie.pointers.obstacle) {
        return Some(why);
    }
    if movie.tracks.iter().any(|track| track.external) {
        return Some("a track has its data in another file");
    }
    let large = outline.of_kind(*b"ftyp").next().is_some_and(|ftyp| ftyp.len() > FILE_TYPE_LEN_MAX);
    large.then_some("the file type is unreasonably large (ftyp)")
}

fn kept_runs(outline: &Outline) -> Vec<Kept> {
    let file_type = outline.of_kind(*b"ftyp").next().map(|ftyp| ftyp.start);
    let mut runs: Vec<Kept> = Vec::new();
    let mut place = 0;
    for found in &outline.boxes {
        if &found.kind == b"moov" || Some(found.start) == file_type {
            continue;
        }
        let end = found.end.min(outline.file_len);
        match runs.last_mut() {
            Some(last) if last.old.end == found.start => last.old.end = end,
            Some(_) | None => runs.push(Kept { old: found.start..end, place }),
        }
        place += end - found.start;
    }
    runs
}

/// The share is that of the old index, whose place in memory the new one takes.
pub(super) fn relocated(file: &dyn ReadAt) -> Result<(Relocated, Option<Share>), Refusal> {
    let outline = walk(file)?;
    let LoadedIndex { plain, share } = outline.load_index(file)?;
    let movie = parse_moov_box(&plain.bytes)?;
    let planned = Move::planned(file, &outline, &plain.bytes, &movie)?;
    Ok((planned.carried_out(file, &outline, &plain.bytes, &movie)?, share))
}

/// Everything that is known of a move before a byte of it is written.
struct Move {
    kept: Vec<Kept>,
    tables: Vec<Rewrite>,
    /// Fields of the index, by their places in the old one, and what they will hold.
    fields: Vec<Field>,
    /// Item lists beside the index as they will be, by where they begin in the old file.
    lists: Vec<(u64, Vec<u8>)>,
    file_type_len: u64,
    /// Of `ftyp` and the new index.
    head_len: u64,
}

impl Move {
    fn planned(file: &dyn ReadAt, outline: &Outline, moov: &[u8], movie: &Movie) -> Result<Self, Refusal> {
        if let Some(why) = unknown_places(outline, movie) {
            return Err(Refusal::Fixed(why.to_owned()));
        }
        let kept = kept_runs(outline);
        let item_lists = outline.item_lists(file)?;
        if let Some(why) = item_lists.iter().find_map(|list| list.pointers.obstacle) {
            return Err(Refusal::Fixed(why.to_owned()));
        }
        let mut tables = movie_tables(moov, movie, &kept, &item_lists)?;
        let file_type_len = outline.of_kind(*b"ftyp").next().map_or(0, TopBox::len);
        let growth = settle(&mut tables, file_type_len + moov.len() as u64);
        let head_len = file_type_len + moov.len() as u64 + growth;
        if moov.len() as u64 + growth > INDEX_LEN_MAX {
            return Err(Refusal::Fixed(
                "the index would be larger than 64 MiB where it is moved to".to_owned(),
            ));
        }
        let fields = fields(moov, &movie.pointers, &kept, head_len)?;
        let mut lists = Vec::new();
        for ItemList { start, mut bytes, pointers } in item_lists {
            for field in self::fields(&bytes, &pointers, &kept, head_len)? {
                field.put(&mut bytes, field.at)?;
            }
            lists.push((start, bytes));
        }
        Ok(Self { kept, tables, fields, lists, file_type_len, head_len })
    }

    fn carried_out(
        self,
        file: &dyn ReadAt,
        outline: &Outline,
        moov: &[u8],
        movie: &Movie,
    ) -> Result<Relocated, Refusal> {
        let mut head = match outline.of_kind(*b"ftyp").next() {
            Some(ftyp) => outline.load(file, ftyp)?,
            None => Vec::new(),
        };
        if !head.is_empty() && u32_at(&head, 0)? == 0 {
            // It was open to the end of the file, where it is not any more. Its length has a limit far below 32 bits.
            put(&mut head, 0, &(self.file_type_len as u32).to_be_bytes())?;
        }
        let at = self.file_type_len as usize;
        head.reserve_exact((self.head_len - self.file_type_len) as usize);
        rewrite(moov, &self.tables, &self.kept, self.head_len, &mut head)?;
        resize_parents(moov, movie, &self.tables, at, &mut head)?;
        for field in &self.fields {
            let grown = growth_before(&self.tables, field.at) as usize;
            field.put(&mut head, at + field.at + grown)?;
        }
        Ok(Relocated { head, kept: self.kept, lists: self.lists })
    }
}

/// A field that says where something lies, and what it will say.
struct Field {
    at: usize,
    width: u8,
    value: u64,
}

impl Field {
    fn put(&self, bytes: &mut [u8], at: usize) -> Result<(), ProbeError> {
        let value = self.value.to_be_bytes();
        put(bytes, at, value.get(8 - usize::from(self.width)..).unwrap_or_default())
    }
}

fn fields(buf: &[u8], pointers: &Pointers, kept: &[Kept], head_len: u64) -> Result<Vec<Field>, Refusal> {
    let moved = |pointer: &Pointer| {
        let Pointer { at, width, target } = *pointer;
        let said = if width == 8 { u64_at(buf, at)? } else { u32_at(buf, at)?.into() };
        let place = head_len + place_of(target, kept).ok_or_else(stray)?;
        // What is added to the field stays as it is.
        let value = said.checked_add(place).and_then(|sum| sum.checked_sub(target));
        let largest = if width == 8 { u64::MAX } else { u64::from(u32::MAX) };
        let value = value.filter(|value| *value <= largest).ok_or_else(|| {
            Refusal::Fixed(
                "the index places something beyond 4 GiB, for which its field has no room".to_owned(),
            )
        })?;
        Ok(Field { at, width, value })
    };
    pointers.list.iter().map(moved).collect()
}

/// By how much the tables before this place of the index grow.
fn growth_before(tables: &[Rewrite], at: usize) -> u64 {
    tables.iter().filter(|rewrite| rewrite.table.span.start < at).map(Rewrite::growth).sum()
}

/// A table to be rewritten.
struct Rewrite {
    table: ChunkTable,
    wide: bool,
    /// The furthest place of a chunk, counted from the end of the new head.
    furthest: u64,
}

impl Rewrite {
    fn growth(&self) -> u64 {
        if self.wide && !self.table.wide { u64::from(self.table.count) * 4 } else { 0 }
    }
}

/// In the order in which they lie in the index.
fn movie_tables(
    moov: &[u8],
    movie: &Movie,
    kept: &[Kept],
    item_lists: &[ItemList],
) -> Result<Vec<Rewrite>, Refusal> {
    let mut rewrites = Vec::new();
    for track in &movie.tracks {
        let Some(table) = track.tables.chunks else { continue };
        let mut furthest = 0;
        track.tables.extents(moov, |offset, len| {
            let (place, room) = spot_of(offset, kept).ok_or_else(stray)?;
            // What reaches out of its boxes would have other bytes behind it.
            if len > room {
                return Err(stray());
            }
            // What is written anew cannot be media as well.
            if is_in_a_list(offset, len, item_lists) {
                return Err(Refusal::Fixed("media lie inside an item list (meta)".to_owned()));
            }
            furthest = furthest.max(place);
            Ok(())
        })?;
        rewrites.push(Rewrite { table, wide: table.wide, furthest });
    }
    rewrites.sort_by_key(|rewrite| rewrite.table.span.start);
    Ok(rewrites)
}

/// Whether some of these bytes are an item list's. Called for every chunk, and the lists may be many: they come in order.
fn is_in_a_list(offset: u64, len: u64, lists: &[ItemList]) -> bool {
    let next = lists.partition_point(|list| list.end() <= offset);
    len > 0 && lists.get(next).is_some_and(|list| list.start < offset.saturating_add(len))
}

/// Where a byte of the old file comes, counted from the end of the new head. Called for every chunk.
fn place_of(offset: u64, kept: &[Kept]) -> Option<u64> {
    spot_of(offset, kept).map(|(place, _)| place)
}

/// The same, and how many bytes there are up to the end of its run.
fn spot_of(offset: u64, kept: &[Kept]) -> Option<(u64, u64)> {
    kept.iter()
        .find(|run| run.old.contains(&offset))
        // A chunk of empty samples may stand at the very end of a run.
        .or_else(|| kept.iter().find(|run| run.old.end == offset))
        .map(|run| (run.place + (offset - run.old.start), run.old.end - offset))
}

fn stray() -> Refusal {
    Refusal::Fixed("media lie outside of every box".to_owned())
}

/// Widens tables until every offset fits; returns by how many bytes the index grows. Tables only ever widen, so that
/// this ends after as many rounds as there are tables.
fn settle(tables: &mut [Rewrite], head_len: u64) -> u64 {
    loop {
        let growth = tables.iter().map(Rewrite::growth).sum::<u64>();
        let fits = |furthest: u64| head_len + growth + furthest <= u64::from(u32::MAX);
        let mut changed = false;
        for rewrite in tables.iter_mut().filter(|rewrite| !rewrite.wide && !fits(rewrite.furthest)) {
            rewrite.wide = true;
            changed = true;
        }
        if !changed {
            return growth;
        }
    }
}

/// Appends the index with new tables; sizes of the boxes around them are still the old ones.
fn rewrite(
    moov: &[u8],
    tables: &[Rewrite],
    kept: &[Kept],
    head_len: u64,
    out: &mut Vec<u8>,
) -> Result<(), Refusal> {
    let mut copied = 0;
    for Rewrite { table, wide, .. } in tables {
        let entry_len = if table.wide { 8 } else { 4 };
        let tail_start = table.span.body + 8 + table.count as usize * entry_len;
        // Header, version, flags and count stay; the kind and the size follow below.
        out.extend_from_slice(part(moov, copied..table.span.body + 8)?);
        for offset in table.offsets(moov)? {
            let place = head_len + place_of(offset, kept).ok_or_else(stray)?;
            if *wide {
                out.extend_from_slice(&place.to_be_bytes());
            } else {
                let narrow = u32::try_from(place).map_err(|_settled_before| stray())?;
                out.extend_from_slice(&narrow.to_be_bytes());
            }
        }
        copied = tail_start;
    }
    out.extend_from_slice(part(moov, copied..moov.len())?);
    Ok(())
}

fn part(moov: &[u8], range: Range<usize>) -> Result<&[u8], Refusal> {
    // Tables that overlap would come here; the parser does not produce any.
    moov.get(range).ok_or_else(|| Refusal::Probe(ProbeError::damaged("tables of chunk offsets overlap")))
}

/// Gives widened tables their name, and everything around them its new size. `at` is where the index begins.
fn resize_parents(
    moov: &[u8],
    movie: &Movie,
    tables: &[Rewrite],
    at: usize,
    head: &mut [u8],
) -> Result<(), Refusal> {
    // An index that was open to the end of the file is not at the end any more.
    let index = Span { kind: *b"moov", start: 0, body: 8, end: moov.len() };
    let open_ended = u32_at(moov, 0)? == 0;
    let parents = movie.tracks.iter().flat_map(|track| &track.path).copied();
    let own = tables.iter().map(|rewrite| rewrite.table.span);
    for span in std::iter::once(index).chain(parents).chain(own) {
        let growth_in = |range: Range<usize>| -> u64 {
            tables
                .iter()
                .filter(|rewrite| range.contains(&rewrite.table.span.start))
                .map(Rewrite::growth)
                .sum()
        };
        let start = at + span.start + growth_in(0..span.start) as usize;
        let len = (span.end - span.start) as u64 + growth_in(span.start..span.end);
        match u32_at(moov, span.start)? {
            0 if !(open_ended && span.start == 0) => {}
            1 => {
                u64_at(moov, span.start + 8)?;
                put(head, start + 8, &len.to_be_bytes())?;
            }
            _ => {
                let narrow = u32::try_from(len).map_err(|_too_large| ProbeError::IndexTooLarge)?;
                put(head, start, &narrow.to_be_bytes())?;
            }
        }
        if tables.iter().any(|rewrite| rewrite.wide && rewrite.table.span == span) {
            put(head, start + 4, b"co64")?;
        }
    }
    Ok(())
}

fn put(head: &mut [u8], at: usize, bytes: &[u8]) -> Result<(), ProbeError> {
    match head.get_mut(at..at + bytes.len()) {
        Some(place) => place.copy_from_slice(bytes),
        None => return Err(ProbeError::damaged("a box ends too early")),
    }
    Ok(())
}
