//! Pictures of the test split that are also in the train split, perhaps in another size, format or brightness.
//!
//! A hash of the lowest frequencies says which may look the same; the pictures
//! themselves, at 32 × 32 grey pixels, say which do. Pictures of one colour prove nothing.

mod look;
mod source;
#[cfg(test)]
mod tests;

use rayon::prelude::*;

use self::look::Look;
pub use self::source::PictureFiles;
use super::RowSet;
use super::canon::Key;
use super::exact::share;
use super::near::{CONTROL, is_beyond};
use crate::error::Fault;
use crate::observe::{Event, Observer};
use crate::reason::{Reason, Unmeasured, invalid};
use crate::table::shown;

/// Bits of the hashes that may differ.
const BITS: u32 = 7;

/// The least correlation of pictures that look the same.
const CORRELATION: f32 = 0.98;

/// Encoded pictures that are held at a time.
const BATCH: usize = 64 << 20;

/// The pictures of a split.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pictures {
    /// Those that were compared, by their path in the folder or archive.
    pub names: Vec<String>,
    /// Those that could not be decoded, and why.
    pub unreadable: Vec<(String, String)>,
    /// Groups of pictures that are equal pixel by pixel and not of one colour, as places in `names`.
    pub repeated: Vec<Vec<u32>>,
}

/// Test pictures that look like a train picture.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Alike {
    /// Those for which chance is no explanation, as places in [`Pictures::names`].
    pub leaked: RowSet,
    /// Those that chance may explain.
    pub common: RowSet,
    /// How many are expected, to judge from how often train pictures look like each other.
    pub expected: f64,
    /// The first few that leaked: a train picture and a test picture.
    pub examples: Vec<(String, String)>,
}

/// What two sets of pictures have in common.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImageOverlap {
    /// The pictures of the train split.
    pub train: Pictures,
    /// The pictures of the test split.
    pub test: Pictures,
    /// Pictures that are equal pixel by pixel.
    pub equal: Alike,
    /// Others that look the same.
    pub near: Alike,
}

impl ImageOverlap {
    /// The test pictures that are in the train split too, as places in [`Pictures::names`].
    pub fn leaked(&self) -> RowSet {
        let mut all = self.equal.leaked.clone();
        all.extend(&self.near.leaked);
        all
    }
}

/// Compares the pictures (PNG, JPEG, GIF, BMP) of two folders, zip or tar files.
///
/// A picture that is broken, larger than 64 MiB or of more than 64 million pixels is listed as
/// unreadable. Of each picture about a kilobyte is kept.
///
/// # Errors
///
/// When a folder or archive cannot be read or has no picture that can; when the observer asks to stop.
pub fn overlap_images(
    train: &PictureFiles,
    test: &PictureFiles,
    examples: usize,
    observer: &dyn Observer,
) -> Result<ImageOverlap, Unmeasured> {
    let key = Key::random();
    let (train, here) = read(train, &key, observer)?;
    let (test, there) = read(test, &key, observer)?;
    let (equal, rest) = equal(&here, &there);
    let near = near(&here, &there, &rest);
    let named = |hits: Vec<(u32, u32)>, expected: f64, sure: &dyn Fn(u32) -> bool| {
        let rows = |leaked| {
            hits.iter()
                .map(|(_, row)| *row)
                .filter(|row| sure(*row) == leaked)
                .map(u64::from)
                .collect()
        };
        let names = |(a, b): &(u32, u32)| (train.names[*a as usize].clone(), test.names[*b as usize].clone());
        let first = hits.iter().filter(|(_, row)| sure(*row));
        Alike {
            leaked: rows(true),
            common: rows(false),
            expected,
            examples: first.take(examples).map(names).collect(),
        }
    };
    let equal = named(equal, 0.0, &|row| !there[row as usize].plain);
    let beyond = is_beyond(near.expected, near.hits.len());
    let near = named(near.hits, near.expected, &|_| beyond);
    Ok(ImageOverlap {
        train,
        test,
        equal,
        near,
    })
}

/// Looks at the pictures of a folder or archive, by the rules of [`overlap_images`].
///
/// # Errors
///
/// As for [`overlap_images`].
pub fn pictures(files: &PictureFiles, observer: &dyn Observer) -> Result<Pictures, Unmeasured> {
    Ok(read(files, &Key::random(), observer)?.0)
}

/// Reads all pictures, on all cores.
fn read(
    files: &PictureFiles,
    key: &Key,
    observer: &dyn Observer,
) -> Result<(Pictures, Vec<Look>), Unmeasured> {
    let what = format!("reading the pictures of {}", shown(&files.name));
    observer.event(Event::Began(&what));
    let found = read_all(files, &what, key, observer);
    let how = match &found {
        Ok((pictures, _)) => format!("{} pictures", pictures.names.len()),
        Err(_) => "failed".to_owned(),
    };
    observer.event(Event::Ended {
        what: &what,
        how: &how,
    });
    found
}

fn read_all(
    files: &PictureFiles,
    what: &str,
    key: &Key,
    observer: &dyn Observer,
) -> Result<(Pictures, Vec<Look>), Unmeasured> {
    let (mut pictures, mut looks) = (Pictures::default(), Vec::new());
    let (mut batch, mut bytes) = (Vec::new(), 0);
    let mut finish = |batch: &mut Vec<source::Picture>| {
        let decoded: Vec<_> = std::mem::take(batch)
            .into_par_iter()
            .map(|(name, bytes)| (name, bytes.and_then(|bytes| Look::of(&bytes, key))))
            .collect();
        for (name, look) in decoded {
            match look {
                Ok(look) => {
                    pictures.names.push(name);
                    looks.push(look);
                }
                Err(why) => pictures.unreadable.push((name, why)),
            }
        }
        let done = looks.len() as u64;
        observer.event(Event::Progress {
            what,
            done,
            total: None,
        });
        if observer.cancelled() {
            return Err(Unmeasured::new(Reason::Cancelled, Fault::Host, what.to_owned()));
        }
        Ok(())
    };
    files.each(|picture| {
        bytes += picture.1.as_ref().map_or(0, Vec::len);
        batch.push(picture);
        if bytes >= BATCH || batch.len() >= 256 {
            bytes = 0;
            finish(&mut batch)?;
        }
        Ok(())
    })?;
    finish(&mut batch)?;
    if looks.is_empty() {
        let broken = pictures.unreadable.first();
        let why = broken.map_or(String::new(), |(name, why)| {
            format!("; `{}`: {}", shown(name), shown(why))
        });
        let what = format!("`{}` has no picture that can be read{why}", shown(&files.name));
        return Err(invalid(Fault::Manifest, what).hint("PNG, JPEG, GIF and BMP can be read"));
    }
    pictures.repeated = repeated(&looks);
    Ok((pictures, looks))
}

/// Groups of equal pictures, in the order of their first.
fn repeated(looks: &[Look]) -> Vec<Vec<u32>> {
    let telling = looks.iter().zip(0u32..).filter(|(look, _)| !look.plain);
    let mut known: Vec<(u128, u32)> = telling.map(|(look, row)| (look.pixels, row)).collect();
    known.sort_unstable();
    let groups = known.chunk_by(|a, b| a.0 == b.0).filter(|group| group.len() > 1);
    let mut groups: Vec<Vec<u32>> = groups
        .map(|group| group.iter().map(|(_, row)| *row).collect())
        .collect();
    groups.sort_unstable();
    groups
}

/// Pairs of a train and a test picture.
type Pairs = Vec<(u32, u32)>;

/// Pictures that are equal, and test pictures that are not.
fn equal(train: &[Look], test: &[Look]) -> (Pairs, Vec<u32>) {
    let mut known: Vec<(u128, u32)> = train.iter().map(|look| look.pixels).zip(0..).collect();
    known.sort_unstable();
    let (mut hits, mut rest) = (Vec::new(), Vec::new());
    for (look, row) in test.iter().zip(0u32..) {
        let at = known.partition_point(|(pixels, _)| *pixels < look.pixels);
        match known.get(at).filter(|(pixels, _)| *pixels == look.pixels) {
            Some((_, first)) => hits.push((*first, row)),
            None => rest.push(row),
        }
    }
    (hits, rest)
}

struct Near {
    hits: Pairs,
    expected: f64,
}

/// Test pictures among `rest` that look like a train picture.
fn near(train: &[Look], test: &[Look], rest: &[u32]) -> Near {
    let index = Index::of(train);
    let found = rest
        .par_iter()
        .filter_map(|row| Some((index.find(&test[*row as usize])?, *row)));
    let hits: Pairs = found.collect();
    let step = train.len().div_ceil(CONTROL).max(1);
    let control: Vec<&Look> = train.iter().step_by(step).collect();
    let twins = control
        .par_iter()
        .filter(|look| index.find(look).is_some())
        .count();
    Near {
        hits,
        expected: share(twins as u64, control.len() as u64) * test.len() as f64,
    }
}

/// Train pictures by each of the eight bytes of their hash: of hashes that differ in seven bits, one byte is equal.
struct Index<'a> {
    looks: &'a [Look],
    /// By place and value of the byte.
    bytes: Vec<Vec<u32>>,
}

impl<'a> Index<'a> {
    fn of(looks: &'a [Look]) -> Self {
        let mut bytes = vec![Vec::new(); 8 * 256];
        for (look, row) in looks.iter().zip(0u32..).filter(|(look, _)| !look.plain) {
            for (at, value) in look.hash.to_le_bytes().into_iter().enumerate() {
                bytes[at * 256 + usize::from(value)].push(row);
            }
        }
        Self { looks, bytes }
    }

    /// The first picture that looks like `look` without being equal to it.
    fn find(&self, look: &Look) -> Option<u32> {
        if look.plain {
            return None;
        }
        let bytes = look.hash.to_le_bytes().into_iter().enumerate();
        let rows = bytes.flat_map(|(at, value)| &self.bytes[at * 256 + usize::from(value)]);
        let close = rows.copied().filter(|row| {
            let other = &self.looks[*row as usize];
            look.distance(other) <= BITS
                && look.pixels != other.pixels
                && look.correlation(other) >= CORRELATION
        });
        close.min()
    }
}
