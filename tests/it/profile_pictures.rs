//! Folders and archives of pictures, in `reproof profile` and in `reproof check`.

use std::io::{Cursor, Write as _};

use image::{DynamicImage, GrayImage, ImageFormat, Luma};
use serde_json::{Value, json};

use crate::common::Bench;
use crate::profile::{mixed, profiled};

/// A picture of some soft blots.
fn picture(seed: u64) -> DynamicImage {
    let random = |at: u64, limit: u64| (mixed(seed * 100 + at) % limit) as f32;
    let blots: Vec<[f32; 4]> = (0..8u64)
        .map(|blot| {
            let random = |at: u64, limit| random(blot * 8 + at, limit);
            [
                random(0, 48),
                random(1, 48),
                random(2, 9) + 3.0,
                random(3, 200) + 40.0,
            ]
        })
        .collect();
    let shade = |x: u32, y: u32| {
        let light = |blot: &[f32; 4]| {
            let distance = (x as f32 - blot[0]).powi(2) + (y as f32 - blot[1]).powi(2);
            blot[3] * (-distance / (2.0 * blot[2] * blot[2])).exp()
        };
        Luma([blots.iter().map(light).sum::<f32>().min(230.0) as u8])
    };
    DynamicImage::ImageLuma8(GrayImage::from_fn(48, 48, shade))
}

fn encoded(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).expect("an encoded picture");
    bytes.into_inner()
}

/// Thirty test pictures, of which the first is a training picture and the next two are brighter training pictures.
fn test_pictures() -> Vec<(String, Vec<u8>)> {
    let of = |at: u64| match at {
        0 => encoded(&picture(0), ImageFormat::Bmp),
        1 | 2 => encoded(&picture(at).brighten(12), ImageFormat::Jpeg),
        _ => encoded(&picture(1000 + at), ImageFormat::Png),
    };
    (0..30)
        .map(|at| {
            (
                format!("{at:02}.{}", ["bmp", "jpg", "jpg", "png"][at.min(3) as usize]),
                of(at),
            )
        })
        .collect()
}

fn train_pictures() -> Vec<(String, Vec<u8>)> {
    let one = |at: u64| (format!("{at:02}.png"), encoded(&picture(at), ImageFormat::Png));
    (0..30)
        .map(one)
        .chain([("again.png".to_owned(), encoded(&picture(29), ImageFormat::Png))])
        .collect()
}

fn into_folder(bench: &Bench, folder: &str, pictures: &[(String, Vec<u8>)]) {
    std::fs::create_dir_all(bench.path(folder)).expect("a folder");
    for (name, bytes) in pictures {
        std::fs::write(bench.path(folder).join(name), bytes).expect("written");
    }
}

fn into_zip(bench: &Bench, path: &str, pictures: &[(String, Vec<u8>)]) {
    let file = std::fs::File::create(bench.path(path)).expect("a file");
    let mut archive = zip::ZipWriter::new(file);
    for (name, bytes) in pictures {
        let options = zip::write::SimpleFileOptions::default();
        archive
            .start_file(format!("images/{name}"), options)
            .expect("an entry");
        archive.write_all(bytes).expect("written");
    }
    archive.finish().expect("finished");
}

#[test]
fn pictures_are_compared_as_rows_are() {
    let bench = Bench::new();
    into_folder(&bench, "train", &train_pictures());
    into_zip(&bench, "test.zip", &test_pictures());
    std::fs::write(bench.path("train/torn.png"), b"no picture").expect("written");
    let arguments = ["--train", "train", "--test", "test.zip"];
    let found = profiled(&bench, &[arguments.as_slice(), &["--format", "json"]].concat()).json();
    assert_eq!(found["unit"], "picture");
    for (name, empty) in [
        ("columns", json!([])),
        ("leakage", json!([])),
        ("information_value", json!({})),
    ] {
        assert_eq!(found[name], empty, "{name}");
    }
    let overlap = &found["overlap"];
    for (name, count) in [
        ("train_rows", 31),
        ("test_rows", 30),
        ("exact", 1),
        ("near", 2),
        ("leaked", 3),
    ] {
        assert_eq!(overlap[name], count, "{name}: {overlap:#}");
    }
    assert_eq!(overlap["leaked_share"], 0.1);
    assert_eq!(
        overlap["examples"],
        json!([
            { "kind": "exact", "train": "00.png", "test": "images/00.bmp" },
            { "kind": "near", "train": "01.png", "test": "images/01.jpg" },
            { "kind": "near", "train": "02.png", "test": "images/02.jpg" },
        ])
    );
    let copies = &found["duplicates"]["train"];
    assert_eq!(
        (copies["rows"].as_u64(), copies["copies"].as_u64()),
        (Some(31), Some(1))
    );
    assert_eq!(copies["examples"], json!([["29.png", "again.png"]]));

    let text = profiled(&bench, &arguments).stdout;
    insta::assert_snapshot!(text, @r"
    train  train: 31 pictures
    test   test.zip: 30 pictures

    what to look at  matters  column  because
    ────────────────────────────────────────────────────────────────────────────────────────────────────
    overlap          high             3 of 30 test pictures (10.0 %) are also in the training data: 1
                                      equal, 2 nearly equal
    duplicates       low              train: 1 of 31 pictures repeat others beyond chance; the largest
                                      group has 2
    not-compared     low              a picture of the train split cannot be read: `torn.png` (The
                                      image format could not be determined)
    ");
}

#[test]
fn one_folder_of_pictures_is_searched_for_copies_and_other_things_are_refused() {
    let bench = Bench::new();
    into_folder(&bench, "train", &train_pictures());
    std::fs::create_dir(bench.path("empty")).expect("a folder");
    bench.write("table.csv", "a,b\n1,2\n");
    let found = profiled(&bench, &["train", "--format", "json"]).json();
    assert_eq!(found["duplicates"]["train"]["copies"], 1);
    assert_eq!(found["overlap"], Value::Null);
    for (arguments, words) in [
        (vec!["empty"], "`empty` has no picture that can be read"),
        (vec!["train", "--target", "y"], "pictures have no columns"),
        (
            vec!["--train", "train", "--test", "table.csv"],
            "`table.csv`: it is neither a folder nor",
        ),
    ] {
        let ran = bench.run(&[&["profile"], arguments.as_slice()].concat());
        assert_eq!(ran.code, 2, "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(words), "{arguments:?}: {}", ran.stderr);
    }
}

/// Adds archives of pictures to a paper: one to be unpacked, and one as it is.
fn add_pictures(bench: &Bench, manifest: &str) {
    into_zip(bench, "paper/train.zip", &train_pictures());
    into_zip(bench, "paper/test.zip", &test_pictures());
    let mut manifest = manifest.to_owned();
    for (role, unpack) in [("train", true), ("test", false)] {
        let path = bench.path(&format!("paper/{role}.zip"));
        let (digest, _) = reproof::digest::Digest::of_file(&path).expect("a file");
        let digest = digest.hex();
        manifest.push_str(&format!(
            r#"
            [[data]]
            id = "{role}-pictures"
            source = "file:{role}.zip"
            sha256 = "{digest}"
            license = "CC0-1.0"
            role = "{role}"
            unpack = {unpack}
            "#
        ));
    }
    bench.write("paper/paper.toml", &manifest);
}

#[test]
fn a_check_compares_pictures_in_folders_and_archives() {
    let bench = Bench::on("sound");
    add_pictures(&bench, &bench.read("paper/paper.toml"));
    let ran = bench.check();
    let record = ran.json();
    let data = &record["data"][0];
    assert_eq!(data["unit"], "picture", "{data:#}\n{}", ran.stderr);
    assert_eq!(
        (data["overlap"]["leaked"].as_u64(), data["reason"].is_null()),
        (Some(3), true)
    );
    let checks = record["trust"].as_array().expect("checks");
    let hygiene = checks
        .iter()
        .find(|check| check["id"] == "data-hygiene")
        .expect("the check");
    assert_eq!(hygiene["status"], "fail", "{hygiene:#}");
    let evidence = hygiene.to_string();
    let words = "`test-pictures` against `train-pictures`: 3 of 30 test pictures (10.0 %) are also in the training data";
    assert!(evidence.contains(words), "{evidence}");
    let report = std::fs::read_to_string(bench.path(&format!(
        "paper/.reproof/runs/{}/report.md",
        record["run"].as_str().expect("a run")
    )));
    let report = report.expect("the report");
    assert!(
        report.contains("3 of 30 test pictures") && !report.contains("Columns (0)"),
        "{report}"
    );
}

#[test]
fn claims_are_judged_without_leaked_pictures_where_the_ids_of_the_labels_name_them() {
    let bench = Bench::on("leaks-test-data");
    let name = |row: usize| format!("{row:02}");
    let ids = |text: String| {
        let row = |(at, line): (usize, &str)| {
            line.replacen(
                &format!("test-{}", at.wrapping_sub(1)),
                &name(at.wrapping_sub(1)),
                1,
            )
        };
        text.lines().enumerate().map(row).collect::<Vec<_>>().join("\n")
    };
    let labels = ids(bench.read("paper/test.csv"));
    let digest = |bench: &Bench| {
        reproof::digest::Digest::of_file(&bench.path("paper/test.csv"))
            .expect("a file")
            .0
            .hex()
    };
    let before = digest(&bench);
    bench.write("paper/test.csv", &labels);
    let manifest = bench.read("paper/paper.toml");
    let manifest = manifest.replace(&before, &digest(&bench));
    let manifest = manifest.replace("role = \"train\"", "role = \"other\"");
    add_pictures(&bench, &manifest.replace("role = \"test\"", "role = \"labels\""));
    let ran = bench.check();
    let corrected = &ran.claim("odd")["leak_corrected"];
    let left = (corrected["left_out"].as_u64(), corrected["left"].as_u64());
    assert_eq!(left, (Some(3), Some(197)), "{corrected:#}\n{}", ran.stderr);
}
