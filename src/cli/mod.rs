//! The command line: arguments in, one short function per subcommand, an exit code out.

mod audit;
mod cache;
mod commands;
mod doctor;
mod exit;
mod judge;
mod metrics;
mod plan;
mod profile;
mod settings;
mod terminal;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum};

use settings::Settings;
use terminal::{ColorChoice, Terminal, Verbosity};

/// Does a paper's code do what the paper says, and can it be relied on?
///
/// One manifest, one command, a score out of ten, a verdict, and a report that can be attached.
#[derive(Debug, Parser)]
#[command(name = "reproof", version, propagate_version = true, max_term_width = 100, after_help = EXAMPLES)]
struct Arguments {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  reproof demo                          a real example, checked; needs no network
  reproof check manifests/2014-vader.toml
  reproof audit paper.toml              can the claims be true at all?
  reproof plan paper.toml               what would be done, before anything runs
  reproof doctor                        what this machine can do

Exit codes: 0 the policy holds, 1 it does not, 2 wrong usage or manifest, 3 undecided, 130 interrupted.";

/// Options of every command.
#[derive(Args, Debug)]
struct Global {
    /// How results are written
    #[arg(long, global = true, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
    /// Says nothing but results and errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,
    /// Also shows what the paper's code writes, as it runs
    #[arg(short, long, global = true)]
    verbose: bool,
    /// When to use colour; `NO_COLOR` is honoured too
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    color: ColorChoice,
    /// Folder of the cache [default: reproof/ in the user's cache folder]
    #[arg(long, global = true, value_name = "DIR", env = "REPROOF_CACHE")]
    cache_dir: Option<PathBuf>,
    /// Fetches nothing: what is not in the cache is missing
    #[arg(long, global = true)]
    offline: bool,
    /// The interpreter to use where it is the wanted version, before all that are found
    #[arg(long, global = true, value_name = "PATH")]
    python: Option<PathBuf>,
    /// A host that packages may be fetched from besides those of the index; may be given several times
    #[arg(long, global = true, value_name = "HOST[:PORT]")]
    package_host: Vec<String>,
}

/// How results are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Writes a small real example into a new folder and checks it; needs no network, no packages, no GPU
    #[command(after_help = "Example:\n  reproof demo wine")]
    Demo(DemoArguments),
    /// Checks papers: runs their code confined, measures, and judges the claims
    #[command(
        after_help = "Examples:\n  reproof check paper.toml\n  reproof check --require adopt --format json paper.toml > record.json\n  reproof check --fresh manifests/*.toml"
    )]
    Check(CheckArguments),
    /// Judges the claims alone, by arithmetic: whether each can be true, and whether they can be true together
    #[command(
        after_help = "Examples:\n  reproof audit paper.toml\n  reproof audit --examples 178 --claim accuracy=96.1%\n  reproof audit --examples 178 --positives 71 --claim recall=95.8% --claim specificity=96.3% --claim f1=0.951\n\nExit codes: 0 every claim can be true, 1 one cannot, 2 wrong usage or manifest."
    )]
    Audit(AuditArguments),
    /// Says what would be done, fetched and run, and what is missing, before anything runs
    #[command(after_help = "Example:\n  reproof plan paper.toml")]
    Plan(ManifestArgument),
    /// Resolves every pin of a manifest into NAME.lock beside it
    #[command(after_help = "Example:\n  reproof lock paper.toml")]
    Lock(LockArguments),
    /// Judges numbers given here, without running anything
    #[command(
        after_help = "Examples:\n  reproof judge --metric accuracy --claimed \"83.0 ± 0.7 %\" --claimed-runs 100 --measured 0.821,0.829,0.834\n  reproof judge --metric rmse --claimed 3.3 --measured 3.4,3.2,3.3,3.5 --anytime\n  echo '{\"metric\":\"accuracy\",\"claimed\":\"94 %\",\"measured\":[0.93,0.95]}' | reproof judge --cases -"
    )]
    Judge(JudgeArguments),
    /// Recomputes metrics from predictions and labels
    #[command(
        after_help = "Examples:\n  reproof metrics --truth labels.csv --target y --predictions predictions.parquet\n  reproof metrics --truth labels.csv --target y --predictions predictions.csv --metric accuracy --metric f1:macro --id id\n  reproof metrics --truth y.npy --predictions scores.npz --metric roc_auc --column score=probability --positive yes\n  reproof metrics --truth labels.csv --target y --predictions predictions.csv --metric f1:macro --interval --claimed 0.871\n\nEvery label needs exactly one prediction. Ids are used where `--id` names them or both files have a column `id`; else rows are taken in their order.\n\nExit codes: 0 every metric was computed, 1 the predictions do not allow it, 2 wrong usage, or labels that do not."
    )]
    Metrics(MetricsArguments),
    /// Looks at the data: missing values, leakage of the label, information values, drift between splits
    #[command(
        after_help = "Examples:\n  reproof profile data.csv\n  reproof profile --train train.csv --test test.csv --target y\n  reproof profile --train train.csv --test test.csv --target y --id patient --format json > profile.json\n  reproof profile --train train-images --test test-images.zip\n\nExit codes: 0 the data was profiled, whatever was found, 2 wrong usage, 3 a file could not be read."
    )]
    Profile(ProfileArguments),
    /// Says what this machine can do, and the exact fix for what is missing
    #[command(after_help = "Example:\n  reproof doctor --format json")]
    Doctor,
    /// Lists, verifies or prunes the cache
    #[command(
        after_help = "Examples:\n  reproof cache list\n  reproof cache verify\n  reproof cache prune --older-than 30d"
    )]
    Cache {
        #[command(subcommand)]
        action: CacheAction,
    },
    /// Prints the JSON Schema of manifests, for editors, or of run records, for programs
    #[command(
        after_help = "Examples:\n  reproof schema > manifest.schema.json\n  reproof schema record > record.schema.json"
    )]
    Schema {
        /// Of what
        #[arg(value_enum, default_value_t)]
        of: Schema,
    },
    /// Prints shell completions
    #[command(
        after_help = "Example:\n  reproof completions bash > ~/.local/share/bash-completion/completions/reproof"
    )]
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Prints the manual page
    #[command(after_help = "Example:\n  reproof man > ~/.local/share/man/man1/reproof.1")]
    Man,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Schema {
    /// A manifest
    #[default]
    Manifest,
    /// What `check --format json` prints
    Record,
}

#[derive(Args, Debug)]
struct DemoArguments {
    /// The new folder
    #[arg(default_value = "reproof-demo")]
    folder: PathBuf,
    /// Only writes the example
    #[arg(long)]
    no_check: bool,
    #[command(flatten)]
    confinement: Confinement,
}

#[derive(Args, Debug)]
struct ManifestArgument {
    /// The manifest
    manifest: PathBuf,
}

#[derive(Args, Debug)]
struct AuditArguments {
    /// The manifests
    #[arg(required_unless_present = "claim")]
    manifests: Vec<PathBuf>,
    /// A claim without a manifest, such as `accuracy=96.1%`; all of them are about one model
    #[arg(long, value_name = "METRIC=VALUE", conflicts_with = "manifests")]
    claim: Vec<String>,
    /// The number of test examples
    #[arg(long, value_name = "N", conflicts_with = "manifests", value_parser = clap::value_parser!(u64).range(1..))]
    examples: Option<u64>,
    /// How many of them are of the positive class
    #[arg(long, value_name = "N", conflicts_with = "manifests")]
    positives: Option<u64>,
    /// The number of runs behind each value
    #[arg(long, value_name = "N", conflicts_with = "manifests", value_parser = clap::value_parser!(u32).range(1..))]
    runs: Option<u32>,
}

#[derive(Args, Debug)]
struct LockArguments {
    /// The manifest
    manifest: PathBuf,
    #[command(flatten)]
    confinement: Confinement,
}

#[derive(Args, Debug)]
struct CheckArguments {
    /// The manifests
    #[arg(required = true)]
    manifests: Vec<PathBuf>,
    /// What must hold for exit code 0
    #[arg(long, value_enum, default_value_t, value_name = "POLICY")]
    require: Policy,
    /// Redoes everything, whatever earlier runs left
    #[arg(long)]
    fresh: bool,
    #[command(flatten)]
    confinement: Confinement,
}

#[derive(Args, Clone, Copy, Debug, Default)]
struct Confinement {
    /// The least confinement that is accepted
    #[arg(long, value_enum, default_value_t, value_name = "TIER")]
    sandbox: Sandbox,
    /// Runs the paper's code unconfined; recorded, and costs the safety check
    #[arg(long, conflicts_with = "sandbox")]
    no_sandbox: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Sandbox {
    /// Namespaces, Landlock and seccomp
    #[default]
    Full,
    /// Landlock and seccomp alone are enough
    Landlock,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Policy {
    /// The verdict is `trusted`
    Adopt,
    /// The verdict is `trusted` or `caution`
    #[default]
    Review,
    /// Nothing is worse than in the previous run
    Nightly,
}

impl From<Policy> for reproof::judge::Policy {
    fn from(policy: Policy) -> Self {
        match policy {
            Policy::Adopt => Self::Adopt,
            Policy::Review => Self::Review,
            Policy::Nightly => Self::Nightly,
        }
    }
}

#[derive(Args, Debug)]
struct ProfileArguments {
    /// A table (CSV, TSV, JSON Lines, Parquet or NumPy arrays, gzipped or not), or a folder or archive of pictures
    #[arg(required_unless_present = "train", conflicts_with_all = ["train", "test"])]
    file: Option<PathBuf>,
    /// The training split
    #[arg(long, value_name = "FILE")]
    train: Option<PathBuf>,
    /// The test split, compared with the training split
    #[arg(long, value_name = "FILE", requires = "train")]
    test: Option<PathBuf>,
    /// The column of the label
    #[arg(long, value_name = "COLUMN")]
    target: Option<String>,
    /// The column that names the row
    #[arg(long, value_name = "COLUMN")]
    id: Option<String>,
    /// The column of what rows have in common, such as a patient
    #[arg(long, value_name = "COLUMN")]
    group: Option<String>,
    /// The column of when the row came to be
    #[arg(long, value_name = "COLUMN")]
    time: Option<String>,
    /// A column that is not looked at; may be given several times
    #[arg(long, value_name = "COLUMN")]
    ignore: Vec<String>,
}

#[derive(Args, Debug)]
struct JudgeArguments {
    /// The metric, such as `accuracy` or `f1:macro`
    #[arg(long, required_unless_present = "cases")]
    metric: Option<String>,
    /// The value as printed, such as "83.0 ± 0.7 %"
    #[arg(long, allow_hyphen_values = true, required_unless_present = "cases")]
    claimed: Option<String>,
    /// The number of runs behind the claimed value
    #[arg(long, value_name = "N")]
    claimed_runs: Option<u32>,
    /// The measured values, one a run: `0.829` or `82.9%`
    #[arg(
        long,
        value_delimiter = ',',
        required_unless_present = "cases",
        allow_hyphen_values = true,
        value_name = "X,Y,…"
    )]
    measured: Vec<String>,
    /// What a model that learnt nothing gets
    #[arg(long, allow_hyphen_values = true, value_name = "X")]
    floor: Option<f64>,
    /// How far from the claim still counts, such as "1 %" or "0.005"
    #[arg(long)]
    tolerance: Option<String>,
    /// Which way a metric improves that reproof does not know
    #[arg(long, value_enum)]
    direction: Option<DirectionChoice>,
    /// The runs were looked at one by one and could be stopped by what they showed: uses the anytime-valid interval
    #[arg(long)]
    anytime: bool,
    /// Judges many cases: a file of JSON objects, one a line, with the names of these options as keys; `-` is
    /// standard input. Prints one result a line, in the same order
    #[arg(long, value_name = "FILE", conflicts_with_all = ["metric", "claimed", "claimed_runs", "measured", "floor", "tolerance", "direction", "anytime"])]
    cases: Option<PathBuf>,
}

#[derive(Args, Debug)]
struct MetricsArguments {
    /// The labels: CSV, TSV, JSON Lines, Parquet, NPY or NPZ, by the ending of the name
    #[arg(long, value_name = "FILE")]
    truth: PathBuf,
    /// The predictions, in any of these formats
    #[arg(long, value_name = "FILE")]
    predictions: PathBuf,
    /// The column of the label; not needed where the labels are a single array or columns `label_<class>`
    #[arg(long, value_name = "COLUMN")]
    target: Option<String>,
    /// A metric, such as `accuracy` or `f1:macro`; may be given several times [default: those that suit the files]
    #[arg(long, value_name = "NAME")]
    metric: Vec<String>,
    /// The column that names an example, in both files
    #[arg(long, value_name = "COLUMN")]
    id: Option<String>,
    /// The same in the labels, where it is called otherwise there
    #[arg(long, value_name = "COLUMN")]
    truth_id: Option<String>,
    /// The positive class, where it is not the obvious one
    #[arg(long, value_name = "CLASS", allow_hyphen_values = true)]
    positive: Option<String>,
    /// What the predictions call a standard column, such as `prediction=yhat`; may be given several times
    #[arg(long, value_name = "STANDARD=NAME")]
    column: Vec<String>,
    /// The column of the weights, in the predictions
    #[arg(long, value_name = "COLUMN")]
    weight: Option<String>,
    /// The training series, by whose naive forecast `mase` is scaled: a file with the same column as the labels
    #[arg(long, value_name = "FILE")]
    train: Option<PathBuf>,
    /// With an interval over the examples: Wilson's for shares, DeLong's for ROC AUC, else the BCa bootstrap
    #[arg(long)]
    interval: bool,
    /// The level of the intervals
    #[arg(long, value_name = "SHARE", default_value_t = 0.95, requires = "interval")]
    level: f64,
    /// Examples of one value of this column of the predictions belong together: such clusters are resampled whole
    #[arg(long, value_name = "COLUMN", conflicts_with = "strata")]
    clusters: Option<String>,
    /// Examples are resampled within each value of this column of the predictions
    #[arg(long, value_name = "COLUMN")]
    strata: Option<String>,
    /// A number that is said to be the metric, such as `0.871` or `87.1 %`: names the reading that gives it
    #[arg(long, value_name = "VALUE")]
    claimed: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
enum DirectionChoice {
    /// More is better
    Higher,
    /// Less is better
    Lower,
}

#[derive(Debug, Subcommand)]
enum CacheAction {
    /// Says what is there and how large it is
    List,
    /// Hashes everything again and removes what is damaged
    Verify,
    /// Removes what has not been used
    Prune {
        /// Only what has not been used for so long, such as `30d`
        #[arg(long, value_name = "TIME")]
        older_than: Option<String>,
    },
}

/// Runs the program and says how it ended.
pub(crate) fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let verbosity = match (arguments.global.quiet, arguments.global.verbose) {
        (true, _) => Verbosity::Quiet,
        (_, true) => Verbosity::Verbose,
        _ => Verbosity::Normal,
    };
    let terminal = Terminal::new(verbosity, arguments.global.color, settings::no_color());
    let settings = Settings::from_environment(&arguments.global, &terminal);
    if let Err(error) = settings::watch_signals(&terminal) {
        terminal.message("warning", "33", &format!("cannot watch for signals: {error}"));
    }
    commands::run(&arguments, &settings, &terminal).into()
}

/// The command for completions and the manual page.
fn command() -> clap::Command {
    Arguments::command()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        command().debug_assert();
    }

    #[test]
    fn every_command_has_an_example() {
        for subcommand in command().get_subcommands() {
            let help = subcommand
                .get_after_help()
                .map(ToString::to_string)
                .unwrap_or_default();
            assert!(
                help.contains("reproof "),
                "`{}` shows no example",
                subcommand.get_name()
            );
        }
    }
}
