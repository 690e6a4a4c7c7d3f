//! Mean average precision of boxes, by the rules of COCO.
//!
//! In each image and class, the hundred best detections are matched one after
//! the other with the true box that they cover best. That is done once; a
//! resample of images only sorts the outcomes anew.

use super::additive::undefined;
use super::predictions::{Area, Boxes, Detection, Image, Object, Predictions, Rows};
use super::registry::{About, Input, Metric, Parameter};
use crate::reason::Unmeasured;

/// How many detections of a class count in an image.
const MOST_DETECTIONS: usize = 100;

/// At how many recalls the precision is read off.
const RECALLS: usize = 101;

/// Keeps a perfect overlap matchable at a threshold of 1.
const BELOW_ONE: f64 = 1.0 - 1e-10;

/// Mean average precision of boxes.
#[derive(Debug)]
pub(super) struct OfBoxes {
    about: About,
}

impl Metric for OfBoxes {
    fn about(&self) -> &About {
        &self.about
    }

    fn input(&self) -> Input {
        Input::Boxes
    }

    fn compute(
        &self,
        predictions: &Predictions,
        rows: Rows<'_>,
        parameter: &Parameter,
    ) -> Result<f64, Unmeasured> {
        let boxes = predictions.boxes()?;
        let thresholds = thresholds(parameter);
        let key = format!("coco {thresholds:?}");
        let matched = predictions.once(&key, || Ok(matched(boxes, &thresholds)))?;
        let rows: Vec<usize> = rows.iter(predictions.len()).collect();
        let precision = mean_average_precision(&matched, boxes.classes, &rows, thresholds.len());
        precision.ok_or_else(|| undefined(self.about.name))
    }
}

/// The overlaps from which a detection counts as right: 0.50 to 0.95, or the one that is asked for.
fn thresholds(parameter: &Parameter) -> Vec<f64> {
    match parameter {
        Parameter::Number(threshold) => vec![*threshold],
        // As NumPy's `linspace` has them, to the last bit.
        Parameter::None | Parameter::Count(_) | Parameter::Class(_) => (0..10)
            .map(|step| 0.5 + f64::from(step) * ((0.95 - 0.5) / 9.0))
            .collect(),
    }
}

/// What became of one detection, a bit for each threshold.
#[derive(Clone, Copy, Debug)]
struct Outcome {
    score: f64,
    /// It found an object.
    right: u16,
    /// It lies in a crowd, and does not count.
    ignored: u16,
}

/// One class in one image.
#[derive(Debug, Default)]
struct Matched {
    class: u32,
    objects: usize,
    /// From the highest score to the lowest.
    outcomes: Vec<Outcome>,
}

/// For each image, the classes that occur in it.
fn matched(boxes: &Boxes, thresholds: &[f64]) -> Vec<Vec<Matched>> {
    boxes
        .images
        .iter()
        .map(|image| in_image(image, boxes.classes, thresholds))
        .collect()
}

fn in_image(image: &Image, known: u32, thresholds: &[f64]) -> Vec<Matched> {
    let mut objects: Vec<&Object> = image.objects.iter().collect();
    // Crowds last: a detection is only put to one when nothing else fits. The sort is stable.
    objects.sort_by_key(|object| (object.class, object.crowd));
    let mut detections: Vec<&Detection> = image.detections.iter().filter(|of| of.class < known).collect();
    detections.sort_by(|a, b| a.class.cmp(&b.class).then(down(a.score, b.score)));
    let mut classes: Vec<u32> = objects
        .iter()
        .map(|of| of.class)
        .chain(detections.iter().map(|of| of.class))
        .collect();
    classes.sort_unstable();
    classes.dedup();
    let of_class = |class: u32| {
        let objects = slice(&objects, class, |of| of.class);
        let detections = slice(&detections, class, |of| of.class);
        let best = &detections[..detections.len().min(MOST_DETECTIONS)];
        Matched {
            class,
            objects: objects.iter().filter(|object| !object.crowd).count(),
            outcomes: outcomes(objects, best, thresholds),
        }
    };
    classes.into_iter().map(of_class).collect()
}

/// From the highest to the lowest; −0 is 0.
fn down(a: f64, b: f64) -> std::cmp::Ordering {
    (b + 0.0).total_cmp(&(a + 0.0))
}

/// The part of a sorted slice that is of one class.
fn slice<T>(all: &[T], class: u32, of: impl Fn(&T) -> u32) -> &[T] {
    let from = all.partition_point(|one| of(one) < class);
    let to = all.partition_point(|one| of(one) <= class);
    &all[from..to]
}

fn outcomes(objects: &[&Object], detections: &[&Detection], thresholds: &[f64]) -> Vec<Outcome> {
    let mut taken = vec![vec![false; objects.len()]; thresholds.len()];
    let mut outcomes = Vec::with_capacity(detections.len());
    for detection in detections {
        let overlaps: Vec<f64> = objects.iter().map(|object| overlap(detection, object)).collect();
        let mut outcome = Outcome {
            score: detection.score,
            right: 0,
            ignored: 0,
        };
        for ((at, &threshold), taken) in thresholds.iter().enumerate().zip(&mut taken) {
            let Some(found) = find(objects, &overlaps, taken, threshold) else {
                continue;
            };
            taken[found] = true;
            if objects[found].crowd {
                outcome.ignored |= 1 << at;
            } else {
                outcome.right |= 1 << at;
            }
        }
        outcomes.push(outcome);
    }
    outcomes
}

/// The free object that is covered best, the last of several; a crowd only if no object is covered.
fn find(objects: &[&Object], overlaps: &[f64], taken: &[bool], threshold: f64) -> Option<usize> {
    let mut best = threshold.min(BELOW_ONE);
    let mut found: Option<usize> = None;
    for (at, (object, &overlap)) in objects.iter().zip(overlaps).enumerate() {
        if taken[at] && !object.crowd {
            continue;
        }
        if object.crowd && found.is_some_and(|found| !objects[found].crowd) {
            break;
        }
        if overlap >= best {
            best = overlap;
            found = Some(at);
        }
    }
    found
}

/// Intersection over union; over the detection alone where the object is a crowd.
fn overlap(detection: &Detection, object: &Object) -> f64 {
    let (a, b) = (&detection.area, &object.area);
    let width = (a.width + a.x).min(b.width + b.x) - a.x.max(b.x);
    let height = (a.height + a.y).min(b.height + b.y) - a.y.max(b.y);
    if width <= 0.0 || height <= 0.0 {
        return 0.0;
    }
    let shared = width * height;
    let size = |area: &Area| area.width * area.height;
    let union = if object.crowd {
        size(a)
    } else {
        size(a) + size(b) - shared
    };
    shared / union
}

/// The mean over thresholds and classes that have an object; `None` without one.
fn mean_average_precision(
    matched: &[Vec<Matched>],
    classes: u32,
    rows: &[usize],
    thresholds: usize,
) -> Option<f64> {
    let mut of_class: Vec<(usize, Vec<Outcome>)> = vec![(0, Vec::new()); classes as usize];
    for of in rows.iter().flat_map(|row| &matched[*row]) {
        let (objects, outcomes) = &mut of_class[of.class as usize];
        *objects += of.objects;
        outcomes.extend_from_slice(&of.outcomes);
    }
    of_class.retain(|(objects, _)| *objects > 0);
    let mut sum = 0.0;
    for (objects, outcomes) in &mut of_class {
        outcomes.sort_by(|a, b| down(a.score, b.score));
        sum += (0..thresholds)
            .map(|at| average_precision(outcomes, *objects, 1 << at))
            .sum::<f64>();
    }
    let count = of_class.len() * thresholds;
    (count > 0).then(|| sum / count as f64)
}

/// The mean precision at 101 recalls, each the best of any recall that is as high.
fn average_precision(outcomes: &[Outcome], objects: usize, bit: u16) -> f64 {
    let (mut right, mut wrong) = (0.0, 0.0);
    let mut recalls = Vec::with_capacity(outcomes.len());
    let mut precisions: Vec<f64> = Vec::with_capacity(outcomes.len());
    for outcome in outcomes {
        if outcome.ignored & bit == 0 {
            let hit = outcome.right & bit != 0;
            right += f64::from(hit);
            wrong += f64::from(!hit);
        }
        recalls.push(right / objects as f64);
        precisions.push(right / (wrong + right + f64::EPSILON));
    }
    for at in (1..precisions.len()).rev() {
        precisions[at - 1] = precisions[at - 1].max(precisions[at]);
    }
    let read = (0..RECALLS).map(|step| {
        let wanted = if step == RECALLS - 1 {
            1.0
        } else {
            step as f64 * 0.01
        };
        let at = recalls.partition_point(|recall| *recall < wanted);
        precisions.get(at).copied().unwrap_or(0.0)
    });
    read.sum::<f64>() / RECALLS as f64
}

const OPTIONS: &str = "area=all|dets=100|recalls=101";

/// Average precision averaged over classes and the overlaps 0.50, 0.55 … 0.95.
pub(super) static MAP_COCO: OfBoxes = OfBoxes {
    about: About::higher("map:coco", "mean average precision of boxes, IoU 0.50 to 0.95")
        .aka(&["box ap", "coco ap"])
        .options(OPTIONS)
        .reference("pycocotools 2.0.11 `COCOeval`"),
};

/// Average precision averaged over classes at one overlap.
pub(super) static MAP_COCO_AT: OfBoxes = OfBoxes {
    about: About::higher("map:coco@T", "mean average precision of boxes at one IoU")
        .aka(&["map@T", "ap@T"])
        .options(OPTIONS)
        .reference("pycocotools 2.0.11 `COCOeval`"),
};
