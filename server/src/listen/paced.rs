//! A connection whose client must take what is written.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

/// The least speed of a client that takes a reply, in bytes a second.
const LEAST_SPEED: u64 = 1024;

/// Fails with `TimedOut` when nothing of a reply is taken for `patience`, or, after that, less than [`LEAST_SPEED`] of it.
pub(super) struct Paced<S> {
    stream: S,
    patience: Duration,
    timer: Pin<Box<Sleep>>,
    reply: Option<Progress>,
    /// Whether a reply has begun since the last bytes of a request.
    replying: Arc<AtomicBool>,
}

/// How far the client is with a reply.
#[derive(Clone, Copy)]
struct Progress {
    begun: Instant,
    last: Instant,
    bytes: u64,
}

impl Progress {
    /// When a client that takes nothing more is given up.
    fn end(&self, patience: Duration) -> Instant {
        let at_least = Duration::from_millis(self.bytes.saturating_mul(1000) / LEAST_SPEED);
        (self.last + patience).min(self.begun + patience + at_least)
    }
}

impl<S> Paced<S> {
    pub(super) fn new(stream: S, patience: Duration, replying: Arc<AtomicBool>) -> Self {
        Self { stream, patience, timer: Box::pin(sleep(patience)), reply: None, replying }
    }

    /// What becomes of a write that the stream answered so.
    fn judge(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        let now = Instant::now();
        self.replying.store(true, Ordering::Relaxed);
        let reply = self.reply.get_or_insert(Progress { begun: now, last: now, bytes: 0 });
        if let Poll::Ready(written) = written {
            let bytes = written?;
            reply.last = now;
            reply.bytes += bytes as u64;
            return Poll::Ready(Ok(bytes));
        }
        let end = reply.end(self.patience);
        if self.timer.deadline() != end {
            self.timer.as_mut().reset(end);
        }
        ready!(self.timer.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Paced<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if buf.filled().len() > before {
            // The next request: what is written from now on is another reply.
            self.reply = None;
            self.replying.store(false, Ordering::Relaxed);
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Paced<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.judge(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.judge(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn client_must_take_something_and_keep_the_least_speed() {
        let (begun, patience, second) = (Instant::now(), Duration::from_secs(5), Duration::from_secs(1));
        let progress = |last: u32, bytes| Progress { begun, last: begun + second * last, bytes };
        for (progress, seconds) in [
            (progress(0, 0), 5),
            (progress(3, 100 * LEAST_SPEED), 8),
            (progress(50, 100 * LEAST_SPEED), 55),
            (progress(50, 10 * LEAST_SPEED), 15),
        ] {
            assert_eq!(progress.end(patience), begun + second * seconds);
        }
    }
}
