//! What a picture looks like, in a few bytes.

use std::f32::consts::PI;
use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use image::imageops::{FilterType, resize};
use image::{DynamicImage, GrayImage, ImageReader, Limits};

use super::super::canon::Key;

/// The side of the small grey picture that two pictures are compared by.
const SIDE: usize = 32;

/// Frequencies on each axis that make up the hash.
const LOW: usize = 8;

/// The most pixels of a picture.
const MOST_PIXELS: u64 = 64 << 20;

/// The longest side of a picture.
const MOST_SIDE: u32 = 1 << 16;

/// The most memory that decoding a picture may take.
const MOST_MEMORY: u64 = 512 << 20;

/// Pictures whose grey values vary less than this (standard deviation, of 255) show nothing.
const PLAIN: f32 = 2.0;

/// A picture in short.
#[derive(Clone, Debug)]
pub(super) struct Look {
    /// Of the pixels and the size: equal for equal pictures, whatever their format.
    pub(super) pixels: u128,
    /// Whether the lowest frequencies are above their median (pHash).
    ///
    /// Reference: C. Zauner, *Implementation and benchmarking of perceptual image hash
    /// functions*, 2010.
    pub(super) hash: u64,
    /// Whether it is all but one colour.
    pub(super) plain: bool,
    small: Box<[u8]>,
}

impl Look {
    /// Decodes a picture.
    ///
    /// # Errors
    ///
    /// Why it cannot be decoded, or is too large to be.
    pub(super) fn of(bytes: &[u8], key: &Key) -> Result<Self, String> {
        let decoded = catch_unwind(AssertUnwindSafe(|| decode(bytes)));
        let picture = decoded.map_err(|_| "its decoder failed".to_owned())??;
        let grey = picture.to_luma8();
        let small = resize(&grey, SIDE as u32, SIDE as u32, FilterType::Triangle);
        Ok(Self {
            pixels: pixels(&picture, key),
            hash: hash(&small),
            plain: spread(small.as_raw()) < PLAIN,
            small: small.into_raw().into_boxed_slice(),
        })
    }

    /// Bits of the hashes that differ.
    pub(super) fn distance(&self, other: &Self) -> u32 {
        (self.hash ^ other.hash).count_ones()
    }

    /// How alike the small pictures are, whatever their brightness and contrast: from −1 to 1.
    pub(super) fn correlation(&self, other: &Self) -> f32 {
        let (a, b) = (centred(&self.small), centred(&other.small));
        let product = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>();
        let size = (product(&a, &a) * product(&b, &b)).sqrt();
        if size > 0.0 { product(&a, &b) / size } else { 0.0 }
    }
}

fn decode(bytes: &[u8]) -> Result<DynamicImage, String> {
    let words = |error: image::ImageError| error.to_string();
    let reader = || {
        ImageReader::new(Cursor::new(bytes))
            .with_guessed_format()
            .map_err(|error| error.to_string())
    };
    let (width, height) = reader()?.into_dimensions().map_err(words)?;
    if u64::from(width) * u64::from(height) > MOST_PIXELS {
        return Err(format!("{width} × {height} pixels are too many"));
    }
    let mut limits = Limits::default();
    limits.max_image_width = Some(MOST_SIDE);
    limits.max_image_height = Some(MOST_SIDE);
    limits.max_alloc = Some(MOST_MEMORY);
    let mut reader = reader()?;
    reader.limits(limits);
    reader.decode().map_err(words)
}

fn pixels(picture: &DynamicImage, key: &Key) -> u128 {
    let mut bytes = picture.to_rgba8().into_raw();
    bytes.extend_from_slice(&picture.width().to_le_bytes());
    key.wide(&bytes)
}

fn centred(small: &[u8]) -> Vec<f32> {
    let mean = small.iter().map(|x| f32::from(*x)).sum::<f32>() / small.len() as f32;
    small.iter().map(|x| f32::from(*x) - mean).collect()
}

fn spread(small: &[u8]) -> f32 {
    let squares: f32 = centred(small).iter().map(|x| x * x).sum();
    (squares / small.len() as f32).sqrt()
}

/// The lowest frequencies of the cosine transform against their median, without the mean brightness.
fn hash(small: &GrayImage) -> u64 {
    let wave = |frequency: usize, at: usize| ((at as f32 + 0.5) * frequency as f32 * PI / SIDE as f32).cos();
    let waves: Vec<f32> = (1..=LOW)
        .flat_map(|frequency| (0..SIDE).map(move |at| wave(frequency, at)))
        .collect();
    let along = |wave: &[f32], row: &[u8]| wave.iter().zip(row).map(|(w, x)| w * f32::from(*x)).sum::<f32>();
    let mut rows = Vec::with_capacity(SIDE * LOW);
    for row in small.as_raw().chunks(SIDE) {
        rows.extend(waves.chunks(SIDE).map(|wave| along(wave, row)));
    }
    let mut amounts = Vec::with_capacity(LOW * LOW);
    for wave in waves.chunks(SIDE) {
        let amount = |x: usize| {
            wave.iter()
                .enumerate()
                .map(|(y, w)| w * rows[y * LOW + x])
                .sum::<f32>()
        };
        amounts.extend((0..LOW).map(amount));
    }
    let mut sorted = amounts.clone();
    sorted.sort_by(f32::total_cmp);
    let median = sorted[sorted.len() / 2];
    amounts
        .iter()
        .fold(0, |hash, amount| hash << 1 | u64::from(*amount > median))
}
