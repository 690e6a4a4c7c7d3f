//! Where things are for a step, and what `{data:ID}` and its like stand for.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The names and places of one run of a step.
#[derive(Clone, Debug)]
pub(super) struct Template {
    /// `None` where mounts cannot be shown: then everything keeps its place on the machine.
    inside: Option<PathBuf>,
    folder: PathBuf,
    values: BTreeMap<String, OsString>,
}

impl Template {
    /// For a run whose files lie in `folder`.
    pub(super) fn new(shows_mounts: bool, folder: &Path, seed: Option<u64>) -> Self {
        let mut template = Self {
            inside: shows_mounts.then(|| PathBuf::from("/w")),
            folder: folder.to_owned(),
            values: BTreeMap::new(),
        };
        if let Some(seed) = seed {
            template.values.insert("seed".to_owned(), seed.to_string().into());
        }
        template.values.insert("out".to_owned(), template.out().into());
        template
    }

    /// The working copy of the code.
    pub(super) fn code(&self) -> PathBuf {
        self.inside.as_ref().map_or_else(|| self.folder.join("work"), |root| root.join("code"))
    }

    /// The output folder.
    pub(super) fn out(&self) -> PathBuf {
        self.inside.as_ref().map_or_else(|| self.folder.join("out"), |root| root.join("out"))
    }

    /// Makes `{kind:id}` stand for where `host` is seen, and says where that is.
    pub(super) fn show(&mut self, kind: &str, id: &str, host: &Path) -> PathBuf {
        let folder = match kind {
            "file" => "files",
            "checkpoint" => "checkpoints",
            _ => "data",
        };
        let place = self.inside.as_ref().map_or_else(|| host.to_owned(), |root| root.join(folder).join(id));
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
            let value = tail.find('}').and_then(|close| Some((close, self.values.get(tail.get(1..close)?)?)));
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
        let mut inside = Template::new(true, Path::new("/run/steps/train"), Some(3));
        inside.show("data", "cora", Path::new("/cache/blob"));
        let fill = |word: &str| inside.fill(word).into_string().expect("text");
        assert_eq!(fill("--seed={seed}"), "--seed=3");
        assert_eq!(fill("{data:cora}/x"), "/w/data/cora/x");
        assert_eq!(fill("{out}"), "/w/out");
        assert_eq!(fill("{{seed}} {unknown} }{"), "{seed} {unknown} }{");

        let mut outside = Template::new(false, Path::new("/run/steps/train"), None);
        outside.show("data", "cora", Path::new("/cache/blob"));
        assert_eq!(outside.fill("{data:cora} {out}"), "/cache/blob /run/steps/train/out");
    }
}
