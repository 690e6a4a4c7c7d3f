//! The shape of the TOML: which tables there are, which keys they have, and what each holds.
//!
//! The one list of keys. The readers, the JSON Schema and docs/manifest.md are
//! made from it, the comments here being their words. Everything that is only
//! right or wrong together with something else is left to [`super::validate`].

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "TOML has seven types of values and gets no more"
)]

use std::borrow::Cow;
use std::ops::Range;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use toml::de::{DeTable, DeValue};

use super::problem::{Problem, ProblemKind, Problems};
use super::reader::{
    At, FromToml, List, Maybe, Needed, Node, Unless, listed, nearest, read_at, section, wrong_type,
};
use super::scalar::{
    Amount, Argument, Arxiv, Better, Currency, Day, Device, Doi, Id, Lasting, Line, Number, Pattern, Pointer,
    PythonVersion, RelativeFolder, RelativePath, Repository, Requirement, Runner, Size, Slack, Source, Text,
    TrustCheck, WebAddress, Whole, Word,
};
use super::{
    AsOf, CheckpointFormat, DEFAULT_BATCH, DEFAULT_DISK, DEFAULT_MEMORY, DEFAULT_TIMEOUT, EnvironmentKind,
    Phase, Pick, Revision, Role, TableFormat, Unit,
};
use crate::digest::Digest;

/// A count of at least one.
pub(super) type Count = Whole<1, { u32::MAX as u64 }>;
/// A seed: as large as TOML's integers.
pub(super) type Seed = Whole<0, { i64::MAX as u64 }>;
/// A number of test examples, which may be none.
pub(super) type Examples = Whole<0, { i64::MAX as u64 }>;
/// A number of seeds in a sequence.
pub(super) type SeedCount = Whole<2, 10_000>;

section! {
    /// A manifest of reproof: what a paper claims, and where everything that is needed to check it lies.
    Manifest {
        /// Version of this format.
        #[expect(dead_code, reason = "reading it checks that it is 1, and there is no other")]
        #[schemars(extend("examples" = [1]))]
        schema: Needed<Whole<1, 1>>,
        /// The paper.
        paper: Needed<Paper>,
        /// Its code, in a Git repository.
        code: Needed<Code>,
        /// What the code runs in. Without this table: nothing but what the operating system has.
        environment: Maybe<Environment>,
        /// A data set. It is fetched, checked against its digest, and shown read-only to the steps that name it.
        data: Maybe<List<Data>>,
        /// A file that the checker brings himself: an evaluation script, a converter. Hashed, read-only, and named in the report.
        files: Maybe<List<OwnFile>>,
        /// A released model.
        checkpoints: Maybe<List<Checkpoint>>,
        /// One thing that is run, in the order of the file.
        steps: Needed<List<Step>>,
        /// One number of the paper.
        claims: Needed<List<Claim>>,
        /// Somebody answers for a trust check that cannot pass.
        waiver: Maybe<List<Waiver>>,
        /// Prices, for the cost in the report.
        cost: Maybe<Cost>,
        /// What the reader uses today, for the question whether to switch.
        adoption: Maybe<Adoption>,
        /// What all steps together may use.
        budget: Maybe<Budget>,
    }
}

section! {
    /// The paper.
    Paper {
        /// Its title.
        #[schemars(extend("examples" = ["Graph Attention Networks"]))]
        title: Needed<Line>,
        /// Its authors, in order.
        #[schemars(extend("examples" = [["P. Veličković", "G. Cucurull"]]))]
        authors: Maybe<List<Line>>,
        /// Year of publication.
        #[schemars(extend("examples" = [2018]))]
        year: Maybe<Whole<1900, 2100>>,
        /// arXiv id.
        #[schemars(extend("examples" = ["1710.10903"]))]
        arxiv: Maybe<Arxiv>,
        /// DOI, without the resolver's address.
        #[schemars(extend("examples" = ["10.1609/aaai.v37i9.26317"]))]
        doi: Maybe<Doi>,
        /// Where else it can be read.
        #[schemars(extend("examples" = ["https://example.org/paper.pdf"]))]
        url: Maybe<WebAddress>,
    }
}

section! {
    /// The paper's code.
    Code {
        /// `https://…`, `ssh://…`, `git@host:path`, `file://…`, or a path relative to the manifest.
        repository: Needed<Repository>,
        /// Full commit id. A branch, a tag or a short id will do for `reproof lock`, which turns it into one.
        commit: Needed<Revision>,
        /// Where commands run, relative to the top of the repository.
        #[schemars(extend("default" = ".", "examples" = ["src"]))]
        subdirectory: Maybe<RelativeFolder>,
        /// Whether submodules are needed.
        #[schemars(extend("default" = false, "examples" = [true]))]
        submodules: Maybe<bool>,
    }
}

section! {
    /// What the code runs in.
    Environment {
        /// Who builds it: `uv` (isolated and pinned), `system` (the machine's own Python), `none` (no Python is prepared).
        #[schemars(extend("examples" = ["uv"]))]
        kind: Needed<EnvironmentKind>,
        /// The wanted Python; any when left out.
        #[schemars(extend("examples" = ["3.11"]))]
        python: Maybe<PythonVersion>,
        /// Requirement files of the repository, relative to its top.
        #[schemars(extend("default" = [], "examples" = [["requirements.txt"]]))]
        requirements: Maybe<List<RelativePath>>,
        /// Requirements that the author of the manifest adds.
        #[schemars(extend("default" = [], "examples" = [["torch==2.2.2"]]))]
        packages: Maybe<List<Requirement>>,
        /// Releases after this day do not count: the pinned commit's date, a day, or `today` for no limit.
        #[schemars(extend("default" = "commit"))]
        as_of: Maybe<AsOf>,
    }
}

section! {
    /// A data set.
    Data {
        /// Unique among data sets.
        #[schemars(extend("examples" = ["cora"]))]
        id: Needed<Id>,
        /// `repo:PATH` in the repository, `https://…`, `file:PATH`, `pypi:NAME==VERSION/path/in/the/wheel` or `hf:…`.
        source: Needed<Source>,
        /// SHA-256 of its bytes. `reproof lock` finds it; `reproof check` needs it, here or in the lock.
        #[schemars(extend("examples" = ["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"]))]
        sha256: Maybe<Digest>,
        /// Its licence: an SPDX expression, or the words of its page.
        #[schemars(extend("examples" = ["CC-BY-4.0"]))]
        license: Maybe<Line>,
        /// What it is for.
        #[schemars(extend("default" = "other", "examples" = ["test"]))]
        role: Maybe<Role>,
        /// How its table is written; by the ending of its name when left out.
        #[schemars(extend("examples" = ["csv"]))]
        format: Maybe<TableFormat>,
        /// The column of the label.
        #[schemars(extend("examples" = ["label"]))]
        target: Maybe<Line>,
        /// The column that names an example; without it, predictions are matched by their order.
        #[schemars(extend("examples" = ["paper_id"]))]
        id_column: Maybe<Line>,
        /// The column that names what examples belong to, such as a patient: none is to be in both splits.
        #[schemars(extend("examples" = ["patient"]))]
        group_column: Maybe<Line>,
        /// The column that says when an example is from: the test split is to be later.
        #[schemars(extend("examples" = ["date"]))]
        time_column: Maybe<Line>,
        /// Whether it is an archive that is to be unpacked into a folder.
        #[schemars(extend("default" = false, "examples" = [true]))]
        unpack: Maybe<bool>,
        /// The file of the unpacked archive that is meant, relative to its top; without it, the whole folder.
        #[schemars(extend("examples" = ["hutto_ICWSM_2014/tweets_GroundTruth.txt"]))]
        member: Maybe<RelativePath>,
        /// Where the code expects it, relative to the top of its private working copy.
        #[schemars(extend("examples" = ["data/cora/cora.content"]))]
        place: Maybe<RelativePath>,
    }
}

section! {
    /// A file that the checker brings himself.
    OwnFile {
        /// Relative to the manifest.
        #[schemars(extend("examples" = ["harness/evaluate.py"]))]
        path: Needed<RelativePath>,
    }
}

section! {
    /// A released model.
    Checkpoint {
        /// Unique among checkpoints.
        #[schemars(extend("examples" = ["gat"]))]
        id: Needed<Id>,
        /// As for data.
        #[schemars(extend("examples" = ["https://example.org/gat.onnx"]))]
        source: Needed<Source>,
        /// SHA-256 of its bytes. `reproof lock` finds it; `reproof check` needs it, here or in the lock.
        #[schemars(extend("examples" = ["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"]))]
        sha256: Maybe<Digest>,
        /// What it is; loading a pickle can run code.
        #[schemars(extend("examples" = ["onnx"]))]
        format: Needed<CheckpointFormat>,
        /// Where the code expects it, relative to the top of its private working copy.
        #[schemars(extend("examples" = ["models/gat.onnx"]))]
        place: Maybe<RelativePath>,
    }
}

section! {
    /// One thing that is run.
    Step {
        /// Unique among steps.
        #[schemars(extend("examples" = ["train"]))]
        id: Needed<Id>,
        /// What it is for: converting and compiling, training, or measuring a model.
        #[schemars(extend("examples" = ["train"]))]
        phase: Needed<Phase>,
        /// Program and arguments; no shell. `{seed}`, `{out}`, `{data:ID}`, `{checkpoint:ID}` and `{file:PATH}` are
        /// replaced; `{{` is a literal brace. Either this or `model`.
        #[schemars(extend("examples" = [["python", "train.py", "--seed", "{seed}"]]))]
        run: Maybe<Command>,
        /// Evaluates a checkpoint natively, without Python. Either this or `run`.
        #[schemars(extend("examples" = [{ "checkpoint": "gat", "data": "cora", "runner": "onnx" }]))]
        model: Maybe<ModelRun>,
        /// Data sets that it sees.
        #[schemars(extend("default" = [], "examples" = [["cora"]]))]
        data: Maybe<List<Line>>,
        /// Checkpoints that it sees.
        #[schemars(extend("default" = [], "examples" = [["gat"]]))]
        checkpoints: Maybe<List<Line>>,
        /// Earlier steps whose outputs it sees. When left out: all of them, and it runs even if one of its own phase did not end well.
        #[schemars(extend("examples" = [["prepare"]]))]
        needs: Maybe<List<Line>>,
        /// What is kept of what it writes: files or folders, relative to its output folder or its working folder.
        #[schemars(extend("default" = [], "examples" = [["predictions.csv"]]))]
        outputs: Maybe<List<RelativePath>>,
        /// Its seeds; it runs once for each. A list, or `{ min, max }`: seeds 1, 2, … one after another, from `min` on only until the primary claims are decided, at most `max`.
        #[schemars(extend("examples" = [[1, 2, 3], { "min": 2, "max": 20 }]))]
        seeds: Maybe<Seeds>,
        /// How often each seed is run. Two runs with the same outputs prove the step deterministic.
        #[schemars(extend("default" = 1, "examples" = [2]))]
        repeats: Maybe<Whole<1, 100>>,
        /// Environment variables.
        #[schemars(extend("default" = {}, "examples" = [{ "OMP_NUM_THREADS": "1" }]))]
        env: Maybe<Table<Argument>>,
        /// Limit on its time, per run.
        #[schemars(extend("default" = humantime::format_duration(DEFAULT_TIMEOUT).to_string()))]
        timeout: Maybe<Lasting>,
        /// Limit on the memory of all its processes together.
        #[schemars(extend("default" = format!("{} GiB", DEFAULT_MEMORY >> 30)))]
        memory: Maybe<Size>,
        /// Limit on what it writes to disk.
        #[schemars(extend("default" = format!("{} GiB", DEFAULT_DISK >> 30)))]
        disk: Maybe<Size>,
        /// GPUs that it needs.
        #[schemars(extend("default" = 0, "examples" = [1]))]
        gpus: Maybe<Whole<0, 64>>,
        /// Whether it may use the network.
        #[schemars(extend("default" = false, "examples" = [true]))]
        network: Maybe<bool>,
    }
}

section! {
    /// Evaluates a checkpoint natively.
    ModelRun {
        /// The checkpoint's id.
        #[schemars(extend("examples" = ["gat"]))]
        checkpoint: Needed<Line>,
        /// The id of the data set that it is run on.
        #[schemars(extend("examples" = ["cora"]))]
        data: Needed<Line>,
        /// Which library runs it. Predictions are written to the output `predictions.csv`.
        #[schemars(extend("examples" = ["onnx"]))]
        runner: Needed<Runner>,
        /// What it is computed on.
        #[schemars(extend("default" = "auto"))]
        device: Maybe<Device>,
        /// Examples at a time.
        #[schemars(extend("default" = DEFAULT_BATCH, "examples" = [64]))]
        batch: Maybe<Count>,
    }
}

/// A program and its arguments.
#[derive(Debug, JsonSchema)]
#[schemars(transparent)]
pub(super) struct Command(pub(super) List<Argument>);

impl FromToml for Command {
    fn from_toml(node: &Node<'_>, problems: &mut Problems) -> Option<Self> {
        let DeValue::String(line) = node.get_ref() else {
            return FromToml::from_toml(node, problems).map(Self);
        };
        let words: Vec<_> = line.split_whitespace().map(|word| format!("{word:?}")).collect();
        let message = "an array of words is expected, not a string";
        let problem = Problem::new(ProblemKind::WrongType, &node.span(), message);
        problems.push(
            problem
                .label("no shell takes it apart")
                .hint(format!("write `[{}]`", words.join(", "))),
        );
        None
    }
}

/// The seeds of a step.
#[derive(Debug, JsonSchema)]
#[schemars(untagged)]
pub(super) enum Seeds {
    /// These, in this order.
    Listed(List<Seed>),
    /// 1, 2, … up to the largest number of runs.
    Sequential(SeedRange),
}

section! {
    /// From `min` up to `max` runs, with the seeds 1, 2, ….
    SeedRange {
        /// The least number of runs.
        #[schemars(extend("examples" = [2]))]
        min: Needed<SeedCount>,
        /// The greatest number of runs.
        #[schemars(extend("examples" = [20]))]
        max: Needed<SeedCount>,
    }
}

impl FromToml for Seeds {
    fn from_toml(node: &Node<'_>, problems: &mut Problems) -> Option<Self> {
        match node.get_ref() {
            DeValue::Array(_) => FromToml::from_toml(node, problems).map(Self::Listed),
            DeValue::Table(_) => FromToml::from_toml(node, problems).map(Self::Sequential),
            _ => wrong_type(node, "an array of seeds, or `{ min = 2, max = 20 }`,", problems),
        }
    }
}

section! {
    /// One number of the paper, or that one of two others is the better one.
    #[schemars(extend("anyOf" = [
        { "required": ["compare"] },
        { "required": ["metric", "value", "step", "measure"] },
    ]))]
    Claim {
        /// Unique among claims.
        #[schemars(extend("examples" = ["cora-accuracy"]))]
        id: Needed<Id>,
        /// The claim in words.
        #[schemars(extend("examples" = ["GAT classifies Cora with 83.0 ± 0.7 % accuracy"]))]
        statement: Needed<Text>,
        /// Its place in the paper.
        #[schemars(extend("examples" = ["Table 2"]))]
        r#where: Maybe<Line>,
        /// That one claim is better than another of the same metric, by their ids; `>` means better whichever way the
        /// metric improves. Then `value` is the gain, which may be left out, and what is measured is left to the two claims.
        #[schemars(extend("examples" = ["ours > baseline"]))]
        compare: Maybe<Line>,
        /// The metric, with its averaging after a colon.
        #[schemars(with = "Maybe<Line>", extend("examples" = ["accuracy", "f1:macro", "roc_auc", "rmse"]))]
        metric: Unless<Line>,
        /// Which way the metric improves; needed only for a metric that reproof does not know.
        #[schemars(extend("examples" = ["lower"]))]
        direction: Maybe<Better>,
        /// The value as the paper prints it: its decimals say how exact it is.
        #[schemars(with = "Maybe<Number>")]
        value: Unless<Number>,
        /// The number of runs behind the value.
        #[schemars(extend("examples" = [100]))]
        runs: Maybe<Count>,
        /// The number of test examples.
        #[schemars(extend("examples" = [1000]))]
        examples: Maybe<Whole<1, { i64::MAX as u64 }>>,
        /// How many of the test examples are of the positive class.
        #[schemars(extend("examples" = [71]))]
        positives: Maybe<Examples>,
        /// The number of classes.
        #[schemars(extend("examples" = [3]))]
        classes: Maybe<Whole<2, { u32::MAX as u64 }>>,
        /// The number of test examples of each class.
        #[schemars(extend("examples" = [{ "cat": 50, "dog": 30 }]))]
        supports: Maybe<Table<Examples>>,
        /// Whose value it is, in the paper's words. Claims that share everything else are held against each other only where this tells models apart.
        #[schemars(extend("examples" = ["GAT, 8 heads"]))]
        model: Maybe<Line>,
        /// Which split was measured, in the paper's words.
        #[schemars(extend("examples" = ["test"]))]
        split: Maybe<Line>,
        /// Whether the verdict rests on it. When no claim is primary, all are.
        #[schemars(extend("default" = false, "examples" = [true]))]
        primary: Maybe<bool>,
        /// Its weight in the score; 0 leaves it out of the score.
        #[schemars(extend("default" = 1.0, "examples" = [2.0]))]
        weight: Maybe<Amount>,
        /// How far from the value still counts; see below.
        tolerance: Maybe<Slack>,
        /// What a model that learnt nothing gets.
        #[schemars(extend("examples" = ["30.2 %", 0.5]))]
        floor: Maybe<Number>,
        /// The step that produces the measurement.
        #[schemars(with = "Maybe<Line>", extend("examples" = ["train"]))]
        step: Unless<Line>,
        /// Where the measurement is.
        #[schemars(with = "Maybe<Extraction>", extend("examples" = [{ "predictions": "predictions.csv", "truth": "cora" }]))]
        measure: Unless<Extraction>,
        /// Where the code's own word is, to be compared with what is recomputed.
        #[schemars(extend("examples" = [{ "stdout": "accuracy= (?<value>[0-9.]+)", "pick": "last" }]))]
        reported: Maybe<Extraction>,
        /// What drives the model, according to the paper.
        #[schemars(extend("default" = [], "examples" = [["age", "blood pressure"]]))]
        drivers: Maybe<List<Line>>,
    }
}

/// Where a value is read from: one of these tables, told apart by their first key.
#[derive(Debug, JsonSchema)]
#[schemars(untagged)]
pub(super) enum Extraction {
    Predictions(FromPredictions),
    Stdout(FromStdout),
    Stderr(FromStderr),
    Text(FromFile),
    Json(FromJson),
    Csv(FromCsv),
}

section! {
    /// Recomputed from predictions and our own copy of the labels.
    FromPredictions {
        /// The output file of the step.
        #[schemars(extend("examples" = ["predictions.csv"]))]
        predictions: Needed<RelativePath>,
        /// The id of the data set that holds the labels.
        #[schemars(extend("examples" = ["cora"]))]
        truth: Needed<Line>,
        /// The column of the label, if it is not the data set's `target`.
        #[schemars(extend("examples" = ["label"]))]
        target: Maybe<Line>,
        /// Other names of columns in the predictions file, such as `prediction`, `score`, `score_CLASS`, `id`, `group` or `item`; docs/metrics.md lists them.
        #[schemars(extend("default" = {}, "examples" = [{ "prediction": "yhat" }]))]
        columns: Maybe<Table<Line>>,
        /// The positive class of a binary metric, where it is not the obvious one.
        #[schemars(extend("examples" = ["yes"]))]
        positive: Maybe<Word>,
    }
}

section! {
    /// Read from what the step wrote to its standard output.
    FromStdout {
        /// Regular expression whose group `value` is the number.
        stdout: Needed<Pattern>,
        /// Which match counts: the only one, the last, first or best, or all, each being a run.
        #[schemars(extend("default" = "only", "examples" = ["last"]))]
        pick: Maybe<Pick>,
        /// What the number is in, if it is per cent without a `%` behind it.
        #[schemars(extend("default" = "native", "examples" = ["percent"]))]
        unit: Maybe<Unit>,
    }
}

section! {
    /// Read from what the step wrote to its standard error.
    FromStderr {
        /// Regular expression whose group `value` is the number.
        stderr: Needed<Pattern>,
        /// Which match counts.
        #[schemars(extend("default" = "only", "examples" = ["last"]))]
        pick: Maybe<Pick>,
        /// What the number is in.
        #[schemars(extend("default" = "native", "examples" = ["percent"]))]
        unit: Maybe<Unit>,
    }
}

section! {
    /// Read from a text file that the step wrote.
    FromFile {
        /// The output file of the step.
        #[schemars(extend("examples" = ["train.log"]))]
        text: Needed<RelativePath>,
        /// Regular expression whose group `value` is the number.
        pattern: Needed<Pattern>,
        /// Which match counts.
        #[schemars(extend("default" = "only", "examples" = ["last"]))]
        pick: Maybe<Pick>,
        /// What the number is in.
        #[schemars(extend("default" = "native", "examples" = ["percent"]))]
        unit: Maybe<Unit>,
    }
}

section! {
    /// Read from a place in a JSON file.
    FromJson {
        /// The output file of the step.
        #[schemars(extend("examples" = ["results.json"]))]
        json: Needed<RelativePath>,
        /// Pointer (RFC 6901) to a number, or to an array of numbers, each being a run.
        pointer: Needed<Pointer>,
        /// What the number is in.
        #[schemars(extend("default" = "native", "examples" = ["percent"]))]
        unit: Maybe<Unit>,
    }
}

section! {
    /// Read from a cell of a CSV file with a header.
    FromCsv {
        /// The output file of the step.
        #[schemars(extend("examples" = ["log.csv"]))]
        csv: Needed<RelativePath>,
        /// The column, by name.
        #[schemars(extend("examples" = ["acc"]))]
        column: Needed<Line>,
        /// Which row counts: a word as for matches, a position from 0, or what its other cells equal.
        #[schemars(extend("default" = "only", "examples" = ["last", 3, { "epoch": "10" }]))]
        row: Maybe<Row>,
        /// What the number is in.
        #[schemars(extend("default" = "native", "examples" = ["percent"]))]
        unit: Maybe<Unit>,
    }
}

/// The first keys of the ways to read a value, in the order of [`Extraction`].
const WAYS: [&str; 6] = ["predictions", "stdout", "stderr", "text", "json", "csv"];

impl FromToml for Extraction {
    fn from_toml(node: &Node<'_>, problems: &mut Problems) -> Option<Self> {
        let DeValue::Table(entries) = node.get_ref() else {
            return wrong_type(node, "a table such as `{ stdout = '…' }`", problems);
        };
        let ways: Vec<_> = WAYS
            .into_iter()
            .filter(|way| entries.contains_key(*way))
            .collect();
        match ways[..] {
            ["predictions"] => FromToml::from_toml(node, problems).map(Self::Predictions),
            ["stdout"] => FromToml::from_toml(node, problems).map(Self::Stdout),
            ["stderr"] => FromToml::from_toml(node, problems).map(Self::Stderr),
            ["text"] => FromToml::from_toml(node, problems).map(Self::Text),
            ["json"] => FromToml::from_toml(node, problems).map(Self::Json),
            ["csv"] => FromToml::from_toml(node, problems).map(Self::Csv),
            [] => {
                problems.push(no_way(entries, &node.span()));
                None
            }
            _ => {
                let message = format!("a value is read in one way, not by {}", ways.join(" and "));
                let problem = Problem::new(ProblemKind::Conflict, &node.span(), message);
                problems.push(problem.hint(format!("keep one of {}", listed(&ways))));
                None
            }
        }
    }
}

/// The problem of a table that has none of the first keys, or one that is misspelt.
fn no_way(entries: &DeTable<'_>, span: &Range<usize>) -> Problem {
    let misspelt = entries
        .keys()
        .find_map(|key| Some((key, nearest(key.get_ref(), &WAYS)?)));
    if let Some((key, near)) = misspelt {
        let message = format!("unknown key {}", super::problem::quoted(key.get_ref()));
        return Problem::new(ProblemKind::UnknownKey, &key.span(), message)
            .label(format!("did you mean `{near}`?"));
    }
    let problem = Problem::new(ProblemKind::MissingKey, span, "nothing says where the value is");
    problem.label(format!("needs one of {}", listed(&WAYS)))
}

/// Which row of a CSV file counts.
#[derive(Debug, JsonSchema)]
#[schemars(untagged)]
pub(super) enum Row {
    /// As with matches.
    Pick(Pick),
    /// By position, the first being 0.
    Index(Seed),
    /// The only row whose cells equal these.
    Where(Table<Word>),
}

impl FromToml for Row {
    fn from_toml(node: &Node<'_>, problems: &mut Problems) -> Option<Self> {
        match node.get_ref() {
            DeValue::String(_) => FromToml::from_toml(node, problems).map(Self::Pick),
            DeValue::Integer(_) => FromToml::from_toml(node, problems).map(Self::Index),
            DeValue::Table(_) => FromToml::from_toml(node, problems).map(Self::Where),
            _ => wrong_type(
                node,
                "a word such as `\"last\"`, a position, or `{ COLUMN = \"cell\" }`,",
                problems,
            ),
        }
    }
}

section! {
    /// Somebody answers for a trust check.
    Waiver {
        /// The check.
        #[schemars(extend("examples" = ["open-data"]))]
        check: Needed<TrustCheck>,
        /// Who answers for it.
        #[schemars(extend("examples" = ["R. Eviewer"]))]
        author: Needed<Line>,
        /// Why.
        #[schemars(extend("examples" = ["the data is under a licence that we hold"]))]
        reason: Needed<Text>,
        /// The last day on which it holds.
        #[schemars(extend("examples" = ["2027-12-31"]))]
        expires: Needed<Day>,
    }
}

section! {
    /// Prices.
    Cost {
        /// Price of one GPU for an hour.
        #[schemars(extend("examples" = [2.5]))]
        gpu_hour: Needed<Amount>,
        /// Price of one CPU core for an hour.
        #[schemars(extend("examples" = [0.04]))]
        cpu_hour: Needed<Amount>,
        /// ISO 4217 code of the currency.
        #[schemars(extend("examples" = ["USD"]))]
        currency: Needed<Currency>,
    }
}

section! {
    /// What the reader uses today.
    Adoption {
        /// What the paper is compared with.
        #[schemars(extend("examples" = [{ "claim": "cora-accuracy", "value": "81.5 %" }]))]
        baseline: Needed<Baseline>,
        /// The most that a point (a hundredth of the metric) is worth, in the currency of `[cost]`.
        #[schemars(extend("examples" = [500]))]
        limit_per_point: Maybe<Amount>,
    }
}

section! {
    /// The reader's own solution.
    Baseline {
        /// The id of the claim that it is compared with.
        #[schemars(extend("examples" = ["cora-accuracy"]))]
        claim: Needed<Line>,
        /// What it reaches in the claim's metric.
        #[schemars(extend("examples" = ["81.5 %", 0.815]))]
        value: Needed<Number>,
        /// What it costs to make.
        #[schemars(extend("examples" = [1]))]
        gpu_hours: Maybe<Amount>,
    }
}

section! {
    /// What all steps together may use.
    Budget {
        /// Wall-clock time.
        #[schemars(extend("examples" = ["4h"]))]
        wall: Maybe<Lasting>,
        /// GPU hours.
        #[schemars(extend("examples" = [20]))]
        gpu_hours: Maybe<Amount>,
    }
}

/// A table whose keys the author chooses: the entries that could be read, and how many there are.
#[derive(Debug)]
pub(super) struct Table<T>(pub(super) Vec<(At<String>, At<T>)>, usize);

impl<T> Table<T> {
    /// Whether every entry could be read; a problem is reported for those that could not.
    pub(super) fn is_whole(&self) -> bool {
        self.0.len() == self.1
    }
}

impl<T: FromToml> FromToml for Table<T> {
    fn from_toml(node: &Node<'_>, problems: &mut Problems) -> Option<Self> {
        let DeValue::Table(entries) = node.get_ref() else {
            return wrong_type(node, "a table", problems);
        };
        let read = entries.iter().filter_map(|(key, node)| {
            let name = At {
                value: key.get_ref().to_string(),
                span: key.span(),
            };
            Some((name, read_at(node, problems)?))
        });
        Some(Self(read.collect(), entries.len()))
    }
}

impl<T: JsonSchema> JsonSchema for Table<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Table_of_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let values = generator.subschema_for::<T>();
        json_schema!({ "type": "object", "additionalProperties": values })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ways_to_read_a_value_are_those_of_the_schema() {
        let schema = SchemaGenerator::default().into_root_schema_for::<Extraction>();
        let required = |way: &serde_json::Value| way["required"][0].as_str().map(str::to_owned);
        let mut generator = SchemaGenerator::default();
        let ways = [
            FromPredictions::json_schema(&mut generator),
            FromStdout::json_schema(&mut generator),
            FromStderr::json_schema(&mut generator),
            FromFile::json_schema(&mut generator),
            FromJson::json_schema(&mut generator),
            FromCsv::json_schema(&mut generator),
        ];
        assert_eq!(
            schema.get("anyOf").and_then(|ways| ways.as_array()).map(Vec::len),
            Some(ways.len())
        );
        let first: Vec<_> = ways.iter().filter_map(|way| required(way.as_value())).collect();
        assert_eq!(first, WAYS);
    }
}
