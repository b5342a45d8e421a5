//! What a monitoring system sees.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};

use vodpost_tests::http::{get, open, request};
use vodpost_tests::media::Sample;
use vodpost_tests::openmetrics::{self, Samples};
use vodpost_tests::site::Site;
use vodpost_tests::strace::Strace;
use vodpost_tests::wait;

const CONFIG: &str = "[http]\nadmin_listen = \"127.0.0.1:0\"";

fn metrics(admin: SocketAddr) -> (String, Samples) {
    let answer = get(admin, "/metrics");
    assert_eq!(answer.status, 200);
    let expected = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    assert_eq!(answer.header("Content-Type"), Some(expected));
    let text = answer.text();
    let samples = openmetrics::read(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    (text, samples)
}

#[test]
fn metrics_count_what_happens_and_are_openmetrics() {
    let site = Site::new().with_config(CONFIG);
    site.add(&Sample::IndexFirst.path(), "talk.mp4");
    site.add(&Sample::Matroska.path(), "tape.mkv");
    site.add(&Sample::Text.path(), "text.mp4");
    let daemon = site.start();
    let admin = daemon.admin.unwrap();
    site.set_up_account();
    site.scan();
    let page = format!("/v/{}", site.generate("talk"));
    site.generate("tape");
    site.ok(&["suspend", "tape"]);
    let bytes = get(daemon.http, &format!("{page}.mp4")).body.len();
    for path in [&*page, "/nothing", &format!("{page}.svg")] {
        assert!(get(daemon.http, path).status > 0);
    }
    assert_eq!(request(daemon.http, "POST", &page, &[]).status, 405);
    let (text, samples) = metrics(admin);
    for (name, expected) in [
        ("vodpost_serving", 1.0),
        ("vodpost_engine_answers", 1.0),
        ("vodpost_http_requests_total{kind=\"video\",status=\"2xx\"}", 1.0),
        ("vodpost_http_requests_total{kind=\"page\",status=\"2xx\"}", 1.0),
        ("vodpost_http_requests_total{kind=\"qr_code\",status=\"2xx\"}", 1.0),
        ("vodpost_http_requests_total{kind=\"other\",status=\"4xx\"}", 1.0),
        ("vodpost_http_requests_total{kind=\"refused\",status=\"4xx\"}", 1.0),
        ("vodpost_video_sent_bytes_total", bytes as f64),
        ("vodpost_views_total", 1.0),
        ("vodpost_videos", 3.0),
        ("vodpost_problem_files", 1.0),
        ("vodpost_postings{state=\"live\"}", 1.0),
        ("vodpost_postings{state=\"suspended\"}", 1.0),
        ("vodpost_conversion_attempts_total{result=\"failed\"}", 0.0),
        ("vodpost_store_writable", 1.0),
        ("vodpost_queue_paused", 0.0),
    ] {
        assert_eq!(samples.get(name), Some(&expected), "{name}\n{text}");
    }
    assert!(samples["vodpost_conversion_attempts_total{result=\"ready\"}"] >= 1.0, "{text}");
    assert!(samples["vodpost_conversion_seconds_total"] > 0.0, "{text}");
    assert!(samples.keys().any(|key| key.starts_with("vodpost_ffmpeg{version=\"")), "{text}");
    compare_with_the_reference(&text);
    site.ok(&["jobs", "pause"]);
    assert_eq!(metrics(admin).1["vodpost_queue_paused"], 1.0);
    // Viewers do not come here, and monitors do not come there.
    assert_eq!(get(admin, &page).status, 404);
    assert_eq!(get(daemon.http, "/metrics").status, 404);
    assert_eq!(get(daemon.http, "/healthz").status, 404);
}

/// With the parser of those who made the format, where it is installed.
#[expect(clippy::print_stderr, reason = "a test that does not compare must say so")]
fn compare_with_the_reference(text: &str) {
    let script = "import sys\ntry:\n from prometheus_client.openmetrics.parser import text_string_to_metric_families as read\n\
                  except ImportError: sys.exit(77)\nprint(sum(len(f.samples) for f in read(sys.stdin.read())))";
    let python = Command::new("/usr/bin/python3")
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let Ok(mut python) = python else { return eprintln!("NOT COMPARED: there is no /usr/bin/python3") };
    // It may have ended already; its status tells why.
    python.stdin.take().unwrap().write_all(text.as_bytes()).unwrap_or_default();
    let output = python.wait_with_output().unwrap();
    if output.status.code() == Some(77) {
        return eprintln!("NOT COMPARED: python3-prometheus-client is not installed");
    }
    let count = openmetrics::read(text).unwrap().len();
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), count.to_string(), "{text}");
}

#[test]
fn gauges_follow_connections_and_transfers() {
    let site = Site::new().with_config(CONFIG);
    let path = site.add(&Sample::IndexFirst.path(), "talk.mp4");
    let len = std::fs::metadata(&path).unwrap().len();
    let free = 100u32 << 20;
    let mut end = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
    end.write_all(&[free.to_be_bytes().as_slice(), b"free"].concat()).unwrap();
    end.set_len(len + u64::from(free)).unwrap();
    let daemon = site.start();
    site.set_up_account();
    site.scan();
    let file = format!("/v/{}.mp4", site.generate("talk"));
    let admin = daemon.admin.unwrap();
    let wait_for = |connections: f64, transfers: f64| {
        wait::until("the gauges to follow", || {
            let samples = metrics(admin).1;
            let found = (samples["vodpost_http_open_connections"], samples["vodpost_http_open_transfers"]);
            if found == (connections, transfers) { Ok(()) } else { Err(format!("{found:?}")) }
        });
    };
    let idle = TcpStream::connect(daemon.http).unwrap();
    let mut watching = open(daemon.http, "GET", &file, &[]);
    watching.read_exact(&mut [0; 1000]).unwrap();
    wait_for(2.0, 1.0);
    drop(watching);
    wait_for(1.0, 0.0);
    drop(idle);
    wait_for(0.0, 0.0);
}

#[test]
fn health_is_bad_while_changes_are_refused() {
    let site = Site::new().with_config(CONFIG);
    let daemon = site.start();
    let admin = daemon.admin.unwrap();
    let well = get(admin, "/healthz");
    assert_eq!((well.status, well.text()), (200, "ok\n".to_owned()));
    let quiet = site.folder().join("trace");
    let full = ["-e", "inject=pwrite64:error=ENOSPC", "-o", quiet.to_str().unwrap()];
    let Some(strace) = Strace::attach(daemon.pid(), &full) else { return };
    let refused = site.vodpost(&["jobs", "pause"]);
    assert_ne!(refused.status, 0, "{refused:?}");
    let ill = get(admin, "/healthz");
    assert_eq!(ill.status, 503);
    let why = ill.text();
    assert!(why.starts_with("changes are refused, URLs are still served: "), "{why}");
    assert!(why.contains("No space left on device"), "{why}");
    assert_eq!(metrics(admin).1["vodpost_store_writable"], 0.0);
    strace.detach();
    site.ok(&["jobs", "pause"]);
    assert_eq!(get(admin, "/healthz").status, 200);
}

#[test]
fn an_address_that_is_taken_is_refused_and_none_is_none() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap();
    let site = Site::new().with_config(&format!("[http]\nadmin_listen = \"{addr}\""));
    let output = site.daemon_command().output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains(&format!("cannot listen on {addr} for /metrics; set http.admin_listen")), "{said}");
    let site = Site::new().with_config("[http]\nadmin_listen = \"\"");
    let daemon = site.start();
    assert_eq!(daemon.admin, None);
    assert_eq!(get(daemon.http, "/").status, 200);
}
