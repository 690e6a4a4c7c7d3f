//! Errors relative to the size of the numbers or to a naive forecast, and the loss of a quantile.

use super::{Asked, OfNumbers, Pairs, of_numbers, truth_median};
use crate::error::Fault;
use crate::measure::registry::{About, Parameter};
use crate::measure::sum::sum;
use crate::reason::{Unmeasured, invalid};

/// Undefined where any number is −1 or less.
///
/// Agrees with `sklearn.metrics.root_mean_squared_log_error`.
pub(in crate::measure) static RMSLE: OfNumbers = OfNumbers {
    constant: Some(|pairs| pairs.mean(|truth, _| truth.ln_1p()).exp_m1()),
    ..of_numbers(
        About::lower("rmsle", "root mean squared logarithmic error")
            .aka(&["root mean squared log error", "root_mean_squared_log_error"])
            .options("log=ln(1+x)")
            .reference("scikit-learn 1.9.1 `root_mean_squared_log_error`"),
        |pairs, asked| {
            let mut all = pairs.truth.iter().chain(&pairs.predicted);
            if let Some(number) = all.find(|number| **number <= -1.0) {
                let detail = format!(
                    "`{}` is undefined: {number} is not above −1, and has no logarithm",
                    asked.about.name
                );
                return Err(invalid(Fault::Paper, detail));
            }
            let square = pairs.mean(|truth, guess| (truth.ln_1p() - guess.ln_1p()).powi(2));
            Ok(square.sqrt())
        },
    )
};

/// A true number nearer to 0 than the spacing of `f64` at 1 counts as that spacing.
///
/// Agrees with `sklearn.metrics.mean_absolute_percentage_error`, a fraction and not a percentage.
pub(in crate::measure) static MAPE: OfNumbers = of_numbers(
    About::lower("mape", "mean absolute percentage error, as a fraction")
        .aka(&["mean absolute percentage error", "mean_absolute_percentage_error"])
        .options("eps=2.2e-16")
        .reference("scikit-learn 1.9.1 `mean_absolute_percentage_error`"),
    |pairs, _| Ok(pairs.mean(|truth, guess| (guess - truth).abs() / truth.abs().max(f64::EPSILON))),
);

/// The absolute error over the mean of both sizes; 0 where both are 0.
///
/// The form of the M4 competition as a fraction. Agrees with sktime's
/// `mean_absolute_percentage_error(symmetric=True)`.
pub(in crate::measure) static SMAPE: OfNumbers = of_numbers(
    About::lower(
        "smape",
        "symmetric mean absolute percentage error, as a fraction from 0 to 2",
    )
    .aka(&["symmetric mape", "symmetric mean absolute percentage error"])
    .range(0.0, 2.0)
    .options("denominator=mean of both")
    .reference("sktime 1.2.0 `mean_absolute_percentage_error(symmetric=True)`"),
    |pairs, _| {
        Ok(pairs.mean(|truth, guess| {
            // Halved before they are added, so that no sum overflows.
            let size = truth.abs() / 2.0 + guess.abs() / 2.0;
            if size == 0.0 {
                0.0
            } else {
                (truth / size - guess / size).abs()
            }
        }))
    },
);

const MASE_REFERENCE: &str = "sktime 1.2.0 `mean_absolute_scaled_error`";

/// The mean absolute error over that, on the training series, of repeating the number before.
///
/// Agrees with sktime's `mean_absolute_scaled_error`. Undefined where the naive
/// forecast makes no error, where sktime divides by a tiny number. Reference: R.
/// Hyndman and A. Koehler, *Another look at measures of forecast accuracy*, 2006.
pub(in crate::measure) static MASE: OfNumbers = of_numbers(
    About::lower("mase", "mean absolute error over that of the naive forecast")
        .aka(&["mean absolute scaled error"])
        .options("season=1")
        .reference(MASE_REFERENCE),
    mase,
);

/// As [`MASE`], repeating the number of K steps before.
pub(in crate::measure) static MASE_AT: OfNumbers = of_numbers(
    About::lower(
        "mase@K",
        "mean absolute error over that of the seasonal naive forecast of period K",
    )
    .aka(&["mean absolute scaled error@K"])
    .reference(MASE_REFERENCE),
    mase,
);

fn mase(pairs: &Pairs, asked: &Asked<'_>) -> Result<f64, Unmeasured> {
    let season = match asked.parameter {
        Parameter::Count(season) => *season,
        Parameter::None | Parameter::Number(_) | Parameter::Class(_) => 1,
    };
    let name = asked.about.name;
    let Some(train) = asked.train else {
        let detail = format!(
            "`{name}` needs the numbers of the training series, which a predictions file does not hold"
        );
        return Err(invalid(Fault::Manifest, detail).hint(
            "give them to `reproof metrics` as `--train`; in a manifest, measure it from what the code prints",
        ));
    };
    let steps = || train.iter().zip(train.iter().skip(season));
    let count = steps().count();
    if count == 0 {
        let detail = format!(
            "`{name}` needs more than {season} training numbers, and there are {}",
            train.len()
        );
        return Err(invalid(Fault::Manifest, detail));
    }
    let naive = sum(steps().map(|(before, number)| (number - before).abs())) / count as f64;
    if naive == 0.0 {
        let detail =
            format!("`{name}` is undefined: the naive forecast makes no error on the training series");
        return Err(invalid(Fault::Manifest, detail));
    }
    Ok(pairs.mean(|truth, guess| (truth - guess).abs()) / naive)
}

const PINBALL_REFERENCE: &str = "scikit-learn 1.9.1 `mean_pinball_loss`";

/// Agrees with `sklearn.metrics.mean_pinball_loss(alpha=0.5)`: half the mean absolute error.
pub(in crate::measure) static PINBALL: OfNumbers = OfNumbers {
    constant: Some(truth_median),
    ..of_numbers(
        About::lower("pinball", "pinball loss at the median")
            .aka(&["mean pinball loss", "pinball loss", "mean_pinball_loss"])
            .options("alpha=0.5")
            .reference(PINBALL_REFERENCE),
        pinball,
    )
};

/// Agrees with `sklearn.metrics.mean_pinball_loss(alpha=Q)`.
pub(in crate::measure) static PINBALL_AT: OfNumbers = of_numbers(
    About::lower("pinball@Q", "pinball loss at quantile Q")
        .aka(&["quantile loss@Q", "mean pinball loss@Q", "pinball loss@Q"])
        .reference(PINBALL_REFERENCE),
    pinball,
);

fn pinball(pairs: &Pairs, asked: &Asked<'_>) -> Result<f64, Unmeasured> {
    let quantile = match asked.parameter {
        Parameter::Number(quantile) => *quantile,
        Parameter::None | Parameter::Count(_) | Parameter::Class(_) => 0.5,
    };
    Ok(pairs.mean(|truth, guess| {
        let below = truth - guess;
        if below >= 0.0 {
            quantile * below
        } else {
            (quantile - 1.0) * below
        }
    }))
}
