//! Following a job from outside: its logs, its limits, and how it ended.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, PipeReader, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::Pid;

use super::cgroup::Cgroup;
use super::local::Caged;
use super::wire::{self, Order, Word};
use super::{Attempt, Ending, Job, disk, processes};
use crate::observe::{Event, Observer};
use crate::process::is_ready;

/// How often limits are looked at.
const TICK: Duration = Duration::from_millis(50);

/// How long a job has between the request to end and its end.
const GRACE: Duration = Duration::from_secs(2);

/// How long the sandbox has to end everything once told to.
const PATIENCE: Duration = Duration::from_secs(20);

/// The longest time between two looks at all that was written.
const LONGEST_BETWEEN_WALKS: Duration = Duration::from_secs(5);

/// What was seen of a job.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Why it was stopped, if it was.
    pub(super) stopped: Option<Ending>,
    /// Its own ending, code or signal.
    pub(super) ended: Option<(Option<i32>, Option<i32>)>,
    /// That it was never started.
    pub(super) failure: Option<Failure>,
    /// Walls that were put up, once it was started.
    pub(super) measures: Option<BTreeMap<String, String>>,
    pub(super) attempts: Vec<Attempt>,
    pub(super) cpu: Duration,
    pub(super) peak_memory: u64,
    pub(super) wall: Duration,
    /// Whether the machine's disk was ever full meanwhile.
    pub(super) disk_full: bool,
    /// Bytes that lay in the job's folders when it began.
    pub(super) used_before: u64,
}

/// Why a job was never started.
#[derive(Debug)]
pub(super) enum Failure {
    Refused { doing: String, errno: i32, of_job: bool },
    NoProgram,
    NotStarted { errno: i32 },
}

/// Everything that is needed to follow one.
pub(super) struct Follower<'a> {
    pub(super) job: &'a Job,
    pub(super) observer: &'a dyn Observer,
    pub(super) cgroup: &'a Cgroup,
    /// Folders whose content the disk limit is about.
    pub(super) writable: &'a [PathBuf],
    pub(super) child: Caged,
    pub(super) link: UnixStream,
}

impl Follower<'_> {
    /// Follows the job until it and everything that it started has ended.
    pub(super) fn follow(mut self) -> io::Result<Seen> {
        let mut logs = [
            Log::new(self.child.out.take(), &self.job.stdout, self.job.limits.log)?,
            Log::new(self.child.err.take(), &self.job.stderr, self.job.limits.log)?,
        ];
        self.link.set_nonblocking(true)?;
        let mut state = State::new(&self);
        while !state.over {
            self.wait(&logs)?;
            self.listen(&mut state)?;
            self.read(&mut logs, &mut state);
            self.watch(&mut state);
            self.enforce(&mut state);
        }
        self.close(&mut logs, &mut state);
        Ok(state.seen)
    }

    /// Sleeps until something is to be read, at most a tick.
    fn wait(&self, logs: &[Log; 2]) -> io::Result<()> {
        let mut fds = vec![PollFd::new(&self.link, PollFlags::IN)];
        fds.extend(
            logs.iter()
                .filter_map(Log::source)
                .map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)),
        );
        let patience = Timespec {
            tv_sec: 0,
            tv_nsec: i64::from(TICK.subsec_nanos()),
        };
        match poll(&mut fds, Some(&patience)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Hears what the sandbox says.
    fn listen(&mut self, state: &mut State) -> io::Result<()> {
        let mut buffer = [0; 16 * 1024];
        loop {
            match self.link.read(&mut buffer) {
                Ok(0) => {
                    state.over = true;
                    return Ok(());
                }
                Ok(read) => state.hear(&buffer[..read]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                // What a peer that was killed leaves behind.
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => state.over = true,
                Err(error) => return Err(error),
            }
            if state.over {
                return Ok(());
            }
        }
    }

    /// Moves what the job wrote into its logs.
    fn read(&self, logs: &mut [Log; 2], state: &mut State) {
        for log in logs {
            match log.read(&self.job.name, self.observer) {
                Ok(true) => {}
                Ok(false) => state.stop(Ending::TooMuchOutput),
                Err(_) => state.stop(Ending::HostDiskFull),
            }
        }
    }

    /// Looks whether a limit was passed.
    fn watch(&self, state: &mut State) {
        if state.seen.stopped.is_some() || state.started.is_none() || state.looked.elapsed() < TICK {
            return;
        }
        state.looked = Instant::now();
        if self.observer.cancelled() {
            state.stop(Ending::Cancelled);
        } else if state.wall() >= self.job.limits.wall {
            state.stop(Ending::TimedOut);
        }
        self.watch_memory(state);
        self.watch_disk(state);
    }

    fn watch_memory(&self, state: &mut State) {
        if self.cgroup.memory_measure().is_some() {
            let now = self.cgroup.memory_now().unwrap_or(0);
            state.seen.peak_memory = state.seen.peak_memory.max(now);
            if self.cgroup.killed_for_memory() > 0 {
                state.stop(Ending::OutOfMemory);
            }
            return;
        }
        if state.measured.elapsed() < state.measuring_took * 5 {
            return;
        }
        let started = Instant::now();
        let all = state.processes();
        let now = processes::memory(&all, self.job.limits.memory);
        (state.measured, state.measuring_took) = (Instant::now(), started.elapsed());
        state.seen.peak_memory = state.seen.peak_memory.max(now);
        if now > self.job.limits.memory {
            state.stop(Ending::OutOfMemory);
        }
    }

    /// Counts all that was written, when the disk says that something may have been.
    fn watch_disk(&self, state: &mut State) {
        let left = self.left();
        state.disk_full |= disk::is_full(self.writable);
        let shrunk = state.left.saturating_sub(left) > self.job.limits.disk / 16;
        // A large tree is walked less often.
        let due = state.walked.elapsed() > (state.walk_took * 10).max(TICK * 4);
        if !(due && (shrunk || state.walked.elapsed() > LONGEST_BETWEEN_WALKS)) {
            return;
        }
        let started = Instant::now();
        let written = self.written(state);
        (state.left, state.walked, state.walk_took) = (left, Instant::now(), started.elapsed());
        if written > self.job.limits.disk {
            state.stop(Ending::TooMuchDisk);
        }
    }

    fn written(&self, state: &State) -> u64 {
        let enough = self.job.limits.disk.saturating_add(state.used_before);
        let used = disk::used(self.writable, enough);
        let deleted = processes::deleted_files(&state.processes());
        let written = used
            .bytes
            .saturating_add(deleted)
            .saturating_sub(state.used_before);
        if used.hidden {
            // What cannot be counted is taken from what the disk has less, whoever wrote that.
            written.max(state.left_before.saturating_sub(self.left()))
        } else {
            written
        }
    }

    fn left(&self) -> u64 {
        self.writable
            .iter()
            .filter_map(|folder| disk::left(folder))
            .min()
            .unwrap_or(u64::MAX)
    }

    /// Ends a job that was stopped: politely where it did nothing wrong, at once where every moment costs.
    fn enforce(&mut self, state: &mut State) {
        let Some(ending) = &state.seen.stopped else {
            self.notice_a_dead_sandbox(state);
            return;
        };
        let polite = matches!(ending, Ending::TimedOut | Ending::Cancelled);
        let since = *state.since.get_or_insert_with(Instant::now);
        if polite && !state.asked {
            state.asked = true;
            drop(wire::say(&self.link, &Order::Terminate));
        }
        if !state.told && (!polite || since.elapsed() >= GRACE) {
            state.told = true;
            drop(wire::say(&self.link, &Order::Kill));
        }
        if since.elapsed() >= GRACE + PATIENCE {
            self.kill_first(state);
        }
        if since.elapsed() >= GRACE + PATIENCE * 2 {
            self.kill(state);
        }
    }

    /// A sandbox that dies without a word leaves its socket open for a moment only; one that stays is killed.
    fn notice_a_dead_sandbox(&mut self, state: &mut State) {
        if state.started.is_none() && state.born.elapsed() > PATIENCE * 3 {
            self.kill(state);
        }
    }

    /// Ends the job's namespace through its first process; the sandbox then ends by itself, once all is over.
    fn kill_first(&self, state: &State) {
        if let Some(first) = state.first {
            // Fails only where it is gone already.
            let _gone = rustix::process::kill_process(first, rustix::process::Signal::KILL);
        }
    }

    fn kill(&mut self, state: &mut State) {
        self.kill_first(state);
        drop(self.child.child.kill());
        state.over = true;
    }

    /// Reads the rest of the logs, reaps the sandbox, and looks a last time.
    fn close(mut self, logs: &mut [Log; 2], state: &mut State) {
        state.seen.wall = state.wall();
        drop(self.child.child.wait());
        let deadline = Instant::now() + PATIENCE;
        while logs.iter().any(|log| log.source().is_some()) && Instant::now() < deadline {
            drop(self.wait(logs));
            self.read(logs, state);
        }
        for log in logs {
            log.file.sync_data().unwrap_or_default();
        }
        if self.cgroup.killed_for_memory() > 0 {
            state.stop(Ending::OutOfMemory);
        }
        state.seen.disk_full = state.disk_full || disk::is_full(self.writable);
        state.seen.used_before = state.used_before;
    }
}

/// Where following a job stands.
struct State {
    seen: Seen,
    over: bool,
    born: Instant,
    started: Option<Instant>,
    first: Option<Pid>,
    root: Option<Pid>,
    words: Vec<u8>,
    looked: Instant,
    measured: Instant,
    measuring_took: Duration,
    walked: Instant,
    walk_took: Duration,
    left: u64,
    left_before: u64,
    used_before: u64,
    disk_full: bool,
    since: Option<Instant>,
    asked: bool,
    told: bool,
}

impl State {
    fn new(follower: &Follower<'_>) -> Self {
        let now = Instant::now();
        let left = follower.left();
        Self {
            seen: Seen::default(),
            over: false,
            born: now,
            started: None,
            first: None,
            root: i32::try_from(follower.child.child.id())
                .ok()
                .and_then(Pid::from_raw),
            words: Vec::new(),
            looked: now,
            measured: now,
            measuring_took: Duration::ZERO,
            walked: now,
            walk_took: Duration::ZERO,
            left,
            left_before: left,
            used_before: disk::used(follower.writable, u64::MAX).bytes,
            disk_full: false,
            since: None,
            asked: false,
            told: false,
        }
    }

    fn wall(&self) -> Duration {
        self.started.map_or(Duration::ZERO, |started| started.elapsed())
    }

    /// All processes of the job and its sandbox.
    fn processes(&self) -> Vec<Pid> {
        self.root.map(processes::descendants).unwrap_or_default()
    }

    /// The first reason counts.
    fn stop(&mut self, ending: Ending) {
        if self.seen.stopped.is_none() {
            self.seen.stopped = Some(ending);
        }
    }

    fn hear(&mut self, bytes: &[u8]) {
        self.words.extend_from_slice(bytes);
        while let Some(end) = self.words.iter().position(|&byte| byte == b'\n') {
            let line: Vec<u8> = self.words.drain(..=end).collect();
            if let Ok(word) = serde_json::from_slice::<Word>(&line) {
                self.understand(word);
            }
        }
    }

    fn understand(&mut self, word: Word) {
        self.seen.attempts.extend(word.attempt());
        match word {
            Word::First(pid) => self.first = Pid::from_raw(pid),
            Word::Started { measures } => {
                self.started = Some(Instant::now());
                self.seen.measures = Some(measures);
            }
            Word::Ended {
                code,
                signal,
                cpu,
                largest,
            } => {
                self.seen.ended = Some((code, signal));
                self.seen.cpu = cpu;
                self.seen.peak_memory = self.seen.peak_memory.max(largest);
            }
            Word::Refused { doing, errno, of_job } => {
                self.seen.failure = Some(Failure::Refused { doing, errno, of_job });
            }
            Word::NoProgram => self.seen.failure = Some(Failure::NoProgram),
            Word::NotStarted { errno } => self.seen.failure = Some(Failure::NotStarted { errno }),
            Word::Tried { .. } => {}
        }
    }
}

/// One output of a job, on its way to a file.
struct Log {
    source: Option<PipeReader>,
    file: File,
    left: u64,
}

impl Log {
    fn new(source: Option<PipeReader>, path: &Path, cap: u64) -> io::Result<Self> {
        Ok(Self {
            source,
            file: File::create(path)?,
            left: cap,
        })
    }

    fn source(&self) -> Option<std::os::fd::BorrowedFd<'_>> {
        self.source.as_ref().map(AsFd::as_fd)
    }

    /// Moves what is there, without waiting for more; `false` when it is more than may be.
    fn read(&mut self, name: &str, observer: &dyn Observer) -> io::Result<bool> {
        let mut buffer = [0; 64 * 1024];
        for _ in 0..16 {
            let Some(source) = &mut self.source else { break };
            if !is_ready(&*source)? {
                break;
            }
            let read = source.read(&mut buffer)?;
            if read == 0 {
                self.source = None;
                break;
            }
            let kept = usize::try_from(self.left).unwrap_or(usize::MAX).min(read);
            self.left -= kept as u64;
            if kept > 0 {
                observer.event(Event::Output {
                    step: name,
                    bytes: &buffer[..kept],
                });
                self.file.write_all(&buffer[..kept])?;
            }
            if kept < read {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
