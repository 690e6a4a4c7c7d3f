//! Averages over classes against the values of the classes, for any number of classes.
//!
//! With one label per example, accuracy, micro-averaged precision, recall and F1, and recall weighted by support are the
//! same number; balanced accuracy is macro-averaged recall. Macro and weighted averages are means of the classes' values,
//! and right examples of all classes add up to those of the test set. All of this is kept by averaging over runs. A class
//! that is not claimed may have any value.
//!
//! References: M. Sokolova and G. Lapalme, Information Processing & Management 45 (2009); scikit-learn for the averages. J.
//! Opitz and S. Burst, *Macro F1 and Macro F1*, 2019, on papers that mean something else by macro F1.

use super::claim::{EDGE, Runs, Span};
use super::ordering::Broken;
use super::set::Set;

/// Metrics that are the share of right examples where each has one label.
const SHARE_OF_RIGHT: [&str; 5] = [
    "accuracy",
    "recall:weighted",
    "recall:micro",
    "precision:micro",
    "f1:micro",
];

/// All relations that the set breaks.
pub(super) fn broken(set: &Set<'_>) -> Vec<Broken> {
    let mut found = Vec::new();
    if set.one_label() {
        found.extend(unequal(
            &shares_of_right(set),
            "with one label per example, the share that is right has one value",
        ));
    }
    let supports = Supports::of(set);
    if let Some(supports) = &supports {
        let mut recalls = set.of("balanced_accuracy");
        recalls.extend(set.of("recall:macro"));
        found.extend(unequal(&recalls, "balanced accuracy is macro recall"));
        found.extend(counted(set, supports));
    }
    for base in ["precision", "recall", "f1", "jaccard"] {
        found.extend(of_means(set, base, supports.as_ref()));
    }
    found
}

fn shares_of_right(set: &Set<'_>) -> Vec<(usize, Span)> {
    let mut claims: Vec<_> = SHARE_OF_RIGHT.iter().flat_map(|metric| set.of(metric)).collect();
    let errors = set.of("error_rate").into_iter();
    claims.extend(errors.map(|(index, span)| (index, span.complement())));
    claims
}

/// Pairs that cannot be the same number.
fn unequal(claims: &[(usize, Span)], why: &str) -> Vec<Broken> {
    let mut found = Vec::new();
    for (place, (index, span)) in claims.iter().enumerate() {
        let others = claims.iter().skip(place + 1);
        let differing = others.filter(|(_, other)| !span.loosened().meets(*other));
        found.extend(differing.map(|(other, _)| (vec![*index, *other], why.to_owned())));
    }
    found
}

/// Examples of each class of the test set: each has some.
struct Supports<'a> {
    of: &'a std::collections::BTreeMap<String, u64>,
    all: u64,
}

impl<'a> Supports<'a> {
    /// `None` where they are not known, or do not fit what else is said.
    fn of(set: &'a Set<'_>) -> Option<Self> {
        let of = &set.facts.supports;
        let all = of
            .values()
            .try_fold(0_u64, |sum, support| sum.checked_add(*support))?;
        let fitting = set.examples.is_none_or(|examples| examples == all)
            && set
                .facts
                .classes
                .is_none_or(|classes| u64::from(classes) == of.len() as u64);
        (all > 0 && all <= super::search::LARGEST && fitting && of.values().all(|support| *support > 0))
            .then_some(Self { of, all })
    }
}

/// What a claim about one class adds to a sum over all classes.
#[derive(Clone, Copy, Debug)]
struct Term {
    index: usize,
    low: f64,
    high: f64,
    /// The most that the class can add.
    most: f64,
}

/// Right examples of the classes, which are whole numbers, against those of the test set.
fn counted(set: &Set<'_>, supports: &Supports<'_>) -> Vec<Broken> {
    let Runs::Known(runs) = set.runs else {
        return Vec::new();
    };
    let whole = |span: Span, size: f64| Span {
        low: (span.low * size).ceil().max(0.0),
        high: (span.high * size).floor().min(size),
    };
    let mut terms = Vec::new();
    for (index, class, span) in of_classes(set, "recall") {
        let Some(support) = supports.of.get(class) else {
            return Vec::new();
        };
        let most = support.saturating_mul(runs) as f64;
        let Span { low, high } = whole(span, most);
        // No whole number at all is what granularity has to say.
        if low > high {
            return Vec::new();
        }
        terms.push(Term {
            index,
            low,
            high,
            most,
        });
    }
    let all = supports.all.saturating_mul(runs) as f64;
    let shares = shares_of_right(set).into_iter();
    let found = shares.filter_map(|(index, span)| {
        let right = whole(span, all);
        let members = (right.low <= right.high).then(|| contradicting(index, right, &terms, all))??;
        Some((
            members,
            "the right examples of the classes do not add up to those of the test set".to_owned(),
        ))
    });
    found.collect()
}

/// Macro and weighted averages against the values of the classes.
fn of_means(set: &Set<'_>, base: &str, supports: Option<&Supports<'_>>) -> Vec<Broken> {
    let classes = of_classes(set, base);
    let mut averages: Vec<_> = set.of(&format!("{base}:macro"));
    if base == "recall" {
        averages.extend(set.of("balanced_accuracy"));
    }
    let mut found = Vec::new();
    if let Some(number) = averaged(set, &classes, supports) {
        let terms = terms(&classes, |_| Some(1.0 / number));
        let why = format!("the macro average is the mean of the {base} of all {number} classes");
        found.extend(against(&averages, terms, &why));
    }
    if let Some(supports) = supports {
        let weight = |class: &str| Some(*supports.of.get(class)? as f64 / supports.all as f64);
        let mut averages = set.of(&format!("{base}:weighted"));
        if base == "recall" {
            averages = shares_of_right(set);
        }
        let why =
            format!("the weighted average is the mean of the {base} of all classes, weighted by `supports`");
        found.extend(against(&averages, terms(&classes, weight), &why));
    }
    found
}

fn against(averages: &[(usize, Span)], terms: Option<Vec<Term>>, why: &str) -> Vec<Broken> {
    let Some(terms) = terms else { return Vec::new() };
    let members = averages
        .iter()
        .filter_map(|(index, span)| contradicting(*index, *span, &terms, 1.0));
    members.map(|members| (members, why.to_owned())).collect()
}

/// How many classes a macro average is the mean of. Without `supports`, all must be claimed, and none as a 0 or a 1
/// that may be 0/0 and left out.
fn averaged(set: &Set<'_>, classes: &[(usize, &str, Span)], supports: Option<&Supports<'_>>) -> Option<f64> {
    if let Some(supports) = supports {
        return Some(supports.of.len() as f64);
    }
    let number = set.facts.classes.filter(|_| set.facts.supports.is_empty())?;
    let defined = |(_, _, span): &(usize, &str, Span)| span.low > 0.0 && span.high < 1.0;
    (classes.len() as u64 == u64::from(number) && classes.iter().all(defined)).then_some(f64::from(number))
}

/// The claims about `BASE:class=NAME`, with the class; the first of each class.
fn of_classes<'a>(set: &'a Set<'_>, base: &str) -> Vec<(usize, &'a str, Span)> {
    let mut found: Vec<(usize, &str, Span)> = Vec::new();
    for (index, (_, claim)) in set.members.iter().enumerate() {
        let rest = claim.metric.strip_prefix(base);
        let Some(class) = rest.and_then(|rest| rest.strip_prefix(":class=")) else {
            continue;
        };
        if found.iter().all(|(_, known, _)| *known != class) {
            found.push((index, class, Span::printed(&claim.value)));
        }
    }
    found
}

/// `None` where a class has no weight.
fn terms(classes: &[(usize, &str, Span)], weight: impl Fn(&str) -> Option<f64>) -> Option<Vec<Term>> {
    let terms = classes.iter().map(|(index, class, span)| {
        let weight = weight(class)?;
        Some(Term {
            index: *index,
            low: weight * span.low.max(0.0),
            high: weight * span.high.min(1.0),
            most: weight,
        })
    });
    terms.collect()
}

/// The claim about the sum and the fewest terms that contradict it. `most` is the largest sum.
fn contradicting(sum: usize, span: Span, terms: &[Term], most: f64) -> Option<Vec<usize>> {
    let slack = EDGE * most;
    let above = fewest(terms, |term| term.low, span.high + slack);
    let below = || fewest(terms, |term| term.most - term.high, most - span.low + slack);
    let mut members = above.or_else(below)?;
    members.insert(0, sum);
    Some(members)
}

/// The fewest terms whose shares are more than `bound` together.
fn fewest(terms: &[Term], share: impl Fn(&Term) -> f64, bound: f64) -> Option<Vec<usize>> {
    let mut shares: Vec<(f64, usize)> = terms.iter().map(|term| (share(term), term.index)).collect();
    shares.sort_by(|one, other| other.0.total_cmp(&one.0));
    let mut total = 0.0;
    let mut members = Vec::new();
    for (share, index) in shares {
        total += share;
        members.push(index);
        if total > bound {
            return Some(members);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::consistent::{Random, printed};
    use super::super::tests::{claim, contradiction};
    use super::super::{AuditClaim, audit};

    /// 50 cats, 30 dogs and 20 newts.
    fn animals(metric: &str, value: &str) -> AuditClaim {
        let mut claim = claim(metric, value);
        claim.examples = Some(100);
        claim.facts.supports = [("cat", 50), ("dog", 30), ("newt", 20)]
            .map(|(class, support)| (class.to_owned(), support))
            .into();
        claim
    }

    #[track_caller]
    fn fits(claims: &[(&str, &str)]) {
        let claims: Vec<_> = claims
            .iter()
            .map(|(metric, value)| animals(metric, value))
            .collect();
        let found = audit(&claims);
        assert!(found.possible(), "{found:#?}");
    }

    #[track_caller]
    fn contradicts(claims: &[(&str, &str)], expected: &[&str]) {
        let claims: Vec<_> = claims
            .iter()
            .map(|(metric, value)| animals(metric, value))
            .collect();
        contradiction(&claims, expected);
    }

    #[test]
    fn right_examples_of_the_classes_add_up() {
        let recalls = [
            ("recall:class=cat", "0.90"),
            ("recall:class=dog", "0.80"),
            ("recall:class=newt", "0.70"),
        ];
        let with = |accuracy| [&recalls[..], &[("accuracy", accuracy)]].concat();
        fits(&with("0.83"));
        let all = [
            "accuracy",
            "recall:class=cat",
            "recall:class=dog",
            "recall:class=newt",
        ];
        contradicts(&with("0.82"), &all);
        contradicts(
            &with("0.84"),
            &[
                "accuracy",
                "recall:class=dog",
                "recall:class=newt",
                "recall:class=cat",
            ],
        );
        // 45 cats alone are more than 40 right examples, and 5 wrong ones leave at most 95.
        contradicts(&with("0.40"), &["accuracy", "recall:class=cat"]);
        contradicts(&with("0.95"), &["accuracy", "recall:class=dog"]);
    }

    #[test]
    fn macro_averages_are_means_of_the_classes() {
        let recalls = [
            ("recall:class=cat", "0.90"),
            ("recall:class=dog", "0.80"),
            ("recall:class=newt", "0.70"),
        ];
        let with = |metric, value| [&recalls[..], &[(metric, value)]].concat();
        fits(&with("recall:macro", "0.800"));
        fits(&with("balanced_accuracy", "0.80"));
        fits(&with("recall:weighted", "0.83"));
        contradicts(
            &with("balanced_accuracy", "0.82"),
            &[
                "balanced_accuracy",
                "recall:class=newt",
                "recall:class=dog",
                "recall:class=cat",
            ],
        );
        contradicts(
            &[("f1:macro", "0.90"), ("f1:class=dog", "0.61")],
            &["f1:macro", "f1:class=dog"],
        );
        contradicts(
            &[("precision:weighted", "0.30"), ("precision:class=cat", "0.70")],
            &["precision:weighted", "precision:class=cat"],
        );
        fits(&[("f1:macro", "0.90"), ("f1:class=dog", "0.71")]);
    }

    #[test]
    fn the_share_of_right_examples_has_one_value() {
        contradicts(
            &[("accuracy", "0.83"), ("f1:micro", "0.85")],
            &["accuracy", "f1:micro"],
        );
        contradicts(
            &[("error_rate", "0.20"), ("recall:weighted", "0.83")],
            &["recall:weighted", "error_rate"],
        );
        fits(&[("accuracy", "0.83"), ("f1:micro", "0.83"), ("error_rate", "17 %")]);
        contradicts(
            &[("balanced_accuracy", "0.83"), ("recall:macro", "0.80")],
            &["balanced_accuracy", "recall:macro"],
        );
    }

    #[test]
    fn without_supports_every_class_must_be_claimed() {
        let of_two = |metric: &str, value: &str| {
            let mut claim = animals(metric, value);
            claim.facts.supports.clear();
            claim.facts.classes = Some(3);
            claim
        };
        let one = of_two("f1:class=cat", "0.10");
        let two = of_two("f1:class=dog", "0.20");
        let three = of_two("f1:class=newt", "0.30");
        let mean = of_two("f1:macro", "0.90");
        assert!(audit(&[one.clone(), two.clone(), mean.clone()]).possible());
        assert!(!audit(&[one, two, three, mean]).possible());
    }

    /// Recall, precision and F1 of each class, and the averages, of a confusion matrix.
    fn values(matrix: &[Vec<u64>]) -> Vec<(String, f64)> {
        let classes = 0..matrix.len();
        let size = |class: usize| matrix[class].iter().sum::<u64>() as f64;
        let predicted = |class: usize| matrix.iter().map(|row| row[class]).sum::<u64>() as f64;
        let all: f64 = classes.clone().map(size).sum();
        let right: u64 = classes.clone().map(|class| matrix[class][class]).sum();
        let mut found = vec![];
        for metric in ["accuracy", "recall:micro", "precision:micro", "f1:micro"] {
            found.push((metric.to_owned(), right as f64 / all));
        }
        found.push(("error_rate".to_owned(), 1.0 - right as f64 / all));
        let value = |metric: &str, class: usize| {
            let right = matrix[class][class] as f64;
            let value = match metric {
                "recall" => right / size(class),
                "precision" => right / predicted(class),
                _ => 2.0 * right / (size(class) + predicted(class)),
            };
            if value.is_nan() { 0.0 } else { value }
        };
        for metric in ["recall", "precision", "f1"] {
            for class in classes.clone() {
                found.push((format!("{metric}:class={class}"), value(metric, class)));
            }
            let mean = classes.clone().map(|class| value(metric, class)).sum::<f64>() / matrix.len() as f64;
            let weighted = classes
                .clone()
                .map(|class| value(metric, class) * size(class))
                .sum::<f64>()
                / all;
            found.push((format!("{metric}:macro"), mean));
            found.push((format!("{metric}:weighted"), weighted));
            if metric == "recall" {
                found.push(("balanced_accuracy".to_owned(), mean));
            }
        }
        found
    }

    #[test]
    fn consistent_claims_about_classes_raise_no_alarm() {
        let mut random = Random::new(7);
        for _ in 0..2000 {
            let classes = random.between(2, 6) as usize;
            let supports: Vec<u64> = (0..classes).map(|_| random.between(1, 60)).collect();
            let runs = if random.coin() { 1 } else { random.between(2, 5) };
            let of_runs: Vec<_> = (0..runs)
                .map(|_| values(&matrix(&supports, &mut random)))
                .collect();
            let decimals = random.between(1, 4) as usize;
            let mut claims = Vec::new();
            for (place, (metric, _)) in of_runs[0].iter().enumerate() {
                if random.between(0, 2) == 0 {
                    continue;
                }
                let values: Vec<f64> = of_runs.iter().map(|run| run[place].1).collect();
                let mut claim = claim(metric, &printed(&values, decimals, &mut random));
                claim.examples = Some(supports.iter().sum());
                claim.runs = Some(runs as u32);
                let named = supports.iter().enumerate();
                claim.facts.supports = named
                    .map(|(class, support)| (class.to_string(), *support))
                    .collect();
                claims.push(claim);
            }
            let found = audit(&claims);
            assert!(found.possible(), "{claims:#?}\n{found:#?}");
        }
    }

    fn matrix(supports: &[u64], random: &mut Random) -> Vec<Vec<u64>> {
        let classes = supports.len() as u64;
        let rows = supports.iter().enumerate().map(|(class, support)| {
            let mut row = vec![0; supports.len()];
            for _ in 0..*support {
                let right = random.coin();
                let predicted = if right {
                    class
                } else {
                    random.between(0, classes - 1) as usize
                };
                row[predicted] += 1;
            }
            row
        });
        rows.collect()
    }
}
