//! What is worked out once of some predictions.

use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::reason::Unmeasured;

/// Values by name, each worked out when it is first asked for.
///
/// A copy of the predictions shares them: only what no `with_…` changes may be kept here.
#[derive(Clone, Debug, Default)]
pub(super) struct Memo(Arc<Mutex<HashMap<String, Arc<dyn Any + Send + Sync>>>>);

impl Memo {
    /// The value called `name`, which always has the same type.
    ///
    /// # Errors
    ///
    /// Those of `make`; they are not kept.
    pub(super) fn once<T: Any + Send + Sync>(
        &self,
        name: &str,
        make: impl FnOnce() -> Result<T, Unmeasured>,
    ) -> Result<Arc<T>, Unmeasured> {
        let known = self.lock().get(name).cloned();
        if let Some(value) = known.and_then(|value| value.downcast().ok()) {
            return Ok(value);
        }
        // Not under the lock: two threads may both do the work, but none waits for a panic.
        let value = Arc::new(make()?);
        let shared: Arc<dyn Any + Send + Sync> = value.clone();
        self.lock().insert(name.to_owned(), shared);
        Ok(value)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<dyn Any + Send + Sync>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
