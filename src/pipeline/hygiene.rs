//! The data itself, before a number on it is believed: what the splits share, and what gives the label away.

use super::gather::Acquired;
use super::pictured;
use super::second_look::Leaked;
use crate::judge::evidence::Hygiene;
use crate::manifest::{Data, Manifest, Role};
use crate::measure::Truth;
use crate::observe::Observer;
use crate::profile::{PictureFiles, Profile, Roles, Unit, profile, profile_pictures};
use crate::reason::Unmeasured;
use crate::report::DataProfile;
use crate::table::TableFile;

/// More pairs of a training and a test split than this are not compared.
const MOST_PAIRS: usize = 6;

/// What was found in the data.
#[derive(Default)]
pub(super) struct Examined {
    pub(super) profiles: Vec<DataProfile>,
    pub(super) leaked: Leaked,
}

/// Profiles every test split against every training split where both are there as tables, or both as pictures.
pub(super) fn examine(manifest: &Manifest, acquired: &Acquired, observer: &dyn Observer) -> Examined {
    let mut examined = Examined::default();
    for (train, test) in pairs(manifest).into_iter().take(MOST_PAIRS) {
        let Some(profile) = compared(train, test, acquired, observer) else {
            continue;
        };
        if let Ok(found) = &profile {
            examined.note_leaks(manifest, acquired, test, found);
        }
        examined.profiles.push(DataProfile {
            train: train.id.clone(),
            test: test.id.clone(),
            profile,
        });
    }
    examined
}

/// Which test split belongs to which training split: those of the same name but for the split, else all.
fn pairs(manifest: &Manifest) -> Vec<(&Data, &Data)> {
    let of = |role: Role| manifest.data.iter().filter(move |data| data.role == role);
    let belong = |test: &Data| {
        let same: Vec<&Data> = of(Role::Train)
            .filter(|train| stem(&train.id) == stem(&test.id))
            .collect();
        if same.is_empty() {
            of(Role::Train).collect()
        } else {
            same
        }
    };
    let pairs = of(Role::Test).flat_map(|test| belong(test).into_iter().map(move |train| (train, test)));
    pairs.collect()
}

/// `arrowhead` for `ArrowHead-train` and `ArrowHead_TEST`.
fn stem(id: &str) -> String {
    let id = id.to_lowercase();
    let words = id.split(|c: char| !c.is_alphanumeric());
    let split = |word: &&str| !["train", "training", "test", "testing"].contains(word);
    words.filter(split).collect::<Vec<_>>().join("-")
}

/// What a data set is.
enum Content {
    Table(TableFile),
    Pictures(PictureFiles),
}

/// `None` where a data set is not there, or is neither a table nor pictures, or the two are not the same.
fn compared(
    train: &Data,
    test: &Data,
    acquired: &Acquired,
    observer: &dyn Observer,
) -> Option<Result<Profile, Unmeasured>> {
    match (content(train, acquired)?, content(test, acquired)?) {
        (Content::Table(first), Content::Table(second)) => {
            Some(profile(&first, Some(&second), &roles(train, test), observer))
        }
        (Content::Pictures(first), Content::Pictures(second)) => {
            Some(profile_pictures(&first, Some(&second), observer))
        }
        (Content::Table(_), Content::Pictures(_)) | (Content::Pictures(_), Content::Table(_)) => None,
    }
}

fn content(data: &Data, acquired: &Acquired) -> Option<Content> {
    let present = acquired.data.get(&data.id)?.as_ref().ok()?;
    let pictures = PictureFiles {
        path: present.path.clone(),
        name: data.id.clone(),
    };
    // A declared format is that of a table.
    if data.format.is_none() && pictures.has_pictures() {
        return Some(Content::Pictures(pictures));
    }
    Some(Content::Table(labels(data, acquired)?.table().ok()?))
}

fn labels(data: &Data, acquired: &Acquired) -> Option<Truth> {
    let present = acquired.data.get(&data.id)?.as_ref().ok()?;
    Some(Truth::new(data, &present.path))
}

fn roles(train: &Data, test: &Data) -> Roles {
    let either = |of: fn(&Data) -> &Option<String>| of(test).clone().or_else(|| of(train).clone());
    Roles {
        target: either(|data| &data.target),
        id: either(|data| &data.id_column),
        group: either(|data| &data.group_column),
        time: either(|data| &data.time_column),
        ignore: Vec::new(),
    }
}

impl Examined {
    fn note_leaks(&mut self, manifest: &Manifest, acquired: &Acquired, test: &Data, profile: &Profile) {
        let Some(shared) = profile.overlap.as_ref().filter(|shared| shared.leaked > 0) else {
            return;
        };
        for data in labels_of(manifest, test) {
            let leaked = match profile.unit {
                // Other files need not have the same order where they have ids.
                Unit::Row if data.id != test.id && data.id_column.is_some() => continue,
                Unit::Row => shared.rows.iter().collect(),
                Unit::Picture => labels(data, acquired)
                    .and_then(|truth| pictured::leaked_rows(&truth, shared))
                    .unwrap_or_default(),
            };
            let rows = self.leaked.entry(data.id.clone()).or_default();
            rows.extend(leaked);
            rows.sort_unstable();
            rows.dedup();
        }
    }

    /// What the judge looks at; `None` where nothing was examined.
    pub(super) fn hygiene(&self) -> Option<Hygiene> {
        let mut hygiene = Hygiene::default();
        for DataProfile { train, test, profile } in &self.profiles {
            let Ok(profile) = profile else { continue };
            let between = format!("`{test}` against `{train}`");
            if let Some(shared) = &profile.overlap {
                let sentence = format!("{between}: {}", shared.sentence(profile.unit));
                let side = if shared.leaks() {
                    &mut hygiene.problems
                } else {
                    &mut hygiene.examined
                };
                side.push(sentence);
                let grouped = shared.group.filter(|count| *count > 0);
                hygiene.problems.extend(grouped.map(|count| {
                    format!("{between}: {count} test rows belong to a group of the training data")
                }));
            }
            let copies = [
                (train, &profile.duplicates.train),
                (test, &profile.duplicates.test),
            ];
            for (id, rows) in copies
                .into_iter()
                .filter_map(|(id, rows)| Some((id, rows.as_ref()?)))
            {
                let side = if rows.blown_up() {
                    &mut hygiene.problems
                } else {
                    &mut hygiene.examined
                };
                side.push(format!("`{id}`: {}", rows.sentence(profile.unit)));
            }
            let leaks = profile.leakage.iter().filter(|leak| leak.code != "id-leak");
            hygiene.problems.extend(leaks.map(|leak| {
                format!(
                    "`{train}`: column `{}` alone gives the label away ({})",
                    leak.column, leak.code
                )
            }));
        }
        hygiene.problems.dedup();
        hygiene.examined.dedup();
        let anything = hygiene.problems.len() + hygiene.examined.len() > 0;
        anything.then_some(hygiene)
    }
}

/// The data sets whose examples are those of `test`: itself, and the labels beside a single test split.
fn labels_of<'a>(manifest: &'a Manifest, test: &'a Data) -> Vec<&'a Data> {
    let alone = manifest
        .data
        .iter()
        .filter(|data| data.role == Role::Test)
        .count()
        == 1;
    let labels = manifest
        .data
        .iter()
        .filter(|data| alone && data.role == Role::Labels);
    [test].into_iter().chain(labels).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_are_known_by_their_names() {
        assert_eq!(stem("ArrowHead-train"), "arrowhead");
        assert_eq!(stem("ArrowHead_TEST"), "arrowhead");
        assert_eq!(stem("train"), stem("test"));
        assert_ne!(stem("GunPoint-train"), stem("ArrowHead-test"));
        assert_ne!(stem("contest-train"), stem("con-test"));
    }
}
