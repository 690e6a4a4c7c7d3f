//! The command line of reproof.

mod cli;

use std::process::ExitCode;

use reproof::execute::sandbox;

fn main() -> ExitCode {
    // Started again by ourselves, as the inner program of a sandbox: before anything else is looked at.
    if std::env::args_os()
        .nth(1)
        .is_some_and(|argument| argument == sandbox::ARGUMENT)
    {
        sandbox::main();
    }
    cli::main()
}
