use std::fs;
use std::io::{Cursor, Write as _};

use image::imageops::{FilterType, resize};
use image::{DynamicImage, GrayImage, ImageFormat, Luma};

use super::super::canon::next_random;
use super::*;
use crate::observe::Silent;

/// A picture of some soft blots.
fn picture(seed: u64) -> DynamicImage {
    let mut state = seed * 1000 + 1;
    let mut random = |limit: u64| (next_random(&mut state) % limit) as f32;
    let blots: Vec<[f32; 4]> = (0..8)
        .map(|_| [random(64), random(64), random(12) + 4.0, random(200) + 40.0])
        .collect();
    let shade = |x: u32, y: u32| {
        let sum: f32 = blots
            .iter()
            .map(|[cx, cy, size, light]| {
                let distance = (x as f32 - cx).powi(2) + (y as f32 - cy).powi(2);
                light * (-distance / (2.0 * size * size)).exp()
            })
            .sum();
        Luma([sum.min(230.0) as u8])
    };
    DynamicImage::ImageLuma8(GrayImage::from_fn(64, 64, shade))
}

fn encoded(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).expect("an encoded picture");
    bytes.into_inner()
}

struct Folders(tempfile::TempDir);

impl Folders {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        ["train", "test"]
            .iter()
            .for_each(|name| fs::create_dir(folder.path().join(name)).expect("a folder"));
        Self(folder)
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        fs::write(self.0.path().join(name), bytes).expect("written");
    }

    fn found(&self) -> ImageOverlap {
        self.between("train", "test").expect("an overlap")
    }

    fn between(&self, train: &str, test: &str) -> Result<ImageOverlap, Unmeasured> {
        overlap_images(&self.files(train), &self.files(test), 3, &Silent)
    }

    fn files(&self, name: &str) -> PictureFiles {
        PictureFiles {
            path: self.0.path().join(name),
            name: name.to_owned(),
        }
    }
}

/// `train` pictures, and as many test pictures of which the first `leaked` are train pictures after `change`.
fn planted(count: u64, leaked: u64, change: impl Fn(u64, DynamicImage) -> Vec<u8>) -> Folders {
    let folders = Folders::new();
    for at in 0..count {
        folders.put(
            &format!("train/{at:04}.png"),
            &encoded(&picture(at), ImageFormat::Png),
        );
        let bytes = if at < leaked {
            change(at, picture(at))
        } else {
            encoded(&picture(at + 100_000), ImageFormat::Png)
        };
        folders.put(&format!("test/{at:04}.png"), &bytes);
    }
    folders
}

#[test]
fn pictures_are_found_in_other_sizes_formats_and_brightness() {
    let change = |at: u64, picture: DynamicImage| {
        let grey = picture.to_luma8();
        match at % 4 {
            0 => encoded(
                &resize(&grey, 96, 80, FilterType::CatmullRom).into(),
                ImageFormat::Png,
            ),
            1 => encoded(&picture, ImageFormat::Jpeg),
            2 => encoded(&picture.brighten(15), ImageFormat::Png),
            _ => encoded(
                &resize(&grey, 40, 40, FilterType::Triangle).into(),
                ImageFormat::Jpeg,
            ),
        }
    };
    for leaked in [1, 40] {
        let found = planted(200, leaked, change).found();
        assert_eq!(found.equal.leaked.len(), 0);
        let right = found.near.leaked.iter().filter(|row| *row < leaked).count() as f64;
        assert!(right >= 0.95 * leaked as f64, "{right} of {leaked}");
        assert!(right >= 0.95 * found.near.leaked.len() as f64);
    }
}

#[test]
fn equal_pictures_are_found_whatever_their_format() {
    let found = planted(30, 3, |_, picture| encoded(&picture, ImageFormat::Bmp)).found();
    assert_eq!(found.equal.leaked.iter().collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!(found.near.leaked.len(), 0);
    assert_eq!(
        found.equal.examples[2],
        ("0002.png".to_owned(), "0002.png".to_owned())
    );
}

#[test]
fn plain_pictures_and_other_pictures_raise_no_alarm() {
    let plain = DynamicImage::ImageLuma8(GrayImage::from_pixel(20, 20, Luma([200])));
    let found = planted(200, 0, |_, _| Vec::new()).found();
    assert_eq!((found.leaked().len(), found.near.common.len()), (0, 0));
    let folders = planted(5, 0, |_, _| Vec::new());
    folders.put("train/x.png", &encoded(&plain, ImageFormat::Png));
    folders.put("test/x.png", &encoded(&plain, ImageFormat::Png));
    folders.put("test/y.png", &encoded(&plain.brighten(3), ImageFormat::Png));
    let found = folders.found();
    assert_eq!((found.leaked().len(), found.equal.common.len()), (0, 1));
}

#[test]
fn pictures_that_look_alike_in_the_train_split_too_are_common() {
    let folders = Folders::new();
    for at in 0..60 {
        let shifted = picture(1).brighten(at / 2 + 1);
        let name = if at % 2 == 0 { "train" } else { "test" };
        folders.put(
            &format!("{name}/{at:02}.png"),
            &encoded(&shifted, ImageFormat::Jpeg),
        );
    }
    let found = folders.found();
    assert_eq!(found.near.leaked.len(), 0);
    assert!(found.near.common.len() + found.equal.leaked.len() == 30);
}

#[test]
fn archives_are_read_like_folders() {
    let folders = planted(4, 2, |_, picture| encoded(&picture, ImageFormat::Png));
    let path = folders.0.path().join("test.zip");
    let mut archive = zip::ZipWriter::new(fs::File::create(&path).expect("a file"));
    let mut tarball = tar::Builder::new(Vec::new());
    for at in 0..4 {
        let bytes = fs::read(folders.0.path().join(format!("test/{at:04}.png"))).expect("a picture");
        archive
            .start_file(format!("a/{at}.png"), zip::write::SimpleFileOptions::default())
            .expect("an entry");
        archive.write_all(&bytes).expect("written");
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_cksum();
        tarball
            .append_data(&mut header, format!("a/{at}.png"), bytes.as_slice())
            .expect("an entry");
    }
    archive.finish().expect("finished");
    let tarball = tarball.into_inner().expect("finished");
    folders.put("test.tar", &tarball);
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(&tarball).expect("written");
    folders.put("test.tar.gz", &packed.finish().expect("finished"));
    for name in ["test.zip", "test.tar", "test.tar.gz"] {
        let found = folders.between("train", name).expect("an overlap");
        assert_eq!(found.leaked().iter().collect::<Vec<_>>(), [0, 1], "{name}");
        assert_eq!(found.test.names[0], "a/0.png");
    }
}

#[test]
fn broken_and_monstrous_pictures_are_listed_and_passed_over() {
    let folders = planted(2, 1, |_, picture| encoded(&picture, ImageFormat::Png));
    let whole = encoded(&picture(7), ImageFormat::Png);
    folders.put("test/a.png", &whole[..whole.len() / 2]);
    folders.put("test/b.jpg", b"hello");
    // A header that promises 60,000 × 60,000 pixels.
    let mut bomb = encoded(&picture(7), ImageFormat::Bmp);
    bomb[18..22].copy_from_slice(&60_000u32.to_le_bytes());
    bomb[22..26].copy_from_slice(&60_000u32.to_le_bytes());
    folders.put("test/c.bmp", &bomb);
    let found = folders.found();
    let names: Vec<_> = found
        .test
        .unreadable
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(names, ["a.png", "b.jpg", "c.bmp"]);
    insta::assert_snapshot!(found.test.unreadable[2].1, @"60000 × 60000 pixels are too many");
    assert_eq!(found.leaked().len(), 1);
}

#[test]
fn any_damage_ends_in_a_picture_or_a_reason() {
    let key = Key::random();
    let (mut state, mut readable) = (3, 0);
    for format in [
        ImageFormat::Png,
        ImageFormat::Jpeg,
        ImageFormat::Gif,
        ImageFormat::Bmp,
    ] {
        let bytes = encoded(&DynamicImage::ImageRgb8(picture(3).to_rgb8()), format);
        for round in 0..60 {
            let mut damaged = bytes.clone();
            for _ in 0..round % 5 {
                let at = next_random(&mut state) as usize % damaged.len();
                damaged[at] = next_random(&mut state) as u8;
            }
            let cut = if round % 2 == 0 {
                next_random(&mut state) as usize % 40
            } else {
                0
            };
            damaged.truncate(damaged.len() - cut);
            match Look::of(&damaged, &key) {
                Ok(_) => readable += 1,
                Err(why) => assert_ne!(why, "its decoder failed"),
            }
        }
    }
    assert!((1..240).contains(&readable), "{readable}");
}

#[test]
fn what_holds_no_pictures_is_refused() {
    let folders = Folders::new();
    folders.put("note.txt", b"nothing");
    folders.put("train/a.png", &encoded(&picture(1), ImageFormat::Png));
    let refused = |name: &str| folders.between("train", name).expect_err("a reason").detail;
    insta::assert_snapshot!(refused("test"), @"`test` has no picture that can be read");
    insta::assert_snapshot!(refused("note.txt"), @"`note.txt`: it is neither a folder nor a zip, tar or tar.gz file");
    insta::assert_snapshot!(refused("nowhere"), @"`nowhere`: No such file or directory (os error 2)");
}

#[test]
fn equal_pictures_of_one_set_are_grouped_unless_they_show_nothing() {
    let folders = planted(6, 0, |_, _| Vec::new());
    let plain = DynamicImage::ImageLuma8(GrayImage::from_pixel(20, 20, Luma([200])));
    for (name, picture) in [
        ("a.bmp", picture(4)),
        ("b.png", picture(1)),
        ("c.png", picture(4)),
    ] {
        folders.put(&format!("train/{name}"), &encoded(&picture, ImageFormat::Bmp));
    }
    for name in ["d.png", "e.png"] {
        folders.put(&format!("train/{name}"), &encoded(&plain, ImageFormat::Png));
    }
    let found = pictures(&folders.files("train"), &Silent).expect("pictures");
    let of = |row: &u32| found.names[*row as usize].as_str();
    let groups: Vec<Vec<_>> = found
        .repeated
        .iter()
        .map(|group| group.iter().map(of).collect())
        .collect();
    assert_eq!(
        groups,
        [vec!["0001.png", "b.png"], vec!["0004.png", "a.bmp", "c.png"]]
    );
}

#[test]
fn what_holds_pictures_is_told_by_the_names_inside() {
    let folders = Folders::new();
    folders.put("train/a.csv", b"a,b\n1,2\n");
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(b"a,b\n1,2\n").expect("written");
    folders.put("table.csv.gz", &packed.finish().expect("finished"));
    folders.put("torn.zip", b"PK\x03\x04 and nothing more");
    for name in [
        "train",
        "test",
        "train/a.csv",
        "table.csv.gz",
        "torn.zip",
        "nowhere",
    ] {
        assert!(!folders.files(name).has_pictures(), "{name}");
    }
    folders.put("train/b.JPG", b"whatever it holds");
    assert!(folders.files("train").has_pictures());
}
