//! The built-in sandbox: one conformance suite, and hostile programs that must not get their way.
//!
//! Everything here is done by real programs in the real sandbox. As root the
//! whole suite runs a second time as an ordinary user.

mod bench;
mod conformance;
mod honest;
mod hostile;
mod user;
