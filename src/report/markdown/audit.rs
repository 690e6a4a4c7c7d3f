//! The claims by arithmetic alone: only where there is something to say.

use crate::audit::{Audit, Finding};
use crate::report::escape::{code, prose};
use crate::report::words::{sentence, sentence_of_set};

/// The section, or nothing where no claim is impossible and no matrix was found.
pub(super) fn section(audit: &Audit) -> String {
    let impossible = audit.claims.iter().filter(|claim| !claim.possible);
    let mut lines: Vec<String> = impossible
        .map(|claim| {
            let why = claim.reason.as_deref().unwrap_or_default();
            format!("{} is **impossible**: {}", code(&claim.id), prose(why))
        })
        .collect();
    let found = audit
        .sets
        .iter()
        .filter(|set| matches!(set.finding, Finding::Fits(Some(_)) | Finding::Contradicts { .. }));
    lines.extend(
        found
            .filter_map(sentence_of_set)
            .map(|text| prose(&sentence(&text))),
    );
    if lines.is_empty() {
        return String::new();
    }
    let items: String = lines.iter().map(|line| format!("- {line}\n")).collect();
    format!("## Audit of the claims\n\nBy arithmetic alone, before anything was run:\n\n{items}")
}
