//! The command line of reproof.

fn main() {}
