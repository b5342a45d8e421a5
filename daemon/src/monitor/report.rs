//! The families of numbers, and where each comes from.

use vodpost_protocol::status::{Status, Storage, Tool};

use super::openmetrics::{Exposition, Family, Type};
use crate::delivery::metrics::{CLASSES, Kind, Metrics};
use crate::engine::JobCounts;

const fn counter(name: &'static str, help: &'static str) -> Family {
    Family { name, kind: Type::Counter, unit: None, help }
}

const fn gauge(name: &'static str, help: &'static str) -> Family {
    Family { name, kind: Type::Gauge, unit: None, help }
}

/// All of them; those that the engine knows only where it answered.
pub(super) fn written(
    status: Option<&Status>,
    metrics: &Metrics,
    jobs: &JobCounts,
    is_serving: bool,
) -> String {
    let mut out = Exposition::default();
    let build = Family { kind: Type::Info, ..gauge("vodpost", "The build of vodpostd.") };
    out.family(build, [(vec![("version", env!("CARGO_PKG_VERSION"))], 1)]);
    out.number(gauge("vodpost_serving", "1 while viewers are served."), u8::from(is_serving));
    out.number(gauge("vodpost_engine_answers", "1 while the engine answers."), u8::from(status.is_some()));
    delivery(&mut out, metrics);
    conversions(&mut out, jobs);
    if let Some(status) = status {
        engine(&mut out, status);
    }
    out.finish()
}

fn delivery(out: &mut Exposition, metrics: &Metrics) {
    let requests = Kind::ALL.into_iter().flat_map(|kind| {
        let counts = CLASSES.into_iter().zip(metrics.requests(kind));
        counts.map(move |(class, count)| (vec![("kind", kind.name()), ("status", class)], count))
    });
    out.family(
        counter("vodpost_http_requests", "Answers, by what was asked for and class of status."),
        requests,
    );
    let sent = Family {
        unit: Some("bytes"),
        ..counter("vodpost_video_sent_bytes", "Bytes of videos, as handed to the network.")
    };
    out.number(sent, metrics.video_bytes.get());
    out.number(counter("vodpost_views", "Views of videos."), metrics.views.get());
    out.number(counter("vodpost_http_connections", "Connections taken in."), metrics.connections.get());
    let open = gauge("vodpost_http_open_connections", "Connections at the moment.");
    out.number(open, metrics.connections_open.get());
    let transfers = gauge("vodpost_http_open_transfers", "Videos being sent at the moment.");
    out.number(transfers, metrics.transfers_open.get());
    let away =
        counter("vodpost_http_turned_away", "Connections and requests of addresses that had too many.");
    out.number(away, metrics.turned_away.get());
    let failed = counter("vodpost_tls_failed_handshakes", "Connections that did not agree upon TLS.");
    out.number(failed, metrics.handshakes_failed.get());
    let lost = counter("vodpost_access_log_lost_lines", "Lines that the access log could not take.");
    out.number(lost, metrics.log_lines_lost.get());
}

fn conversions(out: &mut Exposition, jobs: &JobCounts) {
    let ended = [("ready", jobs.ready()), ("failed", jobs.failed()), ("stopped", jobs.stopped())];
    let ended = ended.map(|(result, count)| (vec![("result", result)], count));
    out.family(
        counter("vodpost_conversion_attempts", "Conversions that ended, also those tried again."),
        ended,
    );
    let seconds = Family {
        unit: Some("seconds"),
        ..counter("vodpost_conversion_seconds", "Time that ended conversions took.")
    };
    out.number(seconds, format_args!("{:.3}", jobs.spent().as_secs_f64()));
}

fn engine(out: &mut Exposition, status: &Status) {
    let started = Family {
        unit: Some("seconds"),
        ..gauge("vodpost_start_time_seconds", "When vodpostd started, since 1970.")
    };
    let millis = status.started_at.millis();
    out.number(started, format_args!("{}.{:03}", millis / 1000, millis % 1000));
    let counts = &status.counts;
    out.number(gauge("vodpost_videos", "Videos in the library."), counts.videos);
    let problems = gauge("vodpost_problem_files", "Files in the library that cannot be used.");
    out.number(problems, counts.problems);
    let postings = [
        ("live", counts.live),
        ("suspended", counts.suspended),
        ("pending", counts.pending),
        ("invalid", counts.invalid),
    ];
    let postings = postings.map(|(state, count)| (vec![("state", state)], count));
    out.family(gauge("vodpost_postings", "Posting URLs by state."), postings);
    let queue = &status.queue;
    let states = [("running", queue.running), ("queued", queue.queued), ("failed", queue.failed)];
    let states = states.map(|(state, count)| (vec![("state", state)], count));
    out.family(gauge("vodpost_conversions", "Conversions by state."), states);
    out.number(gauge("vodpost_queue_paused", "1 while the queue is paused."), u8::from(queue.paused));
    let writable = match status.storage {
        Storage::Ok => 1,
        Storage::ReadOnly(_) => 0,
    };
    out.number(gauge("vodpost_store_writable", "1 while changes can be stored."), writable);
    let (present, version) = match &status.ffmpeg {
        Tool::Found(version) => (1, version.as_str()),
        Tool::Missing(_) => (0, ""),
    };
    let ffmpeg = gauge("vodpost_ffmpeg", "1 where ffmpeg and ffprobe were found, with their version.");
    out.family(ffmpeg, [(vec![("version", version)], present)]);
    let roots = status.roots.iter();
    let roots = roots.map(|root| (vec![("root", root.path.as_str())], u8::from(root.unavailable.is_none())));
    out.family(gauge("vodpost_root_available", "1 for library folders that can be read."), roots);
}
