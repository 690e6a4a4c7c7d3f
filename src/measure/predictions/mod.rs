//! What was predicted and what is true, example by example.
//!
//! Columns stand beside each other in the order of the labels. Classes are
//! numbers into one sorted list of names, so that ten million examples of two
//! classes are two columns of `u32`, and so that resampling costs no copy.

mod classes;
mod columns;
mod ids;
mod index;
mod join;
mod memo;
mod points;
mod read;
mod sets;
mod structured;
mod train;
mod typed;

pub use points::Points;
pub(super) use points::bounded;
pub(crate) use read::STANDARD;
pub use read::{Request, Truth, read};
pub use sets::{Bags, LabelSets};
pub(super) use sets::{indicators, plain};
pub use structured::{
    Area, Boxes, Detection, EntityCounts, Image, Likelihood, Lists, Object, RankedList, Survival, Tags,
    TextPair,
};

use self::classes::Interner;
pub(super) use self::classes::listed;
use crate::error::Fault;
use crate::reason::{Unmeasured, invalid};

/// Which examples count, and how often.
#[derive(Clone, Copy, Debug)]
pub enum Rows<'a> {
    /// Each once.
    All,
    /// These, which may repeat; each below the number of examples.
    At(&'a [usize]),
    /// Each as often as stands here; as many numbers as there are examples.
    Times(&'a [u32]),
}

impl<'a> Rows<'a> {
    /// The rows in order, out of `len` examples, each as often as it counts.
    pub fn iter(self, len: usize) -> impl Iterator<Item = usize> + use<'a> {
        self.counted(len)
            .flat_map(|(row, times)| std::iter::repeat_n(row, times as usize))
    }

    /// The rows in order, out of `len` examples, with how often each counts there; never 0 times.
    pub fn counted(self, len: usize) -> impl Iterator<Item = (usize, u32)> + use<'a> {
        let (all, some, times): (_, &[usize], &[u32]) = match self {
            Self::All => (0..len, &[], &[]),
            Self::At(rows) => (0..0, rows, &[]),
            Self::Times(times) => (0..0, &[], times),
        };
        let some = all.chain(some.iter().copied()).map(|row| (row, 1));
        let counted = times.iter().copied().enumerate().filter(|(_, times)| *times > 0);
        some.chain(counted)
    }
}

/// True classes, and predicted ones where there are any.
#[derive(Clone, Debug, Default)]
pub struct Classes {
    /// The names of the classes of both sides, sorted: by number if all are whole numbers, else by text.
    pub names: Vec<String>,
    /// How many of `names` occur in the labels or the predictions; any others stand last and only have a score.
    pub present: usize,
    /// For each example, its class.
    pub truth: Vec<u32>,
    /// For each example, the predicted class.
    pub predicted: Option<Vec<u32>>,
}

/// True and predicted numbers, all finite.
#[derive(Clone, Debug, Default)]
pub struct Numbers {
    /// For each example, the true one.
    pub truth: Vec<f64>,
    /// For each example, the predicted one.
    pub predicted: Vec<f64>,
}

/// Scores, all finite.
#[derive(Clone, Debug)]
pub enum Scores {
    /// For each example, the score of the positive class.
    Positive(Vec<f64>),
    /// For each example, a score of each of these classes, one example after the other.
    PerClass {
        /// Indices into [`Classes::names`].
        classes: Vec<u32>,
        /// Examples × classes.
        values: Vec<f64>,
    },
}

/// How the groups of the examples are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grouping {
    /// Each has a number of examples that was fixed beforehand.
    Strata,
    /// The examples of one belong together, such as the images of one patient.
    Clusters,
}

/// Predictions and labels of the same examples.
#[derive(Clone, Debug, Default)]
pub struct Predictions {
    len: usize,
    classes: Option<Classes>,
    numbers: Option<Numbers>,
    scores: Option<Scores>,
    sets: Option<LabelSets>,
    points: Option<Points>,
    train: Option<Vec<f64>>,
    weights: Option<Vec<f64>>,
    groups: Option<(Grouping, Vec<u32>)>,
    positive: Option<String>,
    notes: Vec<String>,
    structured: Option<structured::Structured>,
    memo: memo::Memo,
}

impl Predictions {
    /// True classes and, for each, the predicted one.
    ///
    /// # Errors
    ///
    /// When there are not as many predictions as labels.
    pub fn from_classes<T: AsRef<str>>(truth: &[T], predicted: Option<&[T]>) -> Result<Self, Unmeasured> {
        let mut names = Interner::default();
        let mut code = |class: &T| names.code(class.as_ref());
        let truth = truth.iter().map(&mut code).collect::<Result<Vec<_>, _>>()?;
        let predicted = predicted
            .map(|classes| classes.iter().map(&mut code).collect::<Result<Vec<_>, _>>())
            .transpose()?;
        same_length(truth.len(), predicted.as_ref().map_or(truth.len(), Vec::len))?;
        let (classes, _) = names.finish(truth, predicted, &[]);
        Ok(Self {
            len: classes.truth.len(),
            classes: Some(classes),
            ..Self::default()
        })
    }

    /// True numbers and, for each, the predicted one.
    ///
    /// # Errors
    ///
    /// When there are not as many predictions as labels, or one of them is not finite.
    pub fn from_numbers(truth: Vec<f64>, predicted: Vec<f64>) -> Result<Self, Unmeasured> {
        same_length(truth.len(), predicted.len())?;
        all_finite("label", &truth)?;
        all_finite("prediction", &predicted)?;
        Ok(Self {
            len: truth.len(),
            numbers: Some(Numbers { truth, predicted }),
            ..Self::default()
        })
    }

    /// With a score of the positive class for each example.
    ///
    /// # Errors
    ///
    /// When there are not as many scores as labels, or one of them is not finite.
    pub fn with_scores(mut self, scores: Vec<f64>) -> Result<Self, Unmeasured> {
        same_length(self.len, scores.len())?;
        all_finite("score", &scores)?;
        self.scores = Some(Scores::Positive(scores));
        Ok(self)
    }

    /// With a score of each of `classes` for each example, one example after the other.
    ///
    /// # Errors
    ///
    /// When the numbers of scores and labels do not fit, or a score is not finite.
    pub fn with_class_scores<T: AsRef<str>>(
        mut self,
        classes: &[T],
        values: Vec<f64>,
    ) -> Result<Self, Unmeasured> {
        same_length(self.len * classes.len(), values.len())?;
        all_finite("score", &values)?;
        let missing = || invalid(Fault::Reproof, "the labels were not read as classes");
        let known = self.classes.as_mut().ok_or_else(missing)?;
        let classes: Vec<u32> = classes.iter().map(|class| known.code(class.as_ref())).collect();
        if let Some(twice) = classes::repeated(&classes) {
            let detail = format!(
                "the class `{}` has two columns of scores",
                known.names[twice as usize]
            );
            return Err(invalid(Fault::Paper, detail));
        }
        self.scores = Some(Scores::PerClass { classes, values });
        Ok(self)
    }

    /// The same with other predicted classes, by index; `None` where there are no classes, or not as many.
    pub(in crate::measure) fn predicting(&self, predicted: Vec<u32>) -> Option<Self> {
        let classes = self.classes.as_ref()?;
        let fits = predicted.len() == self.len;
        fits.then(|| Self {
            classes: Some(Classes {
                predicted: Some(predicted),
                ..classes.clone()
            }),
            ..self.clone()
        })
    }

    /// With a weight for each example.
    ///
    /// # Errors
    ///
    /// When there are not as many weights as labels, one is negative or not finite, or all are 0.
    pub fn with_weights(mut self, weights: Vec<f64>) -> Result<Self, Unmeasured> {
        same_length(self.len, weights.len())?;
        all_finite("weight", &weights)?;
        if weights.iter().any(|&weight| weight < 0.0) {
            return Err(invalid(Fault::Paper, "a weight is negative"));
        }
        if weights.iter().all(|&weight| weight == 0.0) {
            return Err(invalid(Fault::Paper, "all weights are 0"));
        }
        self.weights = Some(weights);
        Ok(self)
    }

    /// With the group of each example, numbered from 0.
    ///
    /// # Errors
    ///
    /// When there are not as many groups as labels.
    pub fn with_groups(mut self, grouping: Grouping, of_row: Vec<u32>) -> Result<Self, Unmeasured> {
        same_length(self.len, of_row.len())?;
        self.groups = Some((grouping, of_row));
        Ok(self)
    }

    /// With the numbers of the training series, in their order.
    ///
    /// # Errors
    ///
    /// When one of them is not finite.
    pub fn with_train(mut self, train: Vec<f64>) -> Result<Self, Unmeasured> {
        all_finite("training number", &train)?;
        self.train = Some(train);
        Ok(self)
    }

    /// The training series, where it was given.
    pub fn train(&self) -> Option<&[f64]> {
        self.train.as_deref()
    }

    /// With this class as the positive one.
    #[must_use]
    pub fn with_positive(mut self, class: impl Into<String>) -> Self {
        self.positive = Some(class.into());
        self
    }

    /// The number of examples.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The classes.
    ///
    /// # Errors
    ///
    /// When only numbers were read.
    pub fn classes(&self) -> Result<&Classes, Unmeasured> {
        let missing = || invalid(Fault::Reproof, "the labels were not read as classes");
        self.classes.as_ref().ok_or_else(missing)
    }

    /// The numbers.
    ///
    /// # Errors
    ///
    /// When only classes were read.
    pub fn numbers(&self) -> Result<&Numbers, Unmeasured> {
        let missing = || invalid(Fault::Reproof, "the labels were not read as numbers");
        self.numbers.as_ref().ok_or_else(missing)
    }

    /// The scores.
    ///
    /// # Errors
    ///
    /// When there are none.
    pub fn scores(&self) -> Result<&Scores, Unmeasured> {
        let missing = || invalid(Fault::Reproof, "no scores were read");
        self.scores.as_ref().ok_or_else(missing)
    }

    /// The weights, where there are any: finite, not negative, not all 0.
    pub fn weights(&self) -> Option<&[f64]> {
        self.weights.as_deref()
    }

    /// The group of each example, where there are any.
    pub fn groups(&self) -> Option<(Grouping, &[u32])> {
        let (grouping, of_row) = self.groups.as_ref()?;
        Some((*grouping, of_row))
    }

    /// The weight of an example; 1 without weights.
    pub fn weight(&self, row: usize) -> f64 {
        self.weights.as_ref().map_or(1.0, |weights| weights[row])
    }

    /// The value called `name`, worked out when it is first asked for; see [`memo::Memo`].
    pub(super) fn once<T: std::any::Any + Send + Sync>(
        &self,
        name: &str,
        make: impl FnOnce() -> Result<T, Unmeasured>,
    ) -> Result<std::sync::Arc<T>, Unmeasured> {
        self.memo.once(name, make)
    }

    /// What a reader should know about how these came together.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The name of the positive class, if a class of that name is or could be there.
    ///
    /// It is the one that was named, or the obvious one: `1` of 0 and 1 or of
    /// −1 and 1, `true` of false and true, `yes` of no and yes, `positive` of
    /// negative and positive, and their first letters. `None` when more than two classes occur.
    ///
    /// # Errors
    ///
    /// When two classes occur and none of them is the obvious one, or the one that was named is neither.
    pub fn positive(&self) -> Result<Option<String>, Unmeasured> {
        let classes = self.classes()?;
        match &classes.names[..classes.present] {
            names if names.len() > 2 => Ok(None),
            names => classes::positive(names, self.positive.as_deref()).map(Some),
        }
    }
}

impl Classes {
    /// The index of a class by name, in whichever form its number or truth value is written.
    pub fn find(&self, name: &str) -> Option<u32> {
        u32::try_from(classes::place(&self.names, name)?).ok()
    }

    /// For each of `classes`, its place in their common order: by number if all are whole numbers, else by text.
    pub(super) fn places(&self, classes: &[u32]) -> Vec<usize> {
        let name = |at: usize| self.names[classes[at] as usize].as_str();
        let all = 0..classes.len();
        let form = classes::Form::of(&classes.iter().map(|class| &self.names[*class as usize]));
        let mut order: Vec<usize> = all.collect();
        order.sort_by(|&a, &b| classes::order(name(a), name(b), form));
        let mut places = vec![0; order.len()];
        order
            .iter()
            .enumerate()
            .for_each(|(place, at)| places[*at] = place);
        places
    }

    /// The index of a class, added behind the present ones if it is new.
    fn code(&mut self, name: &str) -> u32 {
        self.find(name).unwrap_or_else(|| {
            self.names.push(name.to_owned());
            u32::try_from(self.names.len() - 1).unwrap_or(u32::MAX)
        })
    }
}

fn same_length(labels: usize, predictions: usize) -> Result<(), Unmeasured> {
    if labels == predictions {
        return Ok(());
    }
    let detail = format!("{predictions} predictions for {labels} labels");
    Err(invalid(Fault::Paper, detail))
}

fn all_finite(what: &str, values: &[f64]) -> Result<(), Unmeasured> {
    match values.iter().position(|value| !value.is_finite()) {
        None => Ok(()),
        Some(row) => {
            let detail = format!("{what} {} is not a finite number: {}", row + 1, values[row]);
            Err(invalid(Fault::Paper, detail))
        }
    }
}

#[cfg(test)]
mod tests;
