//! The calls that the compiler cannot check, each with the reason why it is sound.
//!
//! Nothing else in the crate uses `unsafe` for processes. What is here is small
//! enough to be read in one sitting.
#![expect(
    unsafe_code,
    reason = "fork, prctl and pre_exec have no safe form; every block says why it is sound"
)]

use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// Makes the program that `command` starts end with the *thread* that starts it, and gives it its own process group.
///
/// The thread has to stay until the program has ended.
pub(crate) fn end_with_this_thread(command: &mut Command) {
    let parent = rustix::process::getpid();
    command.process_group(0);
    // SAFETY: between fork and exec only async-signal-safe calls are made: two system calls, no allocation.
    unsafe {
        command.pre_exec(move || {
            rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
            // The parent may have died before the line above.
            if rustix::process::getppid() == Some(parent) {
                Ok(())
            } else {
                Err(io::ErrorKind::BrokenPipe.into())
            }
        });
    }
}
