//! What two sets of pictures share: the answer for tables, with pictures for rows.

use super::finding::findings;
use super::overlap::{AlikeImages, ImageOverlap, PictureFiles, Pictures, overlap_images, pictures};
use super::shared::EXAMPLES;
use super::{DuplicateFiles, DuplicateRows, Example, FileSummary, Profile, Roles, SharedRows, Spot, Unit};
use crate::observe::Observer;
use crate::reason::Unmeasured;
use crate::table::shown;

/// Looks for equal pictures in `train`, and for pictures of `test` that are also in `train`.
///
/// The profile has no columns. Of pictures nothing else is told: neither their labels nor how
/// the sets differ.
///
/// # Errors
///
/// As for [`overlap_images`].
pub fn profile_pictures(
    train: &PictureFiles,
    test: Option<&PictureFiles>,
    observer: &dyn Observer,
) -> Result<Profile, Unmeasured> {
    let mut profile = Profile::new(Unit::Picture, Vec::new());
    match test {
        Some(test) => {
            let found = overlap_images(train, test, EXAMPLES, observer)?;
            profile.files = vec![
                summary("train", train, &found.train),
                summary("test", test, &found.test),
            ];
            profile.duplicates = DuplicateFiles {
                train: Some(DuplicateRows::from(&found.train)),
                test: Some(DuplicateRows::from(&found.test)),
            };
            profile.overlap = Some(SharedRows::from(&found));
        }
        None => {
            let found = pictures(train, observer)?;
            profile.files = vec![summary("train", train, &found)];
            profile.duplicates.train = Some(DuplicateRows::from(&found));
        }
    }
    profile.findings = findings(&profile, &Roles::default());
    Ok(profile)
}

fn summary(split: &'static str, files: &PictureFiles, found: &Pictures) -> FileSummary {
    FileSummary {
        split,
        name: files.name.clone(),
        rows: found.names.len() as u64,
        columns: 0,
        sample: None,
    }
}

impl From<&Pictures> for DuplicateRows {
    fn from(found: &Pictures) -> Self {
        let mut groups: Vec<&Vec<u32>> = found.repeated.iter().collect();
        groups.sort_by_key(|group| std::cmp::Reverse(group.len()));
        let size = |group: &&Vec<u32>| group.len() as u64;
        let extra: u64 = groups.iter().map(|group| size(group) - 1).sum();
        let rows = found.names.len() as u64;
        let name = |row: &u32| found.names.get(*row as usize).cloned().map(Spot::Name);
        let few = |group: &&Vec<u32>| group.iter().take(EXAMPLES).filter_map(name).collect();
        Self {
            rows,
            groups: groups.len() as u64,
            extra,
            share: extra as f64 / rows.max(1) as f64,
            // Pictures of one colour are not in these groups.
            copies: extra,
            largest: groups.first().map_or(0, size),
            contradicting: None,
            examples: groups.iter().take(EXAMPLES).map(few).collect(),
        }
    }
}

impl From<&ImageOverlap> for SharedRows {
    fn from(found: &ImageOverlap) -> Self {
        let rows = found.leaked();
        let (leaked, test_rows) = (rows.len(), found.test.names.len() as u64);
        let exact = examples("exact", &found.equal);
        let notes = [("train", &found.train), ("test", &found.test)];
        Self {
            train_rows: found.train.names.len() as u64,
            test_rows,
            exact: found.equal.leaked.len() + found.equal.common.len(),
            exact_by_chance: found.equal.common.len(),
            near: found.near.leaked.len(),
            near_by_chance: found.near.common.len(),
            contradicting: None,
            id: None,
            group: None,
            early: None,
            leaked,
            leaked_share: leaked as f64 / test_rows.max(1) as f64,
            examples: exact.chain(examples("near", &found.near)).collect(),
            notes: notes.into_iter().filter_map(unreadable).collect(),
            rows,
            pictures: found.test.names.clone(),
        }
    }
}

fn examples(kind: &'static str, alike: &AlikeImages) -> impl Iterator<Item = Example> {
    alike.examples.iter().map(move |(train, test)| Example {
        kind,
        train: Spot::Name(train.clone()),
        test: Spot::Name(test.clone()),
    })
}

/// `2 pictures of the test split cannot be read, such as `a.png`: …`.
fn unreadable((split, pictures): (&str, &Pictures)) -> Option<String> {
    let (name, why) = pictures.unreadable.first()?;
    let which = match pictures.unreadable.len() {
        1 => format!("a picture of the {split} split cannot be read: `{}`", shown(name)),
        count => format!(
            "{count} pictures of the {split} split cannot be read, such as `{}`",
            shown(name)
        ),
    };
    Some(format!("{which} ({})", shown(why)))
}
