//! Reference cases of lists, texts, tags, boxes and survival times: written to files, and read as any other.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use serde::Deserialize;
use serde_json::json;

use super::super::predictions::{
    self, Area, Boxes, Likelihood, Lists, RankedList, Request, Survival, TextPair, read,
};
use super::*;

/// What goes into a metric of structured examples.
#[derive(Deserialize)]
pub(super) struct Case {
    lists: Option<Vec<List>>,
    ranks: Option<Vec<f64>>,
    texts: Option<Vec<Text>>,
    tags: Option<Vec<Sentence>>,
    images: Option<Vec<Image>>,
    times: Option<Vec<f64>>,
    predicted_times: Option<Vec<f64>>,
    observed: Option<Vec<u8>>,
    nll: Option<Vec<f64>>,
    log_prob: Option<Vec<f64>>,
    tokens: Option<Vec<u64>>,
}

#[derive(Deserialize)]
struct List {
    id: String,
    relevance: BTreeMap<String, u32>,
    scores: BTreeMap<String, f64>,
}

#[derive(Deserialize)]
struct Text {
    references: Vec<String>,
    prediction: String,
}

#[derive(Deserialize)]
struct Sentence {
    truth: Vec<String>,
    predicted: Vec<String>,
}

#[derive(Deserialize)]
struct Image {
    objects: Vec<Object>,
    detections: Vec<Detection>,
}

#[derive(Deserialize)]
struct Object {
    class: String,
    #[serde(rename = "box")]
    corners: [f64; 4],
    crowd: u8,
}

#[derive(Deserialize)]
struct Detection {
    class: String,
    #[serde(rename = "box")]
    corners: [f64; 4],
    score: f64,
}

/// Labels and predictions as files.
pub(super) struct Files {
    pub(super) truth: String,
    pub(super) predictions: String,
    /// `csv` or `jsonl`.
    pub(super) ending: &'static str,
    /// Whether both sides have ids.
    pub(super) ids: bool,
}

impl Files {
    fn csv(truth: String, predictions: String, ids: bool) -> Self {
        Self {
            truth,
            predictions,
            ending: "csv",
            ids,
        }
    }

    pub(super) fn read(&self, metrics: &[Named]) -> Result<Predictions, Unmeasured> {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| {
            let path = folder.path().join(format!("{name}.{}", self.ending));
            fs::write(&path, text).unwrap();
            TableFile::written(&path, format!("{name}.{}", self.ending))
        };
        let truth = Truth {
            file: TableFile {
                side: Side::Pinned,
                ..put("labels", &self.truth)
            },
            target: Some("y".to_owned()),
            id_column: self.ids.then(|| "k".to_owned()),
            group_column: None,
        };
        read(&Request {
            predictions: &put("p", &self.predictions),
            truth: &truth,
            target: None,
            columns: &BTreeMap::new(),
            positive: None,
            train: None,
            metrics,
        })
    }

    pub(super) fn value(&self, name: &str) -> Result<f64, Unmeasured> {
        let named = super::metric(name).unwrap();
        named.compute(&self.read(std::slice::from_ref(&named))?, Rows::All)
    }

    #[track_caller]
    pub(super) fn refused(&self, name: &str) -> String {
        let error = self.value(name).unwrap_err();
        assert_eq!(error.reason, Reason::MeasurementInvalid, "{error}");
        error.detail
    }
}

pub(super) fn files(truth: &str, predictions: &str) -> Files {
    Files::csv(truth.to_owned(), predictions.to_owned(), true)
}

impl Case {
    pub(super) fn predictions(&self, metric: &Named) -> Result<Predictions, Unmeasured> {
        self.files().read(std::slice::from_ref(metric))
    }

    fn files(&self) -> Files {
        if let Some(lists) = &self.lists {
            return of_lists(lists);
        }
        if let Some(texts) = &self.texts {
            return of_texts(texts);
        }
        if let Some(sentences) = &self.tags {
            return of_tags(sentences);
        }
        if let Some(images) = &self.images {
            return of_images(images);
        }
        if let Some(ranks) = &self.ranks {
            return Files::csv(
                column("y", &vec!["item"; ranks.len()]),
                column("rank", &shown(ranks)),
                false,
            );
        }
        match (&self.times, &self.predicted_times) {
            (Some(times), Some(predicted)) => self.survival(times, predicted),
            _ => self.likelihoods(),
        }
    }

    fn survival(&self, times: &[f64], predicted: &[f64]) -> Files {
        let mut truth = String::from(if self.observed.is_some() {
            "y,event\n"
        } else {
            "y\n"
        });
        for (at, time) in times.iter().enumerate() {
            let event = self
                .observed
                .as_ref()
                .map_or(String::new(), |observed| format!(",{}", observed[at]));
            writeln!(truth, "{time:?}{event}").unwrap();
        }
        Files::csv(truth, column("prediction", &shown(predicted)), false)
    }

    fn likelihoods(&self) -> Files {
        let (name, values) = match (&self.nll, &self.log_prob) {
            (Some(nll), _) => ("nll", nll),
            (_, Some(log)) => ("log_prob", log),
            _ => panic!("the case holds nothing"),
        };
        let mut text = format!("{name}{}\n", if self.tokens.is_some() { ",tokens" } else { "" });
        for (at, value) in values.iter().enumerate() {
            let tokens = self
                .tokens
                .as_ref()
                .map_or(String::new(), |tokens| format!(",{}", tokens[at]));
            writeln!(text, "{value:?}{tokens}").unwrap();
        }
        Files::csv(column("y", &vec!["text"; values.len()]), text, false)
    }
}

fn shown(numbers: &[f64]) -> Vec<String> {
    numbers.iter().map(|number| format!("{number:?}")).collect()
}

fn column<T: std::fmt::Display>(name: &str, cells: &[T]) -> String {
    let cells: String = cells.iter().map(|cell| format!("{cell}\n")).collect();
    format!("{name}\n{cells}")
}

fn of_lists(lists: &[List]) -> Files {
    let (mut truth, mut predictions) = (String::from("k,y,relevance\n"), String::from("id,item,score\n"));
    for list in lists {
        for (item, relevance) in &list.relevance {
            writeln!(truth, "{},{item},{relevance}", list.id).unwrap();
        }
        for (item, score) in &list.scores {
            writeln!(predictions, "{},{item},{score:?}", list.id).unwrap();
        }
    }
    Files::csv(truth, predictions, true)
}

fn of_texts(texts: &[Text]) -> Files {
    let (mut truth, mut predictions) = (String::new(), String::new());
    for (
        at,
        Text {
            references,
            prediction,
        },
    ) in texts.iter().enumerate()
    {
        // One reference as a text, several as a list.
        let y = if let [one] = references.as_slice() {
            json!(one)
        } else {
            json!(references)
        };
        writeln!(truth, "{}", json!({ "k": at, "y": y })).unwrap();
        writeln!(predictions, "{}", json!({ "id": at, "prediction": prediction })).unwrap();
    }
    Files {
        truth,
        predictions,
        ending: "jsonl",
        ids: true,
    }
}

fn of_tags(sentences: &[Sentence]) -> Files {
    let truth: Vec<_> = sentences
        .iter()
        .map(|sentence| sentence.truth.join(" "))
        .collect();
    let predicted: Vec<_> = sentences
        .iter()
        .map(|sentence| sentence.predicted.join(" "))
        .collect();
    Files::csv(column("y", &truth), column("prediction", &predicted), false)
}

fn of_images(images: &[Image]) -> Files {
    let mut truth = String::from("k,y,x_min,y_min,x_max,y_max,iscrowd\n");
    let mut predictions = String::from("id,prediction,score,x_min,y_min,x_max,y_max\n");
    for (at, image) in images.iter().enumerate() {
        if image.objects.is_empty() {
            writeln!(truth, "{at},,,,,,").unwrap();
        }
        for Object {
            class,
            corners: [a, b, c, d],
            crowd,
        } in &image.objects
        {
            writeln!(truth, "{at},{class},{a:?},{b:?},{c:?},{d:?},{crowd}").unwrap();
        }
        for Detection {
            class,
            corners: [a, b, c, d],
            score,
        } in &image.detections
        {
            writeln!(predictions, "{at},{class},{score:?},{a:?},{b:?},{c:?},{d:?}").unwrap();
        }
    }
    Files::csv(truth, predictions, true)
}

/// Some examples of a kind, those of `units`, which may repeat; `None` for classes, scores and numbers.
pub(super) fn some(input: Input, units: &[usize]) -> Option<Predictions> {
    let of = |numbers: [f64; 4]| units.iter().map(|unit| numbers[unit % 4]).collect::<Vec<_>>();
    let predictions = match input {
        Input::Lists => Predictions::from_lists(Lists {
            queries: units.iter().map(|unit| list(*unit)).collect(),
            whole: true,
        }),
        Input::Texts => Predictions::from_texts(units.iter().map(|unit| text(*unit)).collect()),
        Input::Tags => Predictions::from_tags(&units.iter().map(|unit| tags(*unit)).collect::<Vec<_>>()),
        Input::Boxes => Predictions::from_boxes(Boxes {
            classes: 2,
            images: units.iter().map(|unit| image(*unit)).collect(),
        }),
        Input::Survival => Predictions::from_survival(Survival {
            times: of([1.0, 3.0, 2.0, 3.0]),
            observed: units.iter().map(|unit| unit % 3 != 1).collect(),
            predicted: of([2.0, 2.0, 3.0, 1.0]),
        }),
        Input::Likelihoods => {
            let likelihood = |unit: &usize| Likelihood {
                loss: *unit as f64 + 0.5,
                tokens: *unit as f64 + 1.0,
            };
            Predictions::from_likelihoods(units.iter().map(likelihood).collect())
        }
        Input::Classes
        | Input::Scores
        | Input::Numbers
        | Input::LabelSets
        | Input::Clusters
        | Input::Points => return None,
    };
    Some(predictions.unwrap())
}

fn list(unit: usize) -> RankedList {
    let rank = unit as f64 + 1.0;
    RankedList {
        hits: vec![(rank, 2.0), (rank + 2.0, 1.0)],
        relevances: vec![2.0, 1.0, 1.0],
    }
}

fn text(unit: usize) -> TextPair {
    let words = [
        "a b c d",
        "<table><tr><td>x</table>",
        "one two, three four five",
        "",
    ];
    TextPair {
        references: vec![words[unit % 4].to_owned()],
        prediction: words[(unit + unit / 2) % 4].to_owned(),
    }
}

fn tags(unit: usize) -> (Vec<&'static str>, Vec<&'static str>) {
    let sides = [["B-A", "I-A"], ["O", "B-B"], ["I-B", "I-A"], ["O", "O"]];
    (sides[unit % 4].to_vec(), sides[(unit + unit / 2) % 4].to_vec())
}

fn image(unit: usize) -> predictions::Image {
    let class = u32::from(unit.is_multiple_of(3));
    let area = |x: f64| Area {
        x,
        y: 0.0,
        width: 10.0,
        height: 10.0,
    };
    predictions::Image {
        objects: vec![predictions::Object {
            class,
            area: area(0.0),
            crowd: unit % 4 == 3,
        }],
        detections: vec![
            predictions::Detection {
                class,
                area: area(unit as f64),
                score: 0.5,
            },
            predictions::Detection {
                class: 1 - class,
                area: area(0.0),
                score: unit as f64 / 8.0,
            },
        ],
    }
}

proptest! {
    #[test]
    fn units_that_repeat_count_as_often(units in prop::collection::vec(0..7_usize, 1..20)) {
        for metric in METRICS {
            let Some(all) = some(metric.input(), &[0, 1, 2, 3, 4, 5, 6]) else { continue };
            let drawn = some(metric.input(), &units).unwrap();
            let named = super::metric(&with_parameter(metric.about().name)).unwrap();
            let mut times = [0; 7];
            units.iter().for_each(|unit| times[*unit] += 1);
            match (named.compute(&all, Rows::At(&units)), named.compute(&all, Rows::Times(&times))) {
                // Equal scores of several images stand in the order of the rows.
                (Ok(_), Ok(_)) if metric.input() == Input::Boxes => {}
                (Ok(a), Ok(b)) => prop_assert!(near(a, b), "{:?}: {} {}", metric, a, b),
                (a, b) => prop_assert!(a.is_err() && b.is_err(), "{:?}: {:?} {:?}", metric, a, b),
            }
            match (named.compute(&all, Rows::At(&units)), named.compute(&drawn, Rows::All)) {
                (Ok(a), Ok(b)) => prop_assert!(near(a, b), "{:?}: {} {}", metric, a, b),
                // What is wrong with a text is found in any text, whether it is drawn or not.
                (a, b) => prop_assert!(a.is_err() || b.is_err(), "{:?}: {:?} {:?}", metric, a, b),
            }
        }
    }
}

#[test]
fn what_was_worked_out_once_is_not_mixed_up() {
    let lists = some(Input::Lists, &[0, 1, 2]).unwrap();
    let of = |name: &str| super::metric(name).unwrap().compute(&lists, Rows::All).unwrap();
    assert_eq!(
        [of("hits@1"), of("hits@2"), of("hits@3")],
        [1.0 / 3.0, 2.0 / 3.0, 1.0]
    );
    assert_eq!(
        [of("hits@1"), of("mrr"), of("precision@1")],
        [1.0 / 3.0, (1.0 + 0.5 + 1.0 / 3.0) / 3.0, 1.0 / 3.0]
    );
    assert_eq!(of("mean_rank"), 2.0);
}
