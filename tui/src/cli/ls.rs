//! `vodpost ls`: the videos, page by page until all are there.

use clap::{Args, ValueEnum};
use vodpost_protocol::posting::PostingState;
use vodpost_protocol::refusal::Refusal;
use vodpost_protocol::reply::Page;
use vodpost_protocol::request::{ListQuery, Request, Sort};
use vodpost_protocol::video::{RenditionView, VideoState, VideoView};

use super::failure::Failure;
use super::{Context, daemon::Daemon};
use crate::format::{self, Cell, Column, Table, Tone};
use crate::text::{self, plain, shell_word};
use crate::{say, word};

/// List the videos
#[derive(Debug, Args)]
#[command(
    after_long_help = "All videos are listed unless --limit is given; then the cursor of the next page goes to stderr.
With --json: {\"videos\":[…],\"next\":…,\"total\":…}, each video as `vodpost show --json` prints it.

Example:
  vodpost ls --state failed
  vodpost ls --match lecture --sort added --limit 20"
)]
pub struct Ls {
    /// Only videos in this state
    #[arg(long, value_enum)]
    state: Option<StateName>,
    /// Only videos with this text in their title, whatever the case
    #[arg(long = "match", value_name = "TEXT")]
    matching: Option<String>,
    /// In this order: names from A, the newest and the highest bitrate first
    #[arg(long, value_enum, default_value_t)]
    sort: SortName,
    /// At most this many
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
    /// Go on after this cursor of an earlier page
    #[arg(long, value_name = "CURSOR")]
    after: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum SortName {
    #[default]
    Name,
    Added,
    Bitrate,
    State,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum StateName {
    Deleted,
    Missing,
    Converting,
    Queued,
    Failed,
    Suspended,
    Live,
    New,
    Unusable,
}

impl SortName {
    fn wire(self) -> Sort {
        match self {
            Self::Name => Sort::Name,
            Self::Added => Sort::Added,
            Self::Bitrate => Sort::Bitrate,
            Self::State => Sort::State,
        }
    }
}

impl StateName {
    fn wire(self) -> VideoState {
        match self {
            Self::Deleted => VideoState::Deleted,
            Self::Missing => VideoState::Missing,
            Self::Converting => VideoState::Converting,
            Self::Queued => VideoState::Queued,
            Self::Failed => VideoState::Failed,
            Self::Suspended => VideoState::Suspended,
            Self::Live => VideoState::Live,
            Self::New => VideoState::New,
            Self::Unusable => VideoState::Unusable,
        }
    }
}

impl Ls {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), Failure> {
        let mut daemon = context.daemon()?;
        let mut videos = Vec::new();
        let mut table = new_table();
        let as_json = context.out.json;
        let rest = self.pages(&mut daemon, |page| {
            if as_json {
                videos.extend(page);
            } else {
                page.iter().for_each(|video| table.row(row(video)));
            }
        })?;
        if as_json {
            return context.out.json(&Page { videos, next: rest.next, total: rest.total });
        }
        if table.is_empty() {
            return context.out.note(word!("No videos.", "没有视频。"));
        }
        context.out.table(&table)?;
        match rest.next {
            Some(next) => context.out.note(&say!(
                "{videos} in all; the next page: --after {next}",
                "共{videos}；下一页：--after {next}",
                videos = text::videos(rest.total),
                next = shell_word(&next),
            )),
            None => Ok(()),
        }
    }

    /// Reads page after page until the limit or the end; what remains says whether there is more.
    fn pages(&self, daemon: &mut Daemon, mut take: impl FnMut(Vec<VideoView>)) -> Result<Rest, Failure> {
        let mut after = self.after.clone();
        let mut left = self.limit;
        let mut page_limit = ListQuery::LIMIT_MAX;
        loop {
            let query = ListQuery {
                state: self.state.map(StateName::wire),
                matching: self.matching.clone(),
                sort: self.sort.wire(),
                limit: left.map_or(page_limit, |left| left.min(page_limit)),
                after: after.clone(),
            };
            let page = match daemon.page(Request::List(query)) {
                // Videos with very many files or URLs: fewer of them fit one answer.
                Err(Failure::Refused(Refusal::TooLarge)) if page_limit > 1 => {
                    page_limit =
                        left.map_or(page_limit, |left| left.min(page_limit)).div_ceil(2).min(page_limit - 1);
                    continue;
                }
                page => page?,
            };
            let Page { videos, next, total } = page;
            let got = u32::try_from(videos.len()).unwrap_or(u32::MAX);
            take(videos);
            left = left.map(|left| left.saturating_sub(got));
            // An empty page with a cursor would make this go on for ever.
            if next.is_none() || left == Some(0) || got == 0 {
                return Ok(Rest { next, total });
            }
            after = next;
        }
    }
}

struct Rest {
    next: Option<String>,
    total: u64,
}

fn new_table() -> Table {
    Table::new(&[
        Column::Left("ID"),
        Column::Left(word!("STATE", "状态")),
        Column::Right(word!("LENGTH", "时长")),
        Column::Right(word!("BITRATE", "码率")),
        Column::Right(word!("URLS", "链接")),
        Column::Flexible(word!("TITLE", "标题")),
    ])
}

fn row(video: &VideoView) -> Vec<Cell> {
    let chosen = chosen(video);
    let of_chosen = |show: fn(&RenditionView) -> String| chosen.map_or(format::NONE.to_owned(), show);
    let live = video.postings.iter().filter(|posting| posting.state == PostingState::Live).count();
    vec![
        Cell::new(video.id.to_string()),
        Cell::toned(text::video_state(video.state), state_tone(video.state)),
        Cell::new(of_chosen(|rendition| format::clock(rendition.duration_ms))),
        Cell::new(of_chosen(|rendition| format::bitrate(rendition.bitrate_bps))),
        Cell::new(match video.postings.len() {
            0 => format::NONE.to_owned(),
            all => format!("{live}/{all}"),
        }),
        Cell::new(plain(&video.title)),
    ]
}

/// The rendition that is served.
fn chosen(video: &VideoView) -> Option<&RenditionView> {
    video.renditions.iter().find(|rendition| rendition.selected)
}

pub(super) fn state_tone(state: VideoState) -> Tone {
    match state {
        VideoState::Live => Tone::Good,
        VideoState::Failed | VideoState::Deleted | VideoState::Unusable => Tone::Bad,
        VideoState::Missing | VideoState::Suspended => Tone::Warning,
        VideoState::Converting | VideoState::Queued | VideoState::New => Tone::Plain,
    }
}
