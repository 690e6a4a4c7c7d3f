//! Perplexity, from the likelihoods that the code states.

use crate::measure::additive::{Additive, Statistics};
use crate::measure::registry::{About, Input};

/// The exponential of the losses of all texts over their tokens.
pub(in crate::measure) static PERPLEXITY: Additive = Additive {
    about: About::lower(
        "perplexity",
        "exponential of the mean negative log likelihood of a token",
    )
    .aka(&["ppl"])
    .range(1.0, f64::INFINITY)
    .options("log=e|over=corpus")
    .reference("definition"),
    input: Input::Likelihoods,
    examples: |predictions, _, _| {
        let mut statistics = Statistics::new(2);
        let likelihoods = predictions.likelihoods()?.iter();
        likelihoods.for_each(|of| statistics.push(&[of.loss, of.tokens]));
        Ok(statistics)
    },
    value: |sums| Some((sums.sums.first()? / sums.sums.get(1)?).exp()),
    chosen: |_| None,
};
