//! Prints which share of planted leaks is found, and which share of what is found was planted:
//! `cargo run --release --example overlap_recall`.

#![expect(clippy::print_stdout, reason = "a program that prints")]

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Cursor};
use std::path::Path;

use chacha20::ChaCha8Rng;
use chacha20::rand_core::{Rng as _, SeedableRng as _};
use image::imageops::{FilterType, resize};
use image::{DynamicImage, GrayImage, ImageFormat, Luma};
use reproof::observe::Silent;
use reproof::profile::overlap::{Options, PictureFiles, Roles, RowSet, overlap, overlap_images};
use reproof::table::TableFile;

/// Shares of the test rows that are planted.
const RATES: [f64; 4] = [0.001, 0.01, 0.05, 0.2];

const WORDS: &str = "river stone paper engine window garden silver morning teacher mountain coffee letter market winter \
    signal bridge forest pocket camera island rocket violin harbour number doctor planet summer kitchen";

struct Random(ChaCha8Rng);

impl Random {
    fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.0.next_u64() % limit
    }

    fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Standard normal, by the sum of twelve uniform numbers.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }
}

/// How a table is made, and how a row of it is changed.
struct Case {
    name: &'static str,
    header: &'static str,
    /// The header of the test split.
    other: &'static str,
    row: fn(&mut Random) -> Vec<String>,
    change: fn(&mut Random, &[String]) -> Vec<String>,
    rows: usize,
}

const NUMBERS: &str = "a,b,c,d,e,f,g,h";
const MIXED: &str = "answer,kind,amount,size,score";

const CASES: [Case; 8] = [
    Case {
        name: "equal",
        header: NUMBERS,
        other: NUMBERS,
        row: numbers,
        change: keep,
        rows: 20_000,
    },
    Case {
        name: "equal, few categories beside one amount",
        header: MIXED,
        other: MIXED,
        row: mixed,
        change: keep,
        rows: 20_000,
    },
    Case {
        name: "columns in another order",
        header: NUMBERS,
        other: "h,g,f,e,d,c,b,a",
        row: numbers,
        change: reverse,
        rows: 20_000,
    },
    Case {
        name: "numbers in another form",
        header: NUMBERS,
        other: NUMBERS,
        row: numbers,
        change: reformat,
        rows: 20_000,
    },
    Case {
        name: "rounded to three digits",
        header: NUMBERS,
        other: NUMBERS,
        row: numbers,
        change: round,
        rows: 20_000,
    },
    Case {
        name: "noise of 0.2 % on every number",
        header: NUMBERS,
        other: NUMBERS,
        row: numbers,
        change: noise,
        rows: 20_000,
    },
    Case {
        name: "text, one word dropped",
        header: "text",
        other: "text",
        row: text,
        change: drop_word,
        rows: 10_000,
    },
    Case {
        name: "text, case and punctuation",
        header: "text",
        other: "text",
        row: text,
        change: shout,
        rows: 10_000,
    },
];

fn numbers(random: &mut Random) -> Vec<String> {
    (0..8).map(|_| format!("{}", random.normal())).collect()
}

fn mixed(random: &mut Random) -> Vec<String> {
    let amount = random.below(10_000_000_000);
    let (answer, kind, size) = (random.below(2), random.below(5), random.below(3));
    vec![
        format!("{answer}"),
        format!("k{kind}"),
        format!("{amount}"),
        format!("{size}"),
        format!("{}", random.below(100)),
    ]
}

fn text(random: &mut Random) -> Vec<String> {
    let words: Vec<&str> = WORDS.split_whitespace().collect();
    let endings = ["", "s", "ed", "ing", "er"];
    let word = |random: &mut Random| {
        let stem = words[random.below(words.len() as u64) as usize];
        format!("{stem}{}", endings[random.below(5) as usize])
    };
    let length = 15 + random.below(20);
    vec![(0..length).map(|_| word(random)).collect::<Vec<_>>().join(" ")]
}

fn keep(_: &mut Random, row: &[String]) -> Vec<String> {
    row.to_vec()
}

fn reverse(_: &mut Random, row: &[String]) -> Vec<String> {
    row.iter().rev().cloned().collect()
}

fn number(cell: &str) -> f64 {
    cell.parse().unwrap_or_default()
}

fn reformat(_: &mut Random, row: &[String]) -> Vec<String> {
    row.iter().map(|cell| format!("{:e}", number(cell))).collect()
}

fn round(_: &mut Random, row: &[String]) -> Vec<String> {
    row.iter()
        .map(|cell| format!("{}", number(&format!("{:.2e}", number(cell)))))
        .collect()
}

fn noise(random: &mut Random, row: &[String]) -> Vec<String> {
    row.iter()
        .map(|cell| format!("{}", number(cell) + 0.002 * random.normal()))
        .collect()
}

fn drop_word(random: &mut Random, row: &[String]) -> Vec<String> {
    let mut words: Vec<&str> = row[0].split(' ').collect();
    words.remove(random.below(words.len() as u64) as usize);
    vec![words.join(" ")]
}

fn shout(_: &mut Random, row: &[String]) -> Vec<String> {
    vec![format!("{}!", row[0].to_uppercase().replacen(' ', "; ", 3))]
}

fn write(path: &Path, header: &str, rows: &[Vec<String>]) -> io::Result<()> {
    let mut text = format!("{header}\n");
    for row in rows {
        // A string takes everything.
        let _ = writeln!(text, "{}", row.join(","));
    }
    fs::write(path, text)
}

/// The planted rows are the first of the test split.
fn tabular(case: &Case, rate: f64) -> Result<(RowSet, u64), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let mut random = Random::new(7);
    let planted = (rate * case.rows as f64) as usize;
    let train: Vec<Vec<String>> = (0..case.rows).map(|_| (case.row)(&mut random)).collect();
    let mut test: Vec<Vec<String>> = train[50..50 + planted]
        .iter()
        .map(|row| (case.change)(&mut random, row))
        .collect();
    test.extend((planted..case.rows).map(|_| {
        let row = (case.row)(&mut random);
        if case.header == case.other {
            row
        } else {
            reverse(&mut random, &row)
        }
    }));
    let (here, there) = (folder.path().join("train.csv"), folder.path().join("test.csv"));
    write(&here, case.header, &train)?;
    write(&there, case.other, &test)?;
    let (train, test) = (
        TableFile::written(here, "train.csv"),
        TableFile::written(there, "test.csv"),
    );
    let found = overlap(&train, &test, &Roles::default(), &Options::default(), &Silent);
    Ok((found.map_err(|error| error.detail)?.leaked(), planted as u64))
}

/// A picture of soft blots.
fn picture(seed: u64) -> GrayImage {
    let mut random = Random::new(seed);
    let mut upto = |limit: u64| random.below(limit) as f32;
    let blots: Vec<[f32; 4]> = (0..9)
        .map(|_| [upto(96), upto(96), upto(16) + 4.0, upto(180) + 30.0])
        .collect();
    GrayImage::from_fn(96, 96, |x, y| {
        let light = |[cx, cy, size, light]: &[f32; 4]| {
            light * (-((x as f32 - cx).powi(2) + (y as f32 - cy).powi(2)) / (2.0 * size * size)).exp()
        };
        Luma([blots.iter().map(light).sum::<f32>().min(235.0) as u8])
    })
}

type Change = fn(GrayImage) -> (DynamicImage, ImageFormat);

const PICTURES: [(&str, Change); 3] = [
    ("picture, resized", |picture| {
        (
            resize(&picture, 130, 110, FilterType::CatmullRom).into(),
            ImageFormat::Png,
        )
    }),
    ("picture, as JPEG", |picture| (picture.into(), ImageFormat::Jpeg)),
    ("picture, brighter", |picture| {
        (DynamicImage::from(picture).brighten(12), ImageFormat::Png)
    }),
];

fn pictures(change: Change, rate: f64) -> Result<(RowSet, u64), Box<dyn std::error::Error>> {
    const COUNT: u64 = 1000;
    let folder = tempfile::tempdir()?;
    let planted = (rate * COUNT as f64) as u64;
    let put = |name: String,
               (picture, format): (DynamicImage, ImageFormat)|
     -> Result<(), Box<dyn std::error::Error>> {
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, format)?;
        Ok(fs::write(folder.path().join(name), bytes.into_inner())?)
    };
    fs::create_dir(folder.path().join("train"))?;
    fs::create_dir(folder.path().join("test"))?;
    for at in 0..COUNT {
        put(
            format!("train/{at:05}.png"),
            (picture(at).into(), ImageFormat::Png),
        )?;
        let other = if at < planted {
            change(picture(at))
        } else {
            (picture(at + COUNT).into(), ImageFormat::Png)
        };
        put(format!("test/{at:05}.png"), other)?;
    }
    let files = |name: &str| PictureFiles {
        path: folder.path().join(name),
        name: name.to_owned(),
    };
    let found = overlap_images(&files("train"), &files("test"), 0, &Silent);
    Ok((found.map_err(|error| error.detail)?.leaked(), planted))
}

fn show(name: &str, rate: f64, found: &RowSet, planted: u64) {
    let right = found.iter().filter(|row| *row < planted).count() as f64;
    let (recall, precision) = (right / planted as f64, right / found.len().max(1) as f64);
    println!(
        "{name:<42} {:>6.1} % {planted:>8} {:>8} {recall:>8.4} {precision:>10.4}",
        rate * 100.0,
        found.len()
    );
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!(
        "{:<42} {:>8} {:>8} {:>8} {:>8} {:>10}",
        "changed how", "leaked", "planted", "found", "recall", "precision"
    );
    for case in &CASES {
        for rate in RATES {
            let (found, planted) = tabular(case, rate)?;
            show(case.name, rate, &found, planted);
        }
    }
    for (name, change) in PICTURES {
        for rate in RATES {
            let (found, planted) = pictures(change, rate)?;
            show(name, rate, &found, planted);
        }
    }
    Ok(())
}
