//! Where things are for a step, and what `{data:ID}` and its like stand for.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The working copy of the code, inside the sandbox.
pub(super) const CODE: &str = "/w/code";

/// The output folder, inside the sandbox.
pub(super) const OUT: &str = "/w/out";

/// The names and places of one run of a step.
#[derive(Clone, Debug)]
pub(super) struct Template {
    values: BTreeMap<String, OsString>,
}

impl Template {
    /// For a run with this seed.
    pub(super) fn new(seed: Option<u64>) -> Self {
        let mut values = BTreeMap::from([("out".to_owned(), OsString::from(OUT))]);
        values.extend(seed.map(|seed| ("seed".to_owned(), seed.to_string().into())));
        Self { values }
    }

    /// Makes `{kind:id}` stand for where it is seen, and says where that is.
    pub(super) fn show(&mut self, kind: &str, id: &str) -> PathBuf {
        let folder = match kind {
            "file" => "files",
            "checkpoint" => "checkpoints",
            _ => "data",
        };
        let place = Path::new("/w").join(folder).join(id);
        self.values.insert(format!("{kind}:{id}"), place.clone().into());
        place
    }

    /// `word` with its placeholders replaced; `{{` and `}}` are literal braces. What is not known stays as
    /// it is: the manifest was validated.
    pub(super) fn fill(&self, word: &str) -> OsString {
        let mut filled = OsString::new();
        let mut rest = word;
        while let Some(open) = rest.find(['{', '}']) {
            filled.push(&rest[..open]);
            let tail = &rest[open..];
            if tail.starts_with("{{") || tail.starts_with("}}") {
                filled.push(&tail[..1]);
                rest = &tail[2..];
                continue;
            }
            let value = tail
                .find('}')
                .and_then(|close| Some((close, self.values.get(tail.get(1..close)?)?)));
            match value {
                Some((close, value)) => {
                    filled.push(value);
                    rest = &tail[close + 1..];
                }
                None => {
                    filled.push(&tail[..1]);
                    rest = &tail[1..];
                }
            }
        }
        filled.push(rest);
        filled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_stand_for_where_things_are_seen() {
        let mut template = Template::new(Some(3));
        template.show("data", "cora");
        let fill = |word: &str| template.fill(word).into_string().expect("text");
        assert_eq!(fill("--seed={seed}"), "--seed=3");
        assert_eq!(fill("{data:cora}/x"), "/w/data/cora/x");
        assert_eq!(fill("{out}"), "/w/out");
        assert_eq!(fill("{{seed}} {unknown} }{"), "{seed} {unknown} }{");
    }
}
