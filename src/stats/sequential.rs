//! Intervals that may be looked at after every run.

/// How wide the mixture over the true mean is, in squared standard deviations of one run.
const MIXTURE: f64 = 1.0;

/// The anytime-valid counterpart of the quantile t(1 − `alpha`, `df`).
///
/// `information` is the variance of one run over the variance of the estimate: n for the mean of n runs. The
/// interval `estimate` ∓ quantile·SE errs on each side with a chance of at most `alpha`, even if it is looked at
/// after every run and the looking stops when it suits, as long as runs are normal. It is the set of all μ₀ with
/// e(μ₀) < 1/(2α), where
///
/// > e = (1 + I)^(−1/2) · [ (1 + t²/ν) / (1 + t²/(ν·(1 + I))) ]^((ν+1)/2)
///
/// is a mixture of likelihood ratios and so, under μ₀, a nonnegative martingale that starts at 1; by Ville's
/// inequality it exceeds 1/(2α) with a chance of at most 2α.
///
/// `None` where the set has no ends (too few runs), and for impossible arguments.
///
/// References: T. L. Lai, *On confidence sequences*, Annals of Statistics 4 (1976); H. Wang and A. Ramdas,
/// *Anytime-valid t-tests and confidence sequences for Gaussian means with unknown variance*, Sequential Analysis (2025).
///
/// # Examples
///
/// ```
/// use reproof::stats::{anytime_quantile, t_quantile};
///
/// assert_eq!(anytime_quantile(0.05, 2.0, 3.0), None); // three runs say nothing yet
/// let (anytime, fixed) = (anytime_quantile(0.05, 9.0, 10.0), t_quantile(0.95, 9.0));
/// assert!(anytime > fixed); // the price of looking
/// ```
pub fn anytime_quantile(alpha: f64, df: f64, information: f64) -> Option<f64> {
    let possible = alpha > 0.0 && alpha < 0.5 && df > 0.0 && information > 0.0;
    if !possible || !information.is_finite() {
        return None;
    }
    let gain = MIXTURE * information;
    // e < 1/(2α) ⇔ (1 + u)/(1 + u/(1 + g)) < ratio, u = t²/ν; on the logarithmic scale for many degrees of freedom
    let log = (0.5 * gain.ln_1p() - (2.0 * alpha).ln()) * 2.0 / (df + 1.0);
    let (excess, room) = (log.exp_m1(), 1.0 - (log - gain.ln_1p()).exp());
    if room <= 0.0 {
        return None;
    }
    let quantile = if df.is_finite() {
        (df * excess / room).sqrt()
    } else {
        ((gain.ln_1p() - 2.0 * (2.0 * alpha).ln()) * (1.0 + 1.0 / gain)).sqrt()
    };
    super::finite(quantile)
}

/// Half the width of the interval around an estimate with standard error `se`; see [`anytime_quantile`].
///
/// A spread of 0 is a fact: half of 0 is 0.
pub fn anytime_half_width(se: f64, df: f64, information: f64, alpha: f64) -> Option<f64> {
    if se == 0.0 {
        return Some(0.0);
    }
    super::finite(anytime_quantile(alpha, df, information)? * se).filter(|half| *half >= 0.0)
}
