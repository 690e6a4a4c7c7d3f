//! Files from web servers: `https:`, and `http:` where a digest is pinned.
//!
//! What a server says about a file is never believed more than the bytes: a
//! broken connection is continued with a range request, only as the same
//! version of the file (`If-Range` with a strong validator, or the pinned
//! digest at the end), and an answer that is not the continuation begins anew.

use std::io::{self, Read as _, Write as _};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use ureq::http::Uri;
use ureq::http::header::{
    CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, DATE, ETAG, HeaderMap, LAST_MODIFIED, RETRY_AFTER,
    TRANSFER_ENCODING,
};

use super::error::{AcquireError, TransferError, printable};
use super::exchange::{Line, Miss, Reply, Resume, header, parse, shown};
use super::partial::{Full, Origin, Part};
use super::retry::{self, Pace, http_date, retry_after};
use super::{Arrived, Request, Source};
use crate::observe::{Event, Observer};

/// `https:` or `http:`.
#[derive(Debug)]
pub(super) struct Web {
    pub(super) scheme: &'static str,
}

impl Source for Web {
    fn scheme(&self) -> &'static str {
        self.scheme
    }

    fn remote(&self) -> bool {
        true
    }

    fn fetch(
        &self,
        request: &Request<'_>,
        sink: &mut Part,
        observer: &dyn Observer,
    ) -> Result<Arrived, AcquireError> {
        let bad = |why: &str| request.bad_source(why);
        let address = parse(&request.input.source).ok_or_else(|| bad("it is no web address"))?;
        if address
            .authority()
            .is_some_and(|authority| authority.as_str().contains('@'))
        {
            return Err(bad(
                "a password in an address would be published with the manifest",
            ));
        }
        if self.scheme == "http" && request.input.sha256.is_none() {
            return Err(bad(
                "anyone on the way can change what `http:` brings, so it needs a `sha256`",
            ));
        }
        let line = Line::new(&request.context.network, request.context.limits.silence)?;
        while_watched(&line, observer, || {
            Download {
                request,
                address: &address,
                line: &line,
                observer,
            }
            .run(sink)
        })
    }
}

/// Runs `work`, and hangs up as soon as the user asks to stop.
fn while_watched<T>(line: &Line, observer: &dyn Observer, work: impl FnOnce() -> T) -> T {
    std::thread::scope(|scope| {
        let (ended, end) = mpsc::channel::<()>();
        scope.spawn(move || {
            while end.recv_timeout(Duration::from_millis(100)) == Err(RecvTimeoutError::Timeout) {
                if observer.cancelled() {
                    return line.hang_up();
                }
            }
        });
        let result = work();
        drop(ended);
        result
    })
}

/// One file on its way.
struct Download<'a> {
    request: &'a Request<'a>,
    address: &'a Uri,
    line: &'a Line,
    observer: &'a dyn Observer,
}

/// Why an attempt did not bring the whole file.
enum Stop {
    /// Another may.
    Again(TransferError, Option<Duration>),
    /// Another would not.
    Fatal(AcquireError),
}

impl From<AcquireError> for Stop {
    fn from(error: AcquireError) -> Self {
        Self::Fatal(error)
    }
}

/// An attempt that brought so much counts as progress, and failures are counted from nought again.
const PROGRESS: u64 = 1024 * 1024;

impl Download<'_> {
    fn run(&self, sink: &mut Part) -> Result<Arrived, AcquireError> {
        let (mut failures, mut attempts) = (0, 0);
        loop {
            let before = sink.len();
            attempts += 1;
            let (cause, asked) = match self.attempt(sink) {
                _ if self.observer.cancelled() => return Err(self.request.cancelled()),
                Ok(arrived) => return Ok(arrived),
                Err(Stop::Fatal(error)) => return Err(error),
                Err(Stop::Again(cause, asked)) => (cause, asked),
            };
            failures = if sink.len() >= before.saturating_add(PROGRESS) {
                1
            } else {
                failures + 1
            };
            if failures >= self.allowed(&cause) {
                return Err(self.failed(attempts, cause));
            }
            self.pause(failures, &cause, asked)?;
        }
    }

    /// A name that leads nowhere seldom leads somewhere a minute later.
    fn allowed(&self, cause: &TransferError) -> u32 {
        let attempts = self.request.context.policy.attempts;
        if matches!(cause, TransferError::NoHost) {
            attempts.min(2)
        } else {
            attempts
        }
    }

    fn failed(&self, attempts: u32, cause: TransferError) -> AcquireError {
        AcquireError::Transfer {
            input: self.request.input.name.clone(),
            location: shown(self.address),
            attempts,
            cause,
        }
    }

    fn pause(
        &self,
        failures: u32,
        cause: &TransferError,
        asked: Option<Duration>,
    ) -> Result<(), AcquireError> {
        let context = self.request.context;
        let pause = context.policy.before_next(failures, asked);
        let what = self.request.what();
        let note = format!("{what}: {cause}; trying again in {:.1} s", pause.as_secs_f64());
        self.observer.event(Event::Note(&note));
        if retry::wait(&*context.clock, self.observer, pause) {
            Ok(())
        } else {
            Err(self.request.cancelled())
        }
    }

    fn attempt(&self, sink: &mut Part) -> Result<Arrived, Stop> {
        if !sink.is_empty() && sink.origin().validator.is_none() && self.request.input.sha256.is_none() {
            // Nothing would say whether the two halves belong together.
            sink.restart().map_err(self.disk())?;
        }
        let origin = sink.origin().clone();
        let from = (!sink.is_empty()).then(|| Resume {
            offset: sink.len(),
            validator: origin.validator.as_deref(),
        });
        let reply = self
            .line
            .get(self.address, from)
            .map_err(|miss| self.missed(miss))?;
        match reply.status {
            200 => self.whole(reply, sink),
            206 if from.is_some() => self.rest(reply, sink),
            416 if from.is_some() => self.beyond(&reply, sink),
            status => Err(self.status(status, &reply)),
        }
    }

    fn missed(&self, miss: Miss) -> Stop {
        match miss {
            Miss::Again(cause) => Stop::Again(cause, None),
            Miss::Certificate { location, why } => Stop::Fatal(AcquireError::Certificate { location, why }),
            Miss::Redirect { location, why } => Stop::Fatal(AcquireError::Redirect {
                input: self.request.input.name.clone(),
                location,
                why,
            }),
        }
    }

    fn status(&self, status: u16, reply: &Reply) -> Stop {
        let (input, location) = (self.request.input.name.clone(), shown(&reply.location));
        match status {
            408 | 425 | 429 | 500..=599 => {
                let asked = header(&reply.headers, &RETRY_AFTER);
                let wall = self.request.context.clock.wall();
                Stop::Again(
                    TransferError::Status(status),
                    asked.and_then(|value| retry_after(value, wall)),
                )
            }
            404 | 410 => Stop::Fatal(AcquireError::NotFound {
                input,
                location,
                status,
            }),
            _ => Stop::Fatal(AcquireError::Refused {
                input,
                location,
                status,
            }),
        }
    }

    /// The file from its beginning.
    fn whole(&self, reply: Reply, sink: &mut Part) -> Result<Arrived, Stop> {
        let total = length(&reply.headers);
        self.fits(total, sink)?;
        self.note_encoding(&reply.headers);
        let validator = validator(&reply.headers);
        sink.begin(Origin { validator, total }).map_err(self.disk())?;
        self.copy(reply, total, sink)
    }

    /// Digests are of the bytes as sent; where the server compresses unasked, that may surprise.
    fn note_encoding(&self, headers: &HeaderMap) {
        if let Some(encoding) = header(headers, &CONTENT_ENCODING).filter(|encoding| *encoding != "identity")
        {
            let encoding = printable(encoding, 40);
            let note = format!(
                "{}: the server sends it encoded as `{encoding}`, and it is kept so",
                self.request.what()
            );
            self.observer.event(Event::Note(&note));
        }
    }

    /// What was missing.
    fn rest(&self, reply: Reply, sink: &mut Part) -> Result<Arrived, Stop> {
        let range = header(&reply.headers, &CONTENT_RANGE).and_then(content_range);
        let known = sink.origin().total;
        let continues = range.is_some_and(|(start, total)| {
            start == sink.len() && (known.is_none() || total.is_none() || total == known)
        });
        if !continues || !same_version(&reply.headers, sink.origin()) {
            sink.restart().map_err(self.disk())?;
            return Err(Stop::Again(TransferError::WrongPart, None));
        }
        let total = known.or(range.and_then(|(_, total)| total));
        self.fits(total, sink)?;
        sink.resume();
        self.copy(reply, total, sink)
    }

    /// The server has nothing beyond what is there: either that was all, or it is another file by now.
    fn beyond(&self, reply: &Reply, sink: &mut Part) -> Result<Arrived, Stop> {
        let total = header(&reply.headers, &CONTENT_RANGE)
            .and_then(|range| range.trim().strip_prefix("bytes */"))
            .and_then(|total| total.parse::<u64>().ok());
        if total == Some(sink.len()) {
            return Ok(self.arrived(&reply.location, None));
        }
        sink.restart().map_err(self.disk())?;
        Err(Stop::Again(TransferError::WrongPart, None))
    }

    fn fits(&self, total: Option<u64>, sink: &Part) -> Result<(), Stop> {
        if total.is_some_and(|total| total > sink.limit()) {
            return Err(self.request.too_large(sink.limit()).into());
        }
        Ok(())
    }

    fn copy(&self, mut reply: Reply, total: Option<u64>, sink: &mut Part) -> Result<Arrived, Stop> {
        let context = self.request.context;
        let mut progress = Progress::new(self.request.what(), self.observer, context.clock.now());
        let mut pace = Pace::new(context.limits.silence, context.clock.now());
        let mut buffer = vec![0; 128 * 1024];
        let mut reader = reply.body.as_reader();
        loop {
            let read = match reader.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(broken(&error, sink.len(), total)),
            };
            sink.write_all(&buffer[..read]).map_err(self.disk())?;
            let now = context.clock.now();
            if !pace.moves(read, now) {
                return Err(Stop::Again(
                    TransferError::Silent {
                        got: sink.len(),
                        total,
                    },
                    None,
                ));
            }
            progress.at(sink.len(), total, now);
        }
        drop(reader);
        drop(reply.body);
        if total.is_some_and(|total| total != sink.len()) {
            let end = io::Error::from(io::ErrorKind::UnexpectedEof);
            return Err(broken(&end, sink.len(), total));
        }
        Ok(self.arrived(&reply.location, total.filter(|_| self.line.surplus())))
    }

    fn arrived(&self, location: &Uri, surplus: Option<u64>) -> Arrived {
        Arrived {
            location: shown(location),
            surplus,
        }
    }

    /// An error while writing: the limit, or the disk.
    fn disk(&self) -> impl Fn(io::Error) -> Stop {
        move |error| Stop::Fatal(self.request.while_writing(error))
    }
}

fn broken(error: &io::Error, got: u64, total: Option<u64>) -> Stop {
    let cause = if is_timeout(error) {
        TransferError::Silent { got, total }
    } else {
        TransferError::Broken {
            got,
            total,
            why: printable(&error.to_string(), 200),
        }
    };
    Stop::Again(cause, None)
}

/// Within a transfer the only time limit is that on silence.
fn is_timeout(error: &io::Error) -> bool {
    let inner = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<ureq::Error>());
    error.kind() == io::ErrorKind::TimedOut || matches!(inner, Some(ureq::Error::Timeout(_)))
}

/// The announced length of the body.
fn length(headers: &HeaderMap) -> Option<u64> {
    if headers.contains_key(TRANSFER_ENCODING) {
        return None;
    }
    header(headers, &CONTENT_LENGTH)?.trim().parse().ok()
}

/// Reads `bytes 5-9/10` or `bytes 5-9/*` into the start and the whole length.
fn content_range(value: &str) -> Option<(u64, Option<u64>)> {
    let (range, total) = value.trim().strip_prefix("bytes ")?.split_once('/')?;
    let (start, end) = range.split_once('-')?;
    let (start, end): (u64, u64) = (start.parse().ok()?, end.parse().ok()?);
    let total = if total == "*" {
        None
    } else {
        Some(total.parse().ok()?)
    };
    (start <= end && total.is_none_or(|total| end < total)).then_some((start, total))
}

/// What `If-Range` may take: a strong entity tag, or else a modification date at least a minute before the answer
/// (RFC 9110, sections 8.8.2.2 and 13.1.5; a file can change twice within the second that the date resolves).
fn validator(headers: &HeaderMap) -> Option<String> {
    if let Some(tag) = header(headers, &ETAG) {
        let strong = tag.len() >= 2 && tag.starts_with('"') && tag.ends_with('"');
        return strong.then(|| tag.to_owned());
    }
    let modified = header(headers, &LAST_MODIFIED)?;
    let (changed, sent) = (http_date(modified)?, http_date(header(headers, &DATE)?)?);
    (sent.duration_since(changed).as_secs() >= 60).then(|| modified.to_owned())
}

/// A server that ignores `If-Range` still shows by its tag that the file is another one.
fn same_version(headers: &HeaderMap, origin: &Origin) -> bool {
    let known = origin.validator.as_deref().filter(|known| known.starts_with('"'));
    match (header(headers, &ETAG), known) {
        (Some(tag), Some(known)) => tag == known,
        _ => true,
    }
}

/// Tells how far it is, ten times a second at most.
struct Progress<'a> {
    what: String,
    observer: &'a dyn Observer,
    last: Instant,
}

impl<'a> Progress<'a> {
    fn new(what: String, observer: &'a dyn Observer, now: Instant) -> Self {
        Self {
            what,
            observer,
            last: now,
        }
    }

    fn at(&mut self, done: u64, total: Option<u64>, now: Instant) {
        let finished = total == Some(done);
        if finished || now.duration_since(self.last) >= Duration::from_millis(100) {
            self.last = now;
            self.observer.event(Event::Progress {
                what: &self.what,
                done,
                total,
            });
        }
    }
}

/// The error under a writer that a [`Part`] is.
pub(super) fn is_full(error: &io::Error) -> Option<u64> {
    error.get_ref()?.downcast_ref::<Full>().map(|full| full.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ureq::http::HeaderValue;
    use ureq::http::header::HeaderName;

    fn headers(pairs: &[(HeaderName, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.clone(), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn content_ranges_are_read_strictly() {
        assert_eq!(content_range("bytes 5-9/10"), Some((5, Some(10))));
        assert_eq!(content_range("bytes 5-9/*"), Some((5, None)));
        assert_eq!(content_range("bytes 9-5/10"), None);
        assert_eq!(content_range("bytes 5-10/10"), None); // the end is inclusive
        assert_eq!(content_range("bytes */10"), None);
        assert_eq!(content_range("items 5-9/10"), None);
    }

    #[test]
    fn only_strong_validators_are_used() {
        let early = (LAST_MODIFIED, "Sun, 06 Nov 1994 08:49:37 GMT");
        let now = (DATE, "Sun, 06 Nov 1994 08:49:38 GMT");
        let later = (DATE, "Sun, 06 Nov 1994 08:59:38 GMT");
        assert_eq!(validator(&headers(&[(ETAG, "\"a\"")])).as_deref(), Some("\"a\""));
        assert_eq!(
            validator(&headers(&[(ETAG, "W/\"a\""), early.clone(), later.clone()])),
            None
        );
        assert_eq!(
            validator(&headers(&[early.clone(), later])).as_deref(),
            Some(early.1)
        );
        assert_eq!(validator(&headers(&[early.clone(), now])), None);
        assert_eq!(validator(&headers(&[early])), None);
    }
}
