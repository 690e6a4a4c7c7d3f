//! Boxes in images.

use std::collections::HashMap;

use super::super::Predictions;
use super::super::join::comparable;
use super::super::read::Request;
use super::fields::{Field, Fields, Labels};
use super::groups::Groups;
use super::{Structured, open_predictions};
use crate::error::Fault;
use crate::reason::{Unmeasured, invalid};
use crate::table::Column;

/// The largest area of a box, in pixels: larger ones COCO leaves out.
const LARGEST: f64 = 1e10;

/// A rectangle, in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Area {
    /// Its left edge; may be negative.
    pub x: f64,
    /// Its upper edge; may be negative.
    pub y: f64,
    /// Not negative.
    pub width: f64,
    /// Not negative.
    pub height: f64,
}

/// A true box.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Object {
    /// Its class.
    pub class: u32,
    /// Where it is.
    pub area: Area,
    /// Whether it stands for many objects: finding it or not is not counted.
    pub crowd: bool,
}

/// A predicted box.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Detection {
    /// Its class.
    pub class: u32,
    /// Where it is.
    pub area: Area,
    /// How certain it is.
    pub score: f64,
}

/// The boxes of one image, in the order of the files.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Image {
    /// The true ones.
    pub objects: Vec<Object>,
    /// The predicted ones.
    pub detections: Vec<Detection>,
}

/// The boxes of all images, which stand in the order of their ids.
#[derive(Clone, Debug, Default)]
pub struct Boxes {
    /// How many classes the labels have; those of detections may be larger.
    pub classes: u32,
    /// The images.
    pub images: Vec<Image>,
}

impl Area {
    fn sound(&self) -> bool {
        let numbers = [self.x, self.y, self.width, self.height];
        let plain = numbers.iter().all(|number| number.is_finite());
        plain && self.width >= 0.0 && self.height >= 0.0 && self.width * self.height <= LARGEST
    }
}

impl Predictions {
    /// Boxes; a unit is an image.
    ///
    /// # Errors
    ///
    /// When a box has no sound area, a score is not finite, or a true box has a class that is not counted.
    pub fn from_boxes(boxes: Boxes) -> Result<Self, Unmeasured> {
        let sound = |image: &Image| {
            let objects = image
                .objects
                .iter()
                .all(|of| of.area.sound() && of.class < boxes.classes);
            objects
                && image
                    .detections
                    .iter()
                    .all(|of| of.area.sound() && of.score.is_finite())
        };
        if let Some(at) = boxes.images.iter().position(|image| !sound(image)) {
            let detail = format!("a box of image {} is unsound", at + 1);
            return Err(invalid(Fault::Paper, detail));
        }
        Ok(Self::from_structured(
            boxes.images.len(),
            Structured::Boxes(boxes),
        ))
    }

    /// The boxes.
    ///
    /// # Errors
    ///
    /// When something else was read.
    pub fn boxes(&self) -> Result<&Boxes, Unmeasured> {
        match &self.structured {
            Some(Structured::Boxes(boxes)) => Ok(boxes),
            _ => Err(invalid(Fault::Reproof, "the predictions were not read as boxes")),
        }
    }
}

/// The columns of the corners.
const CORNERS: [&str; 4] = ["x_min", "y_min", "x_max", "y_max"];

pub(super) fn read(request: &Request<'_>, notes: &mut Vec<String>) -> Result<Predictions, Unmeasured> {
    let table = open_predictions(request, "prediction")?;
    let column = |standard: &str| table.column(request.name(standard));
    let mut fields = vec![
        Field::name("id", column("id")?),
        Field::name("class", column("prediction")?).or_blank(),
        Field::number("score", column("score")?).or_blank(),
    ];
    for corner in CORNERS {
        fields.push(Field::number(corner, column(corner)?).or_blank());
    }
    let predictions = Fields::read(table, &fields)?;
    let labels = Labels::open(request)?;
    let mut fields = vec![
        labels.unit("image")?,
        Field::name("class", labels.target).or_blank(),
    ];
    for corner in CORNERS {
        let column: Option<Column> = labels.further(corner)?;
        let column = column.map_or_else(|| labels.table.column(corner), Ok)?;
        fields.push(Field::number(corner, column).or_blank());
    }
    fields.extend(
        labels
            .further("iscrowd")?
            .map(|crowd| Field::flag("iscrowd", crowd).or_blank()),
    );
    let labels = labels.read(&fields)?;
    let groups = Groups::new("image", &labels, &predictions)?;
    Predictions::from_boxes(assemble(&labels, &predictions, &groups, notes)?)
}

fn assemble(
    labels: &Fields,
    predictions: &Fields,
    groups: &Groups,
    notes: &mut Vec<String>,
) -> Result<Boxes, Unmeasured> {
    let classes = Codes::new(labels, predictions);
    let mut images = vec![Image::default(); groups.first.len()];
    for (row, area) in areas(labels, &[])? {
        images[groups.labels[row]].objects.push(Object {
            class: classes.labels[row],
            area,
            crowd: labels.number("iscrowd", row) == Some(1.0),
        });
    }
    let mut unseen = 0;
    for (row, area) in areas(predictions, &["score"])? {
        let class = classes.predictions[row];
        unseen += usize::from(class >= classes.known);
        images[groups.predictions[row]].detections.push(Detection {
            class,
            area,
            score: predictions.number("score", row).unwrap_or_default(),
        });
    }
    let note = format!("{unseen} boxes are of classes that the labels do not have, and do not count");
    notes.extend((unseen > 0).then_some(note));
    Ok(Boxes {
        classes: classes.known,
        images: groups
            .by_id(labels)
            .into_iter()
            .map(|unit| std::mem::take(&mut images[unit]))
            .collect(),
    })
}

/// The classes of both files by number; those of the labels come first.
struct Codes {
    labels: Vec<u32>,
    predictions: Vec<u32>,
    known: u32,
}

impl Codes {
    fn new(labels: &Fields, predictions: &Fields) -> Self {
        let (own, theirs) = comparable(labels.texts("class"), predictions.texts("class"));
        let mut codes: HashMap<&str, u32> = HashMap::new();
        let mut code = |class| {
            let next = u32::try_from(codes.len()).unwrap_or(u32::MAX);
            *codes.entry(class).or_insert(next)
        };
        // A blank, which stands for no box, must not count as a class of the labels.
        let labels: Vec<u32> = own
            .iter()
            .map(|class| if class.is_empty() { u32::MAX } else { code(class) })
            .collect();
        let known = labels
            .iter()
            .filter(|class| **class < u32::MAX)
            .max()
            .map_or(0, |most| most + 1);
        Self {
            labels,
            predictions: theirs.iter().map(&mut code).collect(),
            known,
        }
    }
}

/// The rows that hold a box, and the box; a row that has nothing but the image holds none.
fn areas(fields: &Fields, more: &[&'static str]) -> Result<Vec<(usize, Area)>, Unmeasured> {
    let mut areas = Vec::new();
    let mut troubles = Vec::new();
    for row in 0..fields.keys.rows {
        let numbers = CORNERS.map(|corner| fields.number(corner, row));
        let others = more.iter().map(|name| fields.number(name, row));
        let given = numbers.into_iter().chain(others).filter(Option::is_some).count();
        let class = !fields.text("class", row).is_empty();
        match numbers {
            _ if given == 0 && !class => {}
            [Some(left), Some(upper), Some(right), Some(lower)] if class && given == 4 + more.len() => {
                let area = Area {
                    x: left,
                    y: upper,
                    width: right - left,
                    height: lower - upper,
                };
                if area.sound() {
                    areas.push((row, area));
                } else {
                    troubles.push((row, trouble(&area)));
                }
            }
            _ => troubles.push((row, "has no class, score or corner")),
        }
    }
    let Some((_, first)) = troubles.first() else {
        return Ok(areas);
    };
    let same = || troubles.iter().filter(|(_, what)| what == first);
    let few: Vec<_> = same()
        .take(4)
        .map(|(row, _)| format!("line {}", fields.line(*row)))
        .collect();
    let detail = format!(
        "a box {first} in {} of {} rows ({})",
        same().count(),
        fields.keys.rows,
        Fields::examples(&few)
    );
    Err(fields.file.invalid(detail))
}

fn trouble(area: &Area) -> &'static str {
    if area.width < 0.0 {
        "has its `x_max` left of its `x_min`"
    } else if area.height < 0.0 {
        "has its `y_max` above its `y_min`"
    } else {
        "is larger than 100,000 × 100,000 pixels"
    }
}
