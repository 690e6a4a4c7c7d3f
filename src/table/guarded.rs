//! Libraries that may panic on a hostile file.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    /// Whether a panic of this thread is awaited.
    static AWAITED: Cell<bool> = const { Cell::new(false) };
}

/// What `work` comes to, or the message of its panic, which nobody else gets to see.
///
/// A panic on another thread than the caller's is none of it.
pub(super) fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    silence_awaited_panics();
    let before = AWAITED.replace(true);
    let ended = catch_unwind(AssertUnwindSafe(work));
    AWAITED.set(before);
    ended.map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        text.unwrap_or("it does not say why").to_owned()
    })
}

/// Panics print a message before they unwind, whoever catches them: the hook that does is made to ask first.
fn silence_awaited_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let others = take_hook();
        set_hook(Box::new(move |panic| {
            if !AWAITED.get() {
                others(panic);
            }
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_its_message() {
        assert_eq!(guarded(|| 1 + 1), Ok(2));
        assert_eq!(guarded(|| panic!("no {}", 7)), Err::<(), _>("no 7".to_owned()));
        assert_eq!(guarded(|| panic!("plain")), Err::<(), _>("plain".to_owned()));
        assert!(!AWAITED.get());
    }
}
