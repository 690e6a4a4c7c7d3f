//! The command line of reproof.

fn main() {
    if std::env::args_os()
        .nth(1)
        .is_some_and(|argument| argument == reproof::execute::sandbox::ARGUMENT)
    {
        reproof::execute::sandbox::main();
    }
}
