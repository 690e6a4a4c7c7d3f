//! Planted readings, and how often they are found again.

use super::*;
use crate::measure::{Grouping, metric};

/// Random numbers that are the same everywhere: Marsaglia's xorshift.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    /// Between 0 and 1.
    fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Labels of `classes` unequal classes, predictions that are right more often than not, and scores that nearly agree.
fn classified(numbers: &mut Numbers, classes: usize, examples: usize) -> Predictions {
    let skill = 0.3 + 0.5 * numbers.share();
    let tilt = 0.4 + 0.5 * numbers.share();
    let names: Vec<String> = (0..classes).map(|class| class.to_string()).collect();
    let draw = |numbers: &mut Numbers| {
        let class = (0..classes - 1).find(|_| numbers.share() < tilt);
        class.unwrap_or(classes - 1)
    };
    let (mut truth, mut predicted, mut scores) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..examples {
        let class = draw(numbers);
        let guess = if numbers.share() < skill {
            class
        } else {
            draw(numbers)
        };
        truth.push(names[class].clone());
        predicted.push(names[guess].clone());
        scores.push(if classes == 2 {
            (0.25 + 0.5 * guess as f64 + 0.7 * (numbers.share() - 0.5)).clamp(0.0, 1.0)
        } else {
            0.0
        });
    }
    let groups = (0..examples).map(|row| (row % 5) as u32).collect();
    let given = Predictions::from_classes(&truth, Some(&predicted)).expect("classes");
    let given = if classes == 2 {
        given.with_scores(scores).expect("scores")
    } else {
        given
    };
    given.with_groups(Grouping::Strata, groups).expect("groups")
}

fn measured(numbers: &mut Numbers, examples: usize) -> Predictions {
    let (mean, spread) = (20.0 + 50.0 * numbers.share(), 1.0 + 9.0 * numbers.share());
    let noise = 0.2 + numbers.share();
    let truth: Vec<f64> = (0..examples)
        .map(|_| mean + spread * (numbers.share() + numbers.share() - 1.0))
        .collect();
    let predicted = truth
        .iter()
        .map(|truth| truth + noise * spread * (numbers.share() - 0.45));
    Predictions::from_numbers(truth.clone(), predicted.collect()).expect("numbers")
}

/// What a paper may state, and predictions to which it applies.
fn study(numbers: &mut Numbers) -> (Named, Predictions) {
    let examples = 300 + numbers.below(1500);
    let of_two = [
        "f1",
        "precision",
        "recall",
        "f1:macro",
        "accuracy",
        "roc_auc",
        "f1:weighted",
        "log_loss",
    ];
    let of_many = [
        "f1:macro",
        "f1:micro",
        "f1:weighted",
        "precision:macro",
        "recall:macro",
        "accuracy",
        "cohen_kappa",
    ];
    let of_numbers = ["mae", "rmse", "mse", "r2", "pearson", "median_absolute_error"];
    let (names, given): (&[&str], _) = match numbers.below(3) {
        0 => (&of_two, classified(numbers, 2, examples)),
        1 => {
            let classes = 3 + numbers.below(5);
            (&of_many, classified(numbers, classes, examples))
        }
        _ => (&of_numbers, measured(numbers, examples)),
    };
    let name = names[numbers.below(names.len())];
    (metric(name).expect("a metric"), given)
}

/// `value` as it would be printed with so many decimals.
fn printed(value: f64, decimals: usize) -> f64 {
    format!("{value:.decimals$}").parse().expect("a number")
}

/// The share of planted readings that are among those named, and the share that are named alone.
fn found_again(decimals: usize, farthest: u32, studies: usize) -> (f64, f64) {
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let half_unit = 0.5 / 10_f64.powi(decimals as i32);
    let (mut planted, mut among, mut alone) = (0, 0, 0);
    while planted < studies {
        let (stated, given) = study(&mut numbers);
        let readings = readings(&stated, &given);
        let as_stated = readings[0].value;
        // Nobody asks where the number as stated is the number that was printed.
        let other = |reading: &&Reading| {
            (reading.value - as_stated).abs() > 2.0 * half_unit && (1..=farthest).contains(&reading.departure)
        };
        let others: Vec<&Reading> = readings.iter().filter(other).collect();
        let Some(truth) = others.get(numbers.below(others.len().max(1))) else {
            continue;
        };
        planted += 1;
        let Some(found) = nearest(&readings, printed(truth.value, decimals), half_unit) else {
            continue;
        };
        // Two readings that are the same number on these data are one reading of it.
        let same = |reading: &Reading| (reading.value - truth.value).abs() < 1e-9;
        among += usize::from(found.readings.iter().any(same));
        alone += usize::from(found.readings.iter().all(same));
    }
    (among as f64 / planted as f64, alone as f64 / planted as f64)
}

#[test]
fn planted_readings_are_found_again() {
    for (decimals, farthest, least) in [(4, 1, 0.97), (4, 2, 0.95), (3, 1, 0.95)] {
        let (among, alone) = found_again(decimals, farthest, 200);
        println!(
            "{decimals} decimals, up to {farthest} departures: named {among:.3}, named alone {alone:.3}"
        );
        assert!(among >= least, "{decimals} decimals, up to {farthest}: {among}");
        assert!(
            alone >= least - 0.1,
            "{decimals} decimals, up to {farthest}: {alone}"
        );
    }
}

#[test]
fn a_weighted_average_in_place_of_the_macro_average_is_named() {
    let truth = ["a", "a", "a", "a", "a", "a", "b", "b", "c", "c"];
    let predicted = ["a", "a", "a", "a", "a", "b", "b", "a", "c", "a"];
    let given = Predictions::from_classes(&truth, Some(&predicted)).expect("classes");
    let stated = metric("f1:macro").expect("a metric");
    let readings = readings(&stated, &given);
    assert_eq!(
        (readings[0].words.as_str(), readings[0].departure),
        ("macro F1", 0)
    );
    let weighted = metric("f1:weighted")
        .expect("a metric")
        .compute(&given, Rows::All)
        .expect("a value");
    let found = nearest(&readings, printed(weighted, 3), 0.0005).expect("a reading");
    assert_eq!(
        (found.words().as_str(), found.as_stated()),
        ("weighted F1", false)
    );
    let as_stated = nearest(&readings, readings[0].value, 0.0).expect("a reading");
    assert!(as_stated.as_stated());
    assert_eq!(nearest(&readings, 0.123_456_789, 0.0), None);
}

#[test]
fn a_number_that_was_cut_off_is_the_reading_as_stated_cut_off() {
    let readings = [Reading {
        words: "accuracy".to_owned(),
        departure: 0,
        value: 0.8769,
    }];
    let found = nearest(&readings, 0.876, 0.0005).expect("a reading");
    assert_eq!(
        (found.words().as_str(), found.as_stated()),
        ("accuracy, cut off and not rounded", false)
    );
    assert_eq!(nearest(&readings, 0.875, 0.0005), None);
    assert_eq!(nearest(&readings, 0.878, 0.0005), None);
}

#[test]
fn readings_that_fit_alike_are_all_named() {
    let reading = |words: &str, departure, value| Reading {
        words: words.to_owned(),
        departure,
        value,
    };
    let readings = [
        reading("as stated", 0, 0.5),
        reading("one", 1, 0.7001),
        reading("other", 1, 0.6999),
        reading("far", 2, 0.7),
    ];
    let found = nearest(&readings, 0.70, 0.005).expect("readings");
    assert_eq!(found.words(), "one or other");
}

#[test]
fn thresholds_and_folds_are_readings() {
    let truth = ["0", "0", "0", "1", "1", "1"];
    let predicted = ["0", "0", "1", "1", "0", "1"];
    let given = Predictions::from_classes(&truth, Some(&predicted))
        .and_then(|given| given.with_scores(vec![0.1, 0.2, 0.3, 0.4, 0.45, 0.9]))
        .and_then(|given| given.with_groups(Grouping::Clusters, vec![0, 0, 1, 1, 1, 1]))
        .expect("predictions");
    let readings = readings(&metric("accuracy").expect("a metric"), &given);
    let value = |words: &str| {
        readings
            .iter()
            .find(|reading| reading.words == words)
            .map(|reading| reading.value)
    };
    let share = |value: Option<f64>, expected: f64| {
        let value = value.unwrap_or_else(|| panic!("not among {readings:?}"));
        assert!((value - expected).abs() < 1e-12, "{value}");
    };
    share(value("accuracy"), 4.0 / 6.0);
    share(value("accuracy of the scores from 0.5"), 4.0 / 6.0);
    share(
        value("accuracy at the threshold 0.4 that gives the best accuracy on the test data"),
        1.0,
    );
    share(value("accuracy, averaged over the groups"), 0.75);
    share(value("accuracy taken from 1"), 2.0 / 6.0);
}
