//! Schemes that are known and not built yet, so that a manifest which uses one is told so.

use super::{AcquireError, Arrived, Part, Request, Source};
use crate::observe::Observer;

/// A scheme that is not built yet.
#[derive(Debug)]
pub(super) struct Later {
    pub(super) scheme: &'static str,
}

impl Source for Later {
    fn scheme(&self) -> &'static str {
        self.scheme
    }

    fn fetch(&self, request: &Request<'_>, _: &mut Part, _: &dyn Observer) -> Result<Arrived, AcquireError> {
        Err(AcquireError::NotSupported {
            input: request.input.name.clone(),
            scheme: self.scheme,
        })
    }
}
