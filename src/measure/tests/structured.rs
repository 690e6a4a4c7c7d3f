//! Reference cases of lists, texts, tags, boxes and survival times: written to files, and read as any other.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use serde::Deserialize;
use serde_json::json;

use super::super::predictions::{Request, read};
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
        };
        read(&Request {
            predictions: &put("p", &self.predictions),
            truth: &truth,
            target: None,
            columns: &BTreeMap::new(),
            positive: None,
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
