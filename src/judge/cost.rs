//! What the check cost, and whether the paper is worth its price to the reader.

use std::time::Duration;

use crate::manifest::{Adoption, Prices};
use crate::stats;

use super::compare::{ALPHA, ClaimJudgement, sign, usable};
use super::evidence::{ClaimEvidence, StepUsage};
use super::words::{grouped, short};

/// Seconds in an hour.
const HOUR: f64 = 3600.0;

/// What all steps together used, and what that costs.
#[derive(Clone, Debug, PartialEq)]
pub struct Cost {
    /// Wall-clock time of all runs, added up.
    pub wall: Duration,
    /// CPU core hours.
    pub cpu_hours: f64,
    /// GPU hours.
    pub gpu_hours: f64,
    /// How the GPU hours were found.
    pub gpu_method: GpuMethod,
    /// The most memory that a step used at once, in bytes.
    pub peak_memory: u64,
    /// The price of CPU and GPU hours together; `None` without prices.
    pub amount: Option<f64>,
    /// ISO 4217 code of `amount`.
    pub currency: Option<String>,
}

/// How GPU hours were found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GpuMethod {
    /// No step had a GPU.
    None,
    /// Measured on the device.
    Measured,
    /// At least one step could not be measured: the time for which it held its GPUs counts.
    Held,
}

impl GpuMethod {
    /// The word that reports and JSON use.
    pub fn code(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Measured => "measured",
            Self::Held => "held",
        }
    }
}

impl Cost {
    /// The cost of `steps`. Prices that are negative or no number count as none given.
    pub fn of(steps: &[StepUsage], prices: Option<&Prices>) -> Self {
        let cpu_hours = steps.iter().map(|step| step.usage.cpu.as_secs_f64()).sum::<f64>() / HOUR;
        let gpu_hours = steps.iter().map(StepUsage::gpu_seconds).sum::<f64>() / HOUR;
        let amount = prices.and_then(|prices| {
            Some(cpu_hours * price(prices.cpu_hour)? + gpu_hours * price(prices.gpu_hour)?)
        });
        Self {
            wall: steps
                .iter()
                .map(StepUsage::wall)
                .fold(Duration::ZERO, Duration::saturating_add),
            cpu_hours,
            gpu_hours: usable(gpu_hours).unwrap_or(0.0),
            gpu_method: gpu_method(steps),
            peak_memory: steps.iter().map(|step| step.usage.peak_memory).max().unwrap_or(0),
            amount: amount.and_then(usable),
            currency: prices.map(|prices| prices.currency.clone()),
        }
    }
}

fn price(given: f64) -> Option<f64> {
    usable(given).filter(|price| *price >= 0.0)
}

fn gpu_method(steps: &[StepUsage]) -> GpuMethod {
    let mut with_gpu = steps.iter().filter(|step| step.gpus > 0).peekable();
    if with_gpu.peek().is_none() {
        GpuMethod::None
    } else if with_gpu.all(|step| step.usage.gpu_seconds.is_some()) {
        GpuMethod::Measured
    } else {
        GpuMethod::Held
    }
}

/// The adopter's question, answered.
#[derive(Clone, Debug, PartialEq)]
pub struct AdoptionAnswer {
    /// The claim that was compared.
    pub claim: String,
    /// By how much the measured mean is better than the baseline, in points: hundredths of a metric between −1 and 1, else its own unit.
    pub gain: Option<f64>,
    /// What a point costs more than the baseline.
    pub per_point: Option<f64>,
    /// Whether that is within the reader's limit; `None`: no limit, no price or no measurement.
    pub worth_it: Option<bool>,
    /// All of it in one line.
    pub sentence: String,
}

/// Answers whether the paper is worth its price, by what was measured, never by what is claimed.
///
/// The cost is that of the whole check less the baseline's own GPU hours: an
/// incremental price for an incremental gain.
pub fn adoption(
    asked: &Adoption,
    evidence: &ClaimEvidence,
    judged: &ClaimJudgement,
    cost: &Cost,
    prices: Option<&Prices>,
) -> AdoptionAnswer {
    let Some(sample) = &judged.measured else {
        let why = judged
            .unmeasured
            .as_ref()
            .map_or_else(|| "no measurement".to_owned(), ToString::to_string);
        return silent(
            judged,
            format!("whether it is better than the baseline is not known: {why}"),
        );
    };
    let Some(baseline) = usable(asked.value) else {
        return silent(judged, "the baseline is not a usable number".to_owned());
    };
    let unit = Point::of(evidence);
    let gain = sign(judged.direction) * (sample.mean - baseline) / unit.size;
    let extra = Extra::of(asked, cost, prices);
    let per_point = extra
        .amount
        .filter(|_| gain > 0.0)
        .and_then(|amount| usable(amount.max(0.0) / gain));
    let limit = asked.limit_per_point.and_then(usable);
    let worth_it = if gain > 0.0 {
        per_point.zip(limit).map(|(price, limit)| price <= limit)
    } else {
        Some(false)
    };
    let sentence = [
        gain_words(gain, unit.name),
        noise_words(judged, baseline).to_owned(),
        extra.words(cost),
        worth_words(
            gain,
            per_point.zip(Some(extra.currency.as_str())),
            limit,
            unit.name,
        ),
    ];
    AdoptionAnswer {
        claim: judged.id.clone(),
        gain: usable(gain),
        per_point,
        worth_it,
        sentence: sentence.concat(),
    }
}

fn silent(judged: &ClaimJudgement, sentence: String) -> AdoptionAnswer {
    AdoptionAnswer {
        claim: judged.id.clone(),
        gain: None,
        per_point: None,
        worth_it: None,
        sentence,
    }
}

/// What a point is.
struct Point {
    size: f64,
    name: &'static str,
}

impl Point {
    fn of(evidence: &ClaimEvidence) -> Self {
        let bounded = evidence
            .range
            .is_some_and(|(low, high)| low >= -1.0 && high <= 1.0);
        if evidence.claimed.percent || bounded {
            Self {
                size: 0.01,
                name: "point",
            }
        } else {
            Self {
                size: 1.0,
                name: "unit",
            }
        }
    }
}

/// What it costs beyond the baseline.
struct Extra {
    gpu_hours: f64,
    amount: Option<f64>,
    currency: String,
    beyond: bool,
}

impl Extra {
    fn of(asked: &Adoption, cost: &Cost, prices: Option<&Prices>) -> Self {
        let own = asked.gpu_hours.and_then(price);
        let saved = own.unwrap_or(0.0);
        let saved_amount = prices
            .and_then(|prices| usable(saved * price(prices.gpu_hour)?))
            .unwrap_or(0.0);
        Self {
            gpu_hours: cost.gpu_hours - saved,
            amount: cost.amount.and_then(|amount| usable(amount - saved_amount)),
            currency: cost.currency.clone().unwrap_or_default(),
            beyond: saved > 0.0,
        }
    }

    /// ` for 8,064 GPU-hours (≈ $20,160)`
    fn words(&self, cost: &Cost) -> String {
        let more = if self.beyond { "more " } else { "" };
        let hours = if self.gpu_hours > 0.0 {
            format!(" for {}", hours(self.gpu_hours, &format!("{more}GPU-hour")))
        } else if self.beyond {
            " for no more GPU-hours".to_owned()
        } else {
            format!(" for {}", hours(cost.cpu_hours, "CPU-hour"))
        };
        match self.amount {
            Some(amount) => format!("{hours} (≈ {})", money(amount.max(0.0), &self.currency)),
            None => hours,
        }
    }
}

fn hours(value: f64, noun: &str) -> String {
    let number = if value >= 100.0 {
        grouped(value, 0)
    } else {
        short(value)
    };
    let plural = if number == "1" { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

fn gain_words(gain: f64, unit: &str) -> String {
    let plural = if format!("{:.1}", gain.abs()) == "1.0" {
        ""
    } else {
        "s"
    };
    let (sign, against) = if gain < 0.0 {
        ("−", "against")
    } else {
        ("+", "over")
    };
    format!(
        "{sign}{} {unit}{plural} {against} the baseline",
        grouped(gain.abs(), 1)
    )
}

/// Whether the runs tell the gain from none.
fn noise_words(judged: &ClaimJudgement, baseline: f64) -> &'static str {
    let Some((sample, sd)) = judged
        .measured
        .as_ref()
        .and_then(|sample| Some((sample, sample.sd?)))
    else {
        return " (single run)";
    };
    let runs = sample.runs() as f64;
    let half = stats::t_quantile(1.0 - ALPHA, runs - 1.0).unwrap_or(0.0) * sd / runs.sqrt();
    let gain = (sample.mean - baseline).abs();
    if gain <= half {
        " (within the noise of the runs)"
    } else {
        ""
    }
}

fn worth_words(gain: f64, price: Option<(f64, &str)>, limit: Option<f64>, unit: &str) -> String {
    if gain.is_nan() || gain <= 0.0 {
        return ": no better than the baseline, at any price".to_owned();
    }
    let Some((price, currency)) = price else {
        return String::new();
    };
    let each = format!(": {} a {unit}", money(price, currency));
    match limit {
        None => each,
        Some(limit) => {
            let not = if price <= limit { "" } else { "not " };
            format!(
                "{each} — {not}worth it at your limit of {} a {unit}",
                money(limit, currency)
            )
        }
    }
}

/// `$20,160`, `$0.02`, `CHF 12`.
fn money(amount: f64, currency: &str) -> String {
    let number = if amount == 0.0 || amount >= 100.0 {
        grouped(amount, 0)
    } else {
        grouped(amount, 2)
    };
    match currency {
        "USD" => format!("${number}"),
        "EUR" => format!("€{number}"),
        "GBP" => format!("£{number}"),
        "" => number,
        other => format!("{other} {number}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::execute::Usage;
    use crate::judge::compare;
    use crate::judge::testing::{claim, error_claim};

    fn step(gpus: u32, gpu_seconds: Option<f64>, wall: u64, cpu: u64) -> StepUsage {
        let (wall, cpu) = (Duration::from_secs(wall), Duration::from_secs(cpu));
        let usage = Usage {
            wall,
            cpu,
            peak_memory: 7,
            gpu_seconds,
        };
        StepUsage {
            step: "train".to_owned(),
            usage,
            gpus,
        }
    }

    fn prices() -> Prices {
        Prices {
            gpu_hour: 2.5,
            cpu_hour: 0.04,
            currency: "USD".to_owned(),
        }
    }

    fn asked(value: f64, gpu_hours: Option<f64>, limit: Option<f64>) -> Adoption {
        Adoption {
            claim: "claim".to_owned(),
            value,
            gpu_hours,
            limit_per_point: limit,
        }
    }

    fn answer(asked: &Adoption, evidence: &ClaimEvidence, steps: &[StepUsage]) -> AdoptionAnswer {
        let cost = Cost::of(steps, Some(&prices()));
        adoption(asked, evidence, &compare::claim(evidence), &cost, Some(&prices()))
    }

    #[test]
    fn the_adopters_question_is_answered_in_one_line() {
        let steps = [step(8, Some(8064.0 * 3600.0), 3600, 0)];
        let found = answer(
            &asked(0.815, None, Some(500.0)),
            &claim("83.0 %", &[0.825, 0.825]),
            &steps,
        );
        assert_eq!(
            found.sentence,
            "+1.0 point over the baseline for 8,064 GPU-hours (≈ $20,160): $20,160 a point — not worth it at your \
             limit of $500 a point"
        );
        assert_eq!(found.worth_it, Some(false));
    }

    #[test]
    fn what_the_baseline_costs_is_taken_off() {
        let steps = [step(1, Some(3.0 * 3600.0), 3600, 0)];
        let found = answer(
            &asked(0.815, Some(1.0), Some(500.0)),
            &claim("83.0 %", &[0.83]),
            &steps,
        );
        assert_eq!(
            found.sentence,
            "+1.5 points over the baseline (single run) for 2 more GPU-hours (≈ $5.00): $3.33 a point — worth it at \
             your limit of $500 a point"
        );
    }

    #[test]
    fn no_better_is_no_bargain() {
        let found = answer(
            &asked(0.85, None, Some(500.0)),
            &claim("83.0 %", &[0.83, 0.83]),
            &[step(0, None, 60, 3600)],
        );
        assert_eq!(
            found.sentence,
            "−2.0 points against the baseline for 1 CPU-hour (≈ $0.04): no better than the baseline, at any price"
        );
        assert_eq!((found.worth_it, found.per_point), (Some(false), None));
    }

    #[test]
    fn an_error_counts_in_its_own_unit_and_noise_is_named() {
        let found = answer(
            &asked(2.9, None, None),
            &error_claim("2.8", &[2.6, 2.9]),
            &[step(0, None, 60, 3600)],
        );
        assert_eq!(
            found.sentence,
            "+0.1 units over the baseline (within the noise of the runs) for 1 CPU-hour (≈ $0.04): $0.27 a unit"
        );
        assert_eq!(found.worth_it, None);
    }

    #[test]
    fn without_a_measurement_there_is_no_answer() {
        let found = answer(&asked(0.8, None, Some(1.0)), &claim("83.0 %", &[]), &[]);
        assert_eq!((found.gain, found.worth_it), (None, None));
        assert!(
            found
                .sentence
                .starts_with("whether it is better than the baseline is not known: measurement-missing")
        );
    }

    #[test]
    fn gpu_time_that_could_not_be_measured_is_the_time_held_and_says_so() {
        let measured = Cost::of(&[step(2, Some(1800.0), 3600, 0)], None);
        assert_eq!(
            (measured.gpu_hours, measured.gpu_method),
            (0.5, GpuMethod::Measured)
        );
        let held = Cost::of(&[step(2, None, 3600, 0), step(1, Some(3600.0), 3600, 0)], None);
        assert_eq!((held.gpu_hours, held.gpu_method), (3.0, GpuMethod::Held));
        let none = Cost::of(&[step(0, None, 3600, 7200)], Some(&prices()));
        assert_eq!(
            (none.cpu_hours, none.gpu_method, none.amount),
            (2.0, GpuMethod::None, Some(0.08))
        );
        assert_eq!(measured.amount, None);
    }

    #[test]
    fn a_price_that_is_no_price_gives_no_amount() {
        let odd = Prices {
            gpu_hour: -1.0,
            ..prices()
        };
        assert_eq!(Cost::of(&[step(0, None, 1, 1)], Some(&odd)).amount, None);
    }
}
