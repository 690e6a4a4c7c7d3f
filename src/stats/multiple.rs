//! Many tests at once.

/// p values adjusted so that calling those up to q significant makes, on average, at most a share q of the calls false.
///
/// In the order of `values`. `None` where one of them is not between 0 and 1.
/// The guarantee holds for independent tests and for those that depend on each
/// other positively, as claims measured on one test set mostly do. Agrees with
/// `scipy.stats.false_discovery_control` and with
/// `statsmodels.stats.multitest.multipletests(method="fdr_bh")`.
///
/// Reference: Y. Benjamini and Y. Hochberg, *Controlling the false discovery rate: a
/// practical and powerful approach to multiple testing*, Journal of the Royal
/// Statistical Society B 57 (1995).
///
/// # Examples
///
/// ```
/// use reproof::stats::benjamini_hochberg;
///
/// let adjusted = benjamini_hochberg(&[0.04, 0.01, 0.30]).expect("p values");
/// assert!((adjusted[0] - 0.06).abs() < 1e-15 && (adjusted[1] - 0.03).abs() < 1e-15);
/// assert_eq!(benjamini_hochberg(&[0.5, 1.5]), None);
/// ```
pub fn benjamini_hochberg(values: &[f64]) -> Option<Vec<f64>> {
    if values.iter().any(|p| !(0.0..=1.0).contains(p)) {
        return None;
    }
    let count = values.len() as f64;
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut adjusted = vec![1.0; values.len()];
    let mut least: f64 = 1.0;
    for (rank, &index) in order.iter().enumerate().rev() {
        least = least.min(values[index] * (count / (rank as f64 + 1.0)));
        adjusted[index] = least;
    }
    Some(adjusted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_test_stays_as_it_is_and_none_needs_nothing() {
        assert_eq!(benjamini_hochberg(&[0.03]), Some(vec![0.03]));
        assert_eq!(benjamini_hochberg(&[]), Some(vec![]));
        assert_eq!(benjamini_hochberg(&[f64::NAN]), None);
    }

    #[test]
    fn equal_values_are_adjusted_alike() {
        assert_eq!(
            benjamini_hochberg(&[0.02, 0.5, 0.02]),
            Some(vec![0.03, 0.5, 0.03])
        );
    }
}
