//! Videos of which the kernel may still hold bytes for a client, after their answers are over. A suspension has to reach these
//! bytes as well (P6), whatever the connection does meanwhile; and it must not end a connection on which other videos have
//! long followed, as those of a proxy do.

use std::fs;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, LazyLock};
use std::task::Poll;

use tokio_util::sync::WaitForCancellationFutureOwned;

use super::send::Accepted;
use super::table::Live;

/// Different videos on one connection; more than any client asks for within a few megabytes.
pub(super) const VIDEOS_MAX: usize = 16;
/// Where the kernel does not say; more than any has by default.
const QUEUE_DEFAULT: u64 = 64 * 1024 * 1024;

/// The most bytes that the kernel queues for one connection (tcp(7), `tcp_wmem`).
static QUEUE_MAX: LazyLock<u64> = LazyLock::new(|| {
    let text = fs::read_to_string("/proc/sys/net/ipv4/tcp_wmem").unwrap_or_default();
    text.split_whitespace().nth(2).and_then(|max| max.parse().ok()).unwrap_or(QUEUE_DEFAULT)
});

#[derive(Debug, Default)]
pub(super) struct Queued(Vec<Sent>);

#[derive(Debug)]
struct Sent {
    live: Arc<Live>,
    /// Bytes that the kernel had taken when the answer was over.
    end: u64,
    /// Ready once the video may not be sent any more.
    ended: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl Queued {
    /// An answer with bytes of this video is over.
    pub(super) fn put(&mut self, live: Arc<Live>, accepted: &Accepted) {
        let end = accepted.bytes();
        self.0.retain(|sent| Arc::ptr_eq(&sent.live, &live) || sent.may_be_queued(accepted));
        match self.0.iter_mut().find(|sent| Arc::ptr_eq(&sent.live, &live)) {
            Some(sent) => sent.end = end,
            None => {
                let ended = Box::pin(live.ended().clone().cancelled_owned());
                self.0.push(Sent { live, end, ended });
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn is_full(&self) -> bool {
        self.0.len() >= VIDEOS_MAX
    }

    /// Returns when bytes are queued that must not be sent any more; never without any.
    pub(super) async fn ended(&mut self, accepted: Accepted) {
        poll_fn(|context| {
            let mut ended = false;
            self.0.retain_mut(|sent| match sent.ended.as_mut().poll(context) {
                Poll::Pending => true,
                Poll::Ready(()) => {
                    ended |= sent.may_be_queued(&accepted);
                    false
                }
            });
            if ended { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

impl Sent {
    fn may_be_queued(&self, accepted: &Accepted) -> bool {
        accepted.bytes() - self.end <= *QUEUE_MAX
    }
}
