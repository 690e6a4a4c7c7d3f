//! Git's protocol through the user's own `ssh`, with its keys, agents and host files.
//!
//! What is run on this machine is the user's program and nothing else: the
//! host, the user and the path of an address are arguments, never part of a
//! command line that a shell here reads.

use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use git2::transport::{Service, SmartSubtransport, SmartSubtransportStream};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::{Session, TransportError, failed, lock};
use crate::acquire::git::address::Ssh;

/// How much of what ssh says is kept, in bytes.
const SAID: usize = 4096;

/// One repository behind ssh.
pub(super) struct SmartSsh {
    session: Arc<Session>,
    address: Ssh,
}

impl SmartSsh {
    pub(super) fn new(session: Arc<Session>, address: Ssh) -> Self {
        Self { session, address }
    }

    fn command(&self) -> (String, Command) {
        let own = self.session.ssh.as_deref();
        let configured = own.or_else(|| self.session.configuration.last("core.sshcommand"));
        let mut command = match configured {
            // As git does it: the shell reads the user's words, and ours come as arguments.
            Some(words) => {
                let mut command = Command::new("sh");
                command.args(["-c", &format!("{words} \"$@\""), words]);
                command
            }
            None => Command::new("ssh"),
        };
        command.args(arguments(&self.address));
        command.env_remove("GIT_DIR").env_remove("GIT_PROTOCOL");
        (configured.unwrap_or("ssh").to_owned(), command)
    }

    fn start(&self) -> Result<Stream, TransportError> {
        if self.session.network.offline {
            return Err(TransportError::Offline {
                address: self.session.address.clone(),
            });
        }
        let (program, mut command) = self.command();
        let pipes = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let no_ssh = |cause| TransportError::NoSsh {
            program: program.clone(),
            cause,
        };
        let mut child = pipes.spawn().map_err(no_ssh)?;
        let missing = || no_ssh(io::Error::other("it has no pipes"));
        let input = child.stdin.take().ok_or_else(missing)?;
        let output = child.stdout.take().ok_or_else(missing)?;
        let complaints = child.stderr.take().ok_or_else(missing)?;
        let said = thread::spawn(move || listen(complaints));
        let child = Arc::new(Mutex::new(child));
        let stopped = child.clone();
        self.session.on_stop(move || {
            let _ = lock(&stopped).kill();
        });
        Ok(Stream {
            session: self.session.clone(),
            host: self.address.host.clone(),
            child,
            input: Some(input),
            output,
            said: Some(said),
        })
    }
}

/// Options first, then where to, then what to run there.
fn arguments(address: &Ssh) -> Vec<String> {
    let mut arguments: Vec<String> = ["-o", "BatchMode=yes", "-o", "ConnectTimeout=20"]
        .map(str::to_owned)
        .into();
    if let Some(port) = address.port {
        arguments.extend(["-p".to_owned(), port.to_string()]);
    }
    arguments.push(address.target());
    arguments.push(format!("git-upload-pack {}", quoted(&address.path)));
    arguments
}

/// As git quotes for the shell on the other side.
fn quoted(path: &str) -> String {
    format!("'{}'", path.replace('\'', r"'\''").replace('!', r"'\!'"))
}

/// The end of what ssh complains about.
fn listen(mut complaints: impl Read) -> String {
    let mut kept = Vec::new();
    let mut buffer = [0; 1024];
    while let Ok(read @ 1..) = complaints.read(&mut buffer) {
        kept.extend_from_slice(&buffer[..read]);
        let surplus = kept.len().saturating_sub(SAID);
        kept.drain(..surplus);
    }
    let text = String::from_utf8_lossy(&kept);
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let plain = lines.collect::<Vec<_>>().join("; ");
    plain
        .chars()
        .filter(|character| !character.is_control())
        .collect()
}

impl SmartSubtransport for SmartSsh {
    fn action(&self, _: &str, service: Service) -> Result<Box<dyn SmartSubtransportStream>, git2::Error> {
        match service {
            Service::UploadPackLs | Service::UploadPack => match self.start() {
                Ok(stream) => Ok(Box::new(stream)),
                Err(failure) => {
                    self.session.fail(failure);
                    Err(failed())
                }
            },
            Service::ReceivePackLs | Service::ReceivePack => Err(failed()),
        }
    }

    fn close(&self) -> Result<(), git2::Error> {
        Ok(())
    }
}

/// A running ssh. Dropping it ends it.
struct Stream {
    session: Arc<Session>,
    host: String,
    child: Arc<Mutex<Child>>,
    input: Option<ChildStdin>,
    output: ChildStdout,
    said: Option<JoinHandle<String>>,
}

impl Stream {
    /// Waits until there is something to read or the end, and not for longer than silence is borne.
    fn await_output(&self) -> io::Result<()> {
        let limit = Instant::now() + self.session.silence;
        loop {
            let left = limit.saturating_duration_since(Instant::now());
            let time = Timespec {
                tv_sec: left.as_secs().cast_signed(),
                tv_nsec: left.subsec_nanos().into(),
            };
            let mut polled = [PollFd::from_borrowed_fd(self.output.as_fd(), PollFlags::IN)];
            match poll(&mut polled, Some(&time)) {
                Ok(0) => {
                    let (host, seconds) = (self.host.clone(), self.session.silence.as_secs());
                    self.session.fail(TransportError::Silent { host, seconds });
                    return Err(io::Error::other("silence"));
                }
                Ok(_) => return Ok(()),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Notes why the other side has nothing more to say, in case more was expected.
    fn ended(&mut self) {
        let Some(said) = self.said.take() else { return };
        self.input = None;
        let status = self.wait();
        let said = said.join().unwrap_or_default();
        self.session.fail(self.failure(status, said));
    }

    /// Waits a little for ssh to end by itself.
    fn wait(&self) -> Option<ExitStatus> {
        for _ in 0..50 {
            if let Ok(Some(status)) = lock(&self.child).try_wait() {
                return Some(status);
            }
            thread::sleep(Duration::from_millis(20));
        }
        let mut child = lock(&self.child);
        let _ = child.kill();
        child.wait().ok()
    }

    /// 255 is ssh's own failure, anything else that of the program on the other side.
    fn failure(&self, status: Option<ExitStatus>, said: String) -> TransportError {
        let (address, host) = (self.session.address.clone(), self.host.clone());
        let why = if said.is_empty() {
            "it ended without a word".to_owned()
        } else {
            said
        };
        match status.and_then(|status| status.code()) {
            Some(0) => TransportError::Broken {
                host,
                why: "it ended too early".to_owned(),
            },
            Some(255) if why.contains("Permission denied") => {
                TransportError::Authentication { address, answer: why }
            }
            // 127: the shell found no such program; above 128: a shell's way to tell of a signal.
            Some(127 | 129..=191 | 255) | None => TransportError::Ssh { host, why },
            Some(_) => TransportError::Gone { address, answer: why },
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.await_output()?;
        let read = self.output.read(buffer)?;
        if read == 0 && !buffer.is_empty() {
            self.ended();
        }
        Ok(read)
    }
}

impl Write for Stream {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        match &mut self.input {
            Some(input) => input.write(buffer),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.input = None;
        let mut child = lock(&self.child);
        let _ = child.kill();
        let _ = child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_is_one_word_for_the_shell_on_the_other_side() {
        assert_eq!(quoted("a b"), "'a b'");
        assert_eq!(quoted("a';id;'!"), r"'a'\'';id;'\'''\!''");
    }

    #[test]
    fn options_come_before_the_host() {
        let address = Ssh {
            user: Some("git".into()),
            host: "example.org".into(),
            port: Some(22),
            path: "/x".into(),
        };
        assert_eq!(
            arguments(&address)[4..],
            ["-p", "22", "git@example.org", "git-upload-pack '/x'"]
        );
    }
}
