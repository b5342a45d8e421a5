//! What is wrong with the daemon and its machine, for those who ask. Looking touches disks and runs ffmpeg, so it is
//! done beside the engine: each look in a thread of its own, all of them within one limit of time.
//!
//! A thread that a dead disk holds cannot be ended. It is left behind, no second one is sent after it, and the finding is
//! that it did not answer.

mod disk;
mod folders;
mod machine;
mod tools;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use vodpost_protocol::checkup::{CheckupView, Finding, Holds, Subject};
use vodpost_protocol::refusal::Refusal;
use vodpost_protocol::reply::Answer;
use vodpost_protocol::time::Timestamp;

use crate::delivery::CertificateFiles;
use crate::engine::Answerer;
use crate::library::watch::Coverage;
use crate::media::Tools;

/// For all looks together; longer than any takes that goes well.
const LIMIT: Duration = Duration::from_secs(15);
/// Clients that may wait. All who wait are answered by one checkup.
const WAITING_MAX: usize = 64;
/// Threads that look at a time.
const LOOKS_AT_ONCE: usize = 16;

/// What there is to look at.
pub struct Subjects {
    pub state_dir: PathBuf,
    pub tools: Arc<Tools>,
    pub coverage: Arc<Coverage>,
    pub certificates: Option<CertificateFiles>,
    /// Where viewers reach the server, if nobody said so.
    pub guessed_url: Option<String>,
    pub viewers: Viewers,
}

/// How many are let in at a time.
#[derive(Debug, Clone, Copy)]
pub struct Viewers {
    pub admitted: usize,
    pub wanted: usize,
}

/// Takes questions to where they are answered.
#[derive(Clone)]
pub struct Checkups(mpsc::Sender<Question>);

struct Question {
    /// The library as it is now.
    roots: Vec<Arc<Path>>,
    answerer: Answerer,
}

impl Checkups {
    /// The answer comes when everything was looked at.
    pub(crate) fn ask(&self, roots: &[Arc<Path>], answerer: Answerer) {
        if let Err(refused) = self.0.try_send(Question { roots: roots.to_vec(), answerer }) {
            let (question, refusal) = match refused {
                mpsc::error::TrySendError::Full(question) => (question, Refusal::Busy),
                mpsc::error::TrySendError::Closed(question) => (question, Refusal::ShuttingDown),
            };
            question.answerer.answer(Err(refusal));
        }
    }
}

/// Needs a tokio runtime around it.
#[must_use]
pub fn start(subjects: Subjects, shutdown: CancellationToken) -> (Checkups, tokio::task::JoinHandle<()>) {
    let (asked, waiting) = mpsc::channel(WAITING_MAX);
    let looks = Looks::new(subjects);
    (Checkups(asked), tokio::spawn(run(looks, waiting, shutdown)))
}

async fn run(mut looks: Looks, mut waiting: mpsc::Receiver<Question>, shutdown: CancellationToken) {
    loop {
        let first = tokio::select! {
            () = shutdown.cancelled() => return,
            first = waiting.recv() => first,
        };
        let Some(Question { mut roots, answerer }) = first else { return };
        let mut all = vec![answerer];
        while let Ok(next) = waiting.try_recv() {
            roots = next.roots;
            all.push(next.answerer);
        }
        all.retain(Answerer::is_wanted);
        if all.is_empty() {
            continue;
        }
        let looks = looks.at(&roots);
        let view = tokio::select! {
            () = shutdown.cancelled() => return,
            view = examine(&looks, LIMIT) => view,
        };
        for answerer in all {
            answerer.answer(Ok(Answer::Checkup(Box::new(view.clone()))));
        }
    }
}

type Act = dyn Fn() -> Vec<Finding> + Send + Sync;

/// One thing to look at, apart from the others because it may hang by itself.
struct Look {
    subject: Subject,
    /// The folder that it is about, if it is about one.
    place: Option<PathBuf>,
    act: Arc<Act>,
    /// Held by the thread that looks.
    alone: Arc<Semaphore>,
}

impl Look {
    fn new(
        subject: Subject,
        place: Option<&Path>,
        act: impl Fn() -> Vec<Finding> + Send + Sync + 'static,
    ) -> Arc<Self> {
        let (place, act) = (place.map(Path::to_owned), Arc::new(act));
        Arc::new(Self { subject, place, act, alone: Arc::new(Semaphore::new(1)) })
    }

    /// `None` where no answer came in time, of this thread or of one that was sent before.
    async fn find(self: Arc<Self>, room: Arc<Semaphore>, deadline: Instant) -> Option<Vec<Finding>> {
        let looked = async {
            let _room = room.acquire().await.ok()?;
            let permit = Arc::clone(&self.alone).acquire_owned().await.ok()?;
            let (act, (found, wait)) = (Arc::clone(&self.act), oneshot::channel());
            let thread = std::thread::Builder::new().name("checkup".to_owned()).spawn(move || {
                let findings = act();
                drop(permit);
                // Nobody waits any more when it took too long.
                drop(found.send(findings));
            });
            if let Err(error) = thread {
                tracing::warn!(%error, "a checkup found no thread");
                return None;
            }
            wait.await.ok()
        };
        timeout_at(deadline, looked).await.ok().flatten()
    }
}

async fn examine(looks: &[Arc<Look>], limit: Duration) -> CheckupView {
    let (room, deadline) = (Arc::new(Semaphore::new(LOOKS_AT_ONCE)), Instant::now() + limit);
    let mut examined = Vec::new();
    let mut findings = Vec::new();
    let begin = |look: &Arc<Look>| tokio::spawn(Arc::clone(look).find(Arc::clone(&room), deadline));
    let begun: Vec<_> = looks.iter().map(begin).collect();
    for (look, finds) in looks.iter().zip(begun) {
        if !examined.contains(&look.subject) {
            examined.push(look.subject);
        }
        findings.extend(finds.await.ok().flatten().unwrap_or_else(|| {
            let place = look.place.as_ref().map(|place| place.to_string_lossy().into_owned());
            vec![Finding::NoAnswer { subject: look.subject, place, limit_s: limit.as_secs() }]
        }));
    }
    CheckupView { at: Timestamp::from_system(SystemTime::now()), examined, findings }
}

/// Everything that is looked at. Kept from one checkup to the next, since a thread may still be at it.
struct Looks {
    fixed: Vec<Arc<Look>>,
    roots: HashMap<Arc<Path>, Vec<Arc<Look>>>,
    state_dir: PathBuf,
    coverage: Arc<Coverage>,
}

impl Looks {
    fn new(subjects: Subjects) -> Self {
        let Subjects { state_dir, tools, coverage, certificates, guessed_url, viewers } = subjects;
        let (first, second) = (state_dir.clone(), state_dir.clone());
        let (parts, tried) = (tools::Parts::default(), Arc::clone(&tools));
        let guessed =
            move || guessed_url.iter().cloned().map(|url| Finding::PublicUrlUnset { url }).collect();
        let mut fixed = vec![
            Look::new(Subject::State, Some(&state_dir), move || folders::state(&first)),
            Look::new(Subject::Disk, Some(&state_dir), move || disk::room(&second, Holds::State)),
            Look::new(Subject::Watching, None, machine::watches_left),
            Look::new(Subject::Tools, None, move || tools::present(&tried, &parts)),
            Look::new(Subject::Sandbox, None, move || tools::confined(&tools)),
            Look::new(Subject::PublicUrl, None, guessed),
            Look::new(Subject::Clock, None, machine::clock),
            Look::new(Subject::OpenFiles, None, move || machine::open_files(viewers)),
        ];
        fixed.extend(
            certificates.map(|files| {
                Look::new(Subject::Certificates, None, move || files.findings(SystemTime::now()))
            }),
        );
        Self { fixed, roots: HashMap::new(), state_dir, coverage }
    }

    /// With these roots. Others are forgotten.
    fn at(&mut self, roots: &[Arc<Path>]) -> Vec<Arc<Look>> {
        self.roots.retain(|root, _| roots.contains(root));
        let mut looks = self.fixed.clone();
        if roots.is_empty() {
            looks.push(Look::new(Subject::Library, None, || vec![Finding::NoRoots]));
        }
        for root in roots {
            let known = self.roots.entry(Arc::clone(root));
            looks.extend_from_slice(known.or_insert_with(|| at_root(root, &self.state_dir, &self.coverage)));
        }
        looks
    }
}

fn at_root(root: &Arc<Path>, state_dir: &Path, coverage: &Arc<Coverage>) -> Vec<Arc<Look>> {
    let (first, second, third) = (Arc::clone(root), Arc::clone(root), Arc::clone(root));
    let (state_dir, coverage) = (state_dir.to_owned(), Arc::clone(coverage));
    vec![
        Look::new(Subject::Library, Some(root), move || folders::root(&first)),
        Look::new(Subject::Disk, Some(root), move || disk::room_besides(&second, &state_dir)),
        Look::new(Subject::Watching, None, move || machine::watched(&third, &coverage)),
    ]
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    fn nothing(subject: Subject) -> Arc<Look> {
        Look::new(subject, None, Vec::new)
    }

    #[tokio::test]
    async fn what_hangs_is_a_finding_and_is_not_asked_twice_at_a_time() {
        let (release, held) = std::sync::mpsc::channel::<()>();
        let held = Mutex::new(held);
        let (begun, begins) = std::sync::mpsc::channel();
        let hangs = move || {
            begun.send(()).unwrap();
            // Until it is let go.
            held.lock().unwrap().recv().unwrap_or_default();
            vec![Finding::NoRoots]
        };
        let looks = [nothing(Subject::Clock), Look::new(Subject::Library, Some(Path::new("/nfs")), hangs)];
        for _ in 0..2 {
            let view = examine(&looks, Duration::from_millis(50)).await;
            let place = Some("/nfs".to_owned());
            let hung = Finding::NoAnswer { subject: Subject::Library, place, limit_s: 0 };
            assert_eq!((view.examined, view.findings), (vec![Subject::Clock, Subject::Library], vec![hung]));
        }
        assert_eq!(begins.try_iter().count(), 1);
        drop(release);
        let view = examine(&looks, Duration::from_secs(600)).await;
        assert_eq!(view.findings, [Finding::NoRoots]);
    }

    #[tokio::test]
    async fn more_looks_than_threads_are_all_carried_out() {
        let looks: Vec<Arc<Look>> =
            (0..100).map(|_| Look::new(Subject::Library, None, || vec![Finding::NoRoots])).collect();
        assert_eq!(examine(&looks, Duration::from_secs(600)).await.findings.len(), 100);
    }

    #[tokio::test]
    async fn whoever_asks_beyond_the_room_is_told_so() {
        let (asked, _waiting) = mpsc::channel(1);
        let checkups = Checkups(asked);
        let (session, mut answered) = mpsc::channel(2);
        checkups.ask(&[], Answerer::new(1, session.clone()));
        checkups.ask(&[], Answerer::new(2, session));
        assert_eq!(answered.recv().await, Some((2, Err(Refusal::Busy))));
    }
}
