//! TLS by the daemon itself, seen by curl and openssl.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Signal, kill_process};
use vodpost_tests::http::{get, request};
use vodpost_tests::media::Sample;
use vodpost_tests::proxy::{NAME, certificate};
use vodpost_tests::site::{Daemon, Site};
use vodpost_tests::wait::{self, DEADLINE};

const FREE_BYTES: u32 = 200 << 20;

struct Secured {
    site: Site,
    daemon: Daemon,
    cert: PathBuf,
    key: PathBuf,
    _folder: tempfile::TempDir,
}

/// With two certificates, of which the first is for `NAME`, and more settings.
fn secured(more: &str) -> Secured {
    secured_with("admin_listen = \"\"", more)
}

fn secured_with(http: &str, more: &str) -> Secured {
    let folder = tempfile::tempdir().unwrap();
    let (cert, key) = certificate(folder.path(), "first", &[NAME]);
    let (other_cert, other_key) = certificate(folder.path(), "second", &["other.example", "*.wild.example"]);
    let site = Site::new().with_config(&format!(
        "[http]\npublic_url = \"https://{NAME}\"\n{http}\n[http.tls]\ncert = {cert:?}\nkey = {key:?}\n{more}\n\
         [[http.tls.more]]\ncert = {other_cert:?}\nkey = {other_key:?}"
    ));
    site.add(&Sample::IndexLast.path(), "talk.mp4");
    let long = site.add(&Sample::IndexFirst.path(), "long.mp4");
    let len = fs::metadata(&long).unwrap().len();
    let mut end = fs::OpenOptions::new().append(true).open(&long).unwrap();
    end.write_all(&[FREE_BYTES.to_be_bytes().as_slice(), b"free"].concat()).unwrap();
    end.set_len(len + u64::from(FREE_BYTES)).unwrap();
    let daemon = site.start();
    site.set_up_account();
    site.scan();
    Secured { site, daemon, cert, key, _folder: folder }
}

fn curl(cert: &Path, addr: SocketAddr, path: &str, args: &[&str]) -> Command {
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--noproxy", "*", "--max-time", "60"]);
    command.arg("--cacert").arg(cert);
    command.arg("--resolve").arg(format!("{NAME}:{}:127.0.0.1", addr.port()));
    command.arg(format!("https://{NAME}:{}{path}", addr.port())).args(args);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

impl Secured {
    fn asked(&self, path: &str, args: &[&str]) -> Result<(String, Vec<u8>), String> {
        let output =
            curl(&self.cert, self.daemon.http, path, &[&["--include"], args].concat()).output().unwrap();
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        let end = output.stdout.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let head = String::from_utf8_lossy(&output.stdout[..end]).to_lowercase();
        Ok((head, output.stdout[end + 4..].to_vec()))
    }

    /// The subject of the certificate that a client is shown who asks for this name, and how the connection was made.
    fn shown(&self, args: &[&str]) -> String {
        let output = Command::new("openssl")
            .args(["s_client", "-connect", &self.daemon.http.to_string()])
            .args(args)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    }

    fn watching(&self, path: &str) -> Child {
        let mut viewer = curl(&self.cert, self.daemon.http, path, &["--no-buffer"]).spawn().unwrap();
        viewer.stdout.as_mut().unwrap().read_exact(&mut [0; 4096]).unwrap();
        viewer
    }
}

#[test]
fn videos_play_over_tls() {
    let secured = secured("");
    let path = format!("/v/{}.mp4", secured.site.generate("talk"));
    let (head, whole) = secured.asked(&path, &[]).unwrap();
    assert!(head.starts_with("http/1.1 200"), "{head}");
    let expected = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    assert_eq!(expected.parse(), Ok(whole.len()));
    let probed = secured.site.folder().join("whole.mp4");
    fs::write(&probed, &whole).unwrap();
    let mut decode = Command::new("ffmpeg");
    decode.args(["-v", "error", "-xerror", "-i"]).arg(&probed).args(["-f", "null", "-"]);
    let output = decode.output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    for (range, part) in [("0-1", 0..2), ("20000-", 20_000..whole.len()), ("5-40000", 5..40_001)] {
        let (head, body) = secured.asked(&path, &["--range", range]).unwrap();
        assert!(head.starts_with("http/1.1 206") && body == whole[part], "{range}: {head}");
    }
    let url = secured.site.ok(&["url", "talk"]).stdout;
    assert!(url.starts_with(&format!("https://{NAME}/v/")), "{url}");
    for version in ["-tls1_2", "-tls1_3"] {
        let said = secured.shown(&[version, "-alpn", "h2,http/1.1", "-servername", NAME]);
        assert!(said.contains("ALPN protocol: http/1.1") && said.contains(&format!("CN = {NAME}")), "{said}");
    }
    assert!(!secured.shown(&["-tls1_1"]).contains("BEGIN CERTIFICATE"), "too old");
    for name in ["other.example", "a.wild.example"] {
        assert!(secured.shown(&["-servername", name]).contains("CN = other.example"), "{name}");
    }
    for args in [vec!["-servername", "unknown.example"], vec!["-noservername"]] {
        assert!(secured.shown(&args).contains(&format!("CN = {NAME}")), "{args:?}");
    }
    let ticket = secured.site.folder().join("ticket");
    let ticket = ticket.to_str().unwrap();
    let with_ticket = |way: &str| secured.shown(&["-tls1_2", "-servername", NAME, way, ticket]);
    assert!(with_ticket("-sess_out").contains("New, TLS"));
    assert!(with_ticket("-sess_in").contains("Reused, TLS"));
}

#[test]
fn p6_a_suspension_reaches_viewers_over_tls() {
    let secured = secured("");
    let path = format!("/v/{}.mp4", secured.site.generate("long"));
    let mut viewer = secured.watching(&path);
    secured.site.ok(&["suspend", "long"]);
    let mut rest = Vec::new();
    viewer.stdout.take().unwrap().read_to_end(&mut rest).unwrap();
    assert!(rest.len() < 64 << 20, "{} bytes came after the suspension", rest.len());
    assert!(!viewer.wait().unwrap().success());
    assert!(secured.asked(&path, &[]).unwrap().0.starts_with("http/1.1 403"));
}

#[test]
fn new_certificates_are_taken_without_dropping_anybody_and_broken_ones_are_not() {
    let secured = secured("");
    let path = format!("/v/{}.mp4", secured.site.generate("long"));
    let mut viewer = secured.watching(&path);
    let folder = tempfile::tempdir().unwrap();
    let (new_cert, new_key) = certificate(folder.path(), "new", &["renewed.example", NAME]);
    let was = || secured.shown(&["-servername", NAME]).contains(&format!("CN = {NAME}"));
    // Half of a pair, as it is for a moment when files are replaced one after the other.
    fs::copy(&new_cert, &secured.cert).unwrap();
    kill_process(secured.daemon.pid(), Signal::HUP).unwrap();
    fs::write(&secured.key, "-----BEGIN PRIVATE KEY-----\nbroken").unwrap();
    kill_process(secured.daemon.pid(), Signal::HUP).unwrap();
    assert!(was());
    fs::copy(&new_key, &secured.key).unwrap();
    // Found by itself.
    wait::until("the new certificate", || {
        let said = secured.shown(&["-servername", NAME]);
        if said.contains("CN = renewed.example") { Ok(()) } else { Err(said) }
    });
    let mut rest = Vec::new();
    viewer.stdout.take().unwrap().read_to_end(&mut rest).unwrap();
    assert!(viewer.wait().unwrap().success() && rest.len() > 190 << 20, "{}", rest.len());
    let (_, log) = secured.daemon.terminate();
    assert!(log.contains("the certificates in force stay"), "{log}");
    assert!(log.contains("the certificates were read again"), "{log}");
    assert!(log.contains("a certificate expires soon"), "it is valid for a day: {log}");
}

#[test]
fn viewers_without_tls_are_redirected_or_served() {
    for (plain, is_redirect) in [("redirect", true), ("serve", false)] {
        let secured = secured(&format!("plain_listen = \"127.0.0.1:0\"\nplain = \"{plain}\""));
        let plain = secured.daemon.plain.unwrap();
        let path = format!("/v/{}", secured.site.generate("talk"));
        let answer = request(plain, "GET", &format!("{path}?a=b"), &[("X-Forwarded-Host", "evil.example")]);
        if is_redirect {
            assert_eq!(answer.status, 308);
            let expected = format!("https://{NAME}{path}?a=b");
            assert_eq!(answer.header("Location"), Some(&*expected));
            assert_eq!(
                request(plain, "HEAD", "//evil.example/", &[]).header("Location").unwrap(),
                format!("https://{NAME}//evil.example/")
            );
        } else {
            assert_eq!(answer.status, 200);
            let secret = secured.asked(&format!("{path}.mp4"), &[]).unwrap().1;
            assert!(get(plain, &format!("{path}.mp4")).body == secret);
        }
        assert!(secured.asked(&path, &[]).unwrap().0.starts_with("http/1.1 200"));
    }
}

#[test]
fn a_viewer_over_tls_who_takes_nothing_is_let_go_and_bytes_are_counted_as_they_leave() {
    let secured = secured_with("stall_timeout = \"1s\"\nadmin_listen = \"127.0.0.1:0\"", "");
    let path = format!("/v/{}.mp4", secured.site.generate("long"));
    let viewer = secured.watching(&path);
    let admin = secured.daemon.admin.unwrap();
    wait::until("the transfer to end", || {
        let text = get(admin, "/metrics").text();
        if text.contains("vodpost_http_open_transfers 0\n") { Ok(()) } else { Err(text) }
    });
    let output = viewer.wait_with_output().unwrap();
    assert!(!output.status.success());
    let text = get(admin, "/metrics").text();
    let sent = text.lines().find_map(|line| line.strip_prefix("vodpost_video_sent_bytes_total ")).unwrap();
    let (sent, received): (u64, u64) = (sent.parse().unwrap(), output.stdout.len() as u64 + 4096);
    // What was on its way when it ended does not arrive.
    assert!(received <= sent && sent < received + (16 << 20), "{sent} sent, {received} received");
}

#[test]
fn what_cannot_be_served_with_is_refused_in_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let (cert, key) = certificate(folder.path(), "a", &[NAME]);
    let (_, other) = certificate(folder.path(), "b", &[NAME]);
    let (text, missing) = (folder.path().join("text"), folder.path().join("missing"));
    fs::write(&text, "no certificate\n").unwrap();
    for (cert, key, expected) in [
        (&cert, &other, "does not belong to the certificate"),
        (&missing, &key, "cannot read"),
        (&text, &key, "holds no certificate"),
        (&cert, &text, "holds no private key"),
        (&cert, &cert, "holds no private key"),
    ] {
        let site = Site::new().with_config(&format!("[http.tls]\ncert = {cert:?}\nkey = {key:?}"));
        let output = site.daemon_command().output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(expected), "{expected}: {said}");
    }
    let plain =
        format!("[http]\npublic_url = \"http://a.example\"\n[http.tls]\ncert = {cert:?}\nkey = {key:?}");
    let output = Site::new().with_config(&plain).daemon_command().output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("begin it with https://"), "{said}");
}

#[test]
fn an_expired_certificate_is_served_with_a_warning() {
    let secured = secured("");
    let expired = secured.site.folder().join("expired.pem");
    let output = Command::new("openssl")
        .args(["x509", "-days", "-1", "-in"])
        .arg(&secured.cert)
        .arg("-signkey")
        .arg(&secured.key)
        .arg("-out")
        .arg(&expired)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    fs::copy(&expired, &secured.cert).unwrap();
    kill_process(secured.daemon.pid(), Signal::HUP).unwrap();
    wait::until("the expired certificate", || {
        let said = secured.shown(&["-servername", NAME]);
        if said.contains("certificate has expired") { Ok(()) } else { Err(said) }
    });
    let (_, log) = secured.daemon.terminate();
    assert!(log.contains("a certificate has expired, and viewers will refuse it"), "{log}");
}

#[test]
fn who_never_agrees_upon_tls_is_let_go() {
    let folder = tempfile::tempdir().unwrap();
    let (cert, key) = certificate(folder.path(), "a", &[NAME]);
    let http = "[http]\nhead_timeout = \"1s\"\nadmin_listen = \"127.0.0.1:0\"";
    let site = Site::new().with_config(&format!("{http}\n[http.tls]\ncert = {cert:?}\nkey = {key:?}"));
    let daemon = site.start();
    let mut silent = TcpStream::connect(daemon.http).unwrap();
    silent.set_read_timeout(Some(DEADLINE)).unwrap();
    assert_eq!(silent.read(&mut [0; 10]).unwrap(), 0, "ended after the deadline");
    let mut plain = TcpStream::connect(daemon.http).unwrap();
    plain.write_all(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    match plain.read_to_end(&mut answer) {
        Err(error) if error.kind() != std::io::ErrorKind::ConnectionReset => panic!("{error}"),
        Ok(_) | Err(_) => assert!(!answer.starts_with(b"HTTP")),
    }
    wait::until("both to be counted", || {
        let metrics = get(daemon.admin.unwrap(), "/metrics").text();
        if metrics.contains("vodpost_tls_failed_handshakes_total 2\n") { Ok(()) } else { Err(metrics) }
    });
}
