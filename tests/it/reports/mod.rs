//! What a reader gets: tables, Markdown, JSON, and the commands to do it by hand.

mod sample;
mod schema;
mod shown;

use std::fs;
use std::process::Command;

use reproof::report::{Look, RENDERERS, Report, renderer};
use serde_json::Value;

use crate::common::{Bench, commit_all, copy};

fn rendered(name: &str, report: &Report, width: u16) -> String {
    let look = Look { color: false, width };
    renderer(name).expect("a format").render(report, look)
}

#[test]
fn every_format_has_a_name_of_its_own_and_shows_the_sample() {
    let report = sample::report();
    let mut names: Vec<_> = RENDERERS.iter().map(|renderer| renderer.name()).collect();
    for name in &names {
        assert!(rendered(name, &report, 100).contains("reproduced"), "{name}");
    }
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), RENDERERS.len());
}

#[test]
fn the_table_tells_the_outcomes_apart_without_colour() {
    insta::assert_snapshot!(rendered("text", &sample::report(), 120).trim(), @r"
    A Sample of Every Outcome (2018)

    claim                    claimed       measured  90 % interval       of the claim  outcome                    score
    ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
    reproduced (Table 2)     83.0 ± 0.7 %   83.10 %  82.54 % to 83.66 %       100.1 %  reproduced                  10.0
    better (Table 2)               83.0 %   91.20 %  90.86 % to 91.54 %       109.9 %  better                     10.0*
    partial (Table 3, third        83.0 %   78.10 %  77.93 % to 78.27 %        94.1 %  partial                      9.1
    row)
    not-reproduced                   0.83     0.302      0.299 to 0.305        36.4 %  not-reproduced               0.0
    inconclusive                   83.0 %   83.00 %  78.54 % to 87.46 %       100.0 %  inconclusive, same digits   10.0
    impossible                     83.0 %   83.00 %          single run       100.0 %  impossible, same digits     10.0
    not-run                          90 %         –                   –             –  not-run: out-of-memory         –
    * floor unknown: the score is the share of the claim

    better: suspect: another split or a leak, since the metric is recomputed
    inconclusive: about 62 more runs would decide with a chance of 80 %
    inconclusive: 3 runs can only see a gap of 6.1 points beyond the margin, this one is 0.83 points
    impossible: the claim is impossible: of 7 examples, 83.0 % is no whole number
    impossible: single run: nothing is known of the spread
    not-run: step `large` ran past its limit of 8.0 GiB of memory — the paper's side
      hint: raise the step's `memory` if the machine has more

    trust check   status   why
    ──────────────────────────────────────────────────────────────────────────────────────────
    results       pass     the primary claims are reproduced, or better
    open-data     unknown  no data set is declared
    retrained     pass     the training was run again from scratch
    explainable   unknown  the drivers of the model were not examined
    code          pass     the pinned code is reachable, licensed, complete and unmodified
    environment   pass     every dependency is pinned by hash, as of the paper's date
    stability     pass     runs agree, seeds are distinct, the spread is as claimed
    metric        unknown  `reproduced`: controls with permuted labels were not run
    data-hygiene  unknown  overlap, leakage and duplicates were not examined
    safety        pass     nothing that can run code was loaded, and nothing tried to get out

    verdict  caution
    score    8.2 / 10 on 6 of 7 claims (7.0–8.4 if the other one were 0 or 10)
    trust    6 of 10 checks pass
    cost     3 m 20 s of steps, 6 m 0 s of CPU, 3.0 GiB peak memory, 0.00 USD; 1 of 7 step runs reused from earlier runs

    keeps it from trusted:
      - open-data is unknown: no data set is declared
      - metric is unknown: `reproduced`: controls with permuted labels were not run

    what to do next:
      - open-data: declare what the steps read as `[[data]]`
      - explainable: name the drivers that the paper states, and let them be computed over several runs
      - metric: run the controls with permuted labels
      - data-hygiene: declare the training and the test data with their roles

    report   /papers/.reproof/runs/20260131T120000000Z-sample/report.md
    ");
}

#[test]
fn a_narrow_terminal_gets_the_same_facts() {
    let text = rendered("text", &sample::report(), 60);
    let claims = text.split("\n\ntrust check").next().expect("claims");
    insta::assert_snapshot!(claims.trim(), @r"
    A Sample of Every Outcome (2018)

    reproduced (Table 2)
      reproduced, score 10.0, claimed 83.0 ± 0.7 %, measured
      83.10 %, 82.54 % to 83.66 %, 100.1 % of the claim
    better (Table 2)
      better, score 10.0*, claimed 83.0 %, measured 91.20 %,
      90.86 % to 91.54 %, 109.9 % of the claim
    partial (Table 3, third row)
      partial, score 9.1, claimed 83.0 %, measured 78.10 %,
      77.93 % to 78.27 %, 94.1 % of the claim
    not-reproduced
      not-reproduced, score 0.0, claimed 0.83, measured 0.302,
      0.299 to 0.305, 36.4 % of the claim
    inconclusive
      inconclusive, same digits, score 10.0, claimed 83.0 %,
      measured 83.00 %, 78.54 % to 87.46 %, 100.0 % of the claim
    impossible
      impossible, same digits, score 10.0, claimed 83.0 %,
      measured 83.00 %, single run, 100.0 % of the claim
    not-run
      not-run: out-of-memory, claimed 90 %
    * floor unknown: the score is the share of the claim

    better: suspect: another split or a leak, since the metric
            is recomputed
    inconclusive: about 62 more runs would decide with a chance
                  of 80 %
    inconclusive: 3 runs can only see a gap of 6.1 points beyond
                  the margin, this one is 0.83 points
    impossible: the claim is impossible: of 7 examples, 83.0 %
                is no whole number
    impossible: single run: nothing is known of the spread
    not-run: step `large` ran past its limit of 8.0 GiB of
             memory — the paper's side
      hint: raise the step's `memory` if the machine has more
    ");
}

#[test]
fn nothing_but_a_path_is_wider_than_the_terminal() {
    let report = sample::report();
    for width in [60, 72, 80, 100, 120, 160, 200] {
        let text = rendered("text", &report, width);
        let wide: Vec<_> = text
            .lines()
            .filter(|line| line.chars().count() > usize::from(width) && !line.starts_with("report "))
            .collect();
        assert_eq!(wide, Vec::<&str>::new(), "at {width}");
        assert!(text.lines().all(|line| line.trim_end() == line), "at {width}");
    }
}

#[test]
fn wide_letters_keep_the_columns_straight() {
    let mut report = sample::report();
    report.manifest.claims.truncate(2);
    report.judgement.claims.truncate(2);
    report.manifest.claims[0].location = Some("表 2，第三行".to_owned());
    let text = rendered("text", &report, 120);
    let claims = text.split("\n\n").nth(1).expect("claims");
    insta::assert_snapshot!(claims.trim(), @r"
    claim                      claimed       measured  90 % interval       of the claim  outcome     score
    ───────────────────────────────────────────────────────────────────────────────────────────────────────
    reproduced (表 2，第三行)  83.0 ± 0.7 %   83.10 %  82.54 % to 83.66 %       100.1 %  reproduced   10.0
    better (Table 2)                 83.0 %   91.20 %  90.86 % to 91.54 %       109.9 %  better      10.0*
    * floor unknown: the score is the share of the claim
    ");
}

#[test]
fn colour_adds_nothing_but_colour() {
    let report = sample::report();
    let look = |color| Look { color, width: 100 };
    let table = renderer("text").expect("a format");
    let escapes = regex::Regex::new("\x1b\\[[0-9;]*m").expect("a pattern");
    let colored = table.render(&report, look(true));
    assert_ne!(colored, table.render(&report, look(false)));
    let stripped: Vec<String> = escapes
        .replace_all(&colored, "")
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect();
    assert_eq!(
        stripped.join("\n").trim(),
        table.render(&report, look(false)).trim()
    );
}

#[test]
fn the_report_lets_a_new_engineer_start() {
    let text = rendered("markdown", &sample::report(), 100);
    let start = text.split("## Claims").next().expect("a start");
    insta::assert_snapshot!(start, @r#"
    # Reproduction report: A Sample of Every Outcome

    A. Author, B. Other · 2018 · arXiv `1710.10903`

    | | |
    | --- | --- |
    | **Verdict** | **caution** |
    | **Score** | 8.2 / 10 on 6 of 7 claims (7.0–8.4 if the other one were 0 or 10) |
    | **Trust** | 6 of 10 checks pass |
    | **Cost** | 3 m 20 s of steps, 6 m 0 s of CPU, 3.0 GiB peak memory, 0.00 USD; 1 of 7 step runs reused from earlier runs |

    What keeps it from `trusted`:

    - open-data is unknown: no data set is declared
    - metric is unknown: `reproduced`: controls with permuted labels were not run

    ## Start here

    By hand, without reproof (and without its sandbox), in the folder that holds `sample.toml`:

    ```sh
    FROM=$PWD    # start in the folder of sample.toml
    WORK=$(mktemp -d) && cd "$WORK" && mkdir data checkpoints out
    git clone -q -- https://example.org/author/paper.git code
    git -C code -c advice.detachedHead=false checkout -q 1111111111111111111111111111111111111111

    curl -fsSL -o data/train.archive -- https://example.org/train.tar.gz
    echo 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa  data/train.archive' | sha256sum -c --quiet
    mkdir -p data/train.unpacked && tar -xf data/train.archive -C data/train.unpacked
    cp -R data/train.unpacked/train/train.csv data/train

    python3 -m pip download -q --no-deps --dest data/test.wheel somedata==1.2.3 && unzip -p data/test.wheel/*.whl somedata/test.csv > data/test
    echo 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa  data/test' | sha256sum -c --quiet

    cp code/weights/large.bin checkpoints/large
    echo 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb  checkpoints/large' | sha256sum -c --quiet

    # with uv 0.13.0, which `pip install uv==0.13.0` gets
    REPORT=$FROM/.reproof/runs/20260131T120000000Z-sample    # the folder of this report
    uv venv -q --python 3.8.18 venv && . venv/bin/activate
    uv pip install -q --no-deps --require-hashes --exclude-newer 2018-02-05T00:00:00Z -r "$REPORT"/environment.txt

    export PYTHONHASHSEED=0 PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 CUBLAS_WORKSPACE_CONFIG=:4096:8 OMP_NUM_THREADS=4 OPENBLAS_NUM_THREADS=4 MKL_NUM_THREADS=4
    begin() {    # begin RUN [EARLIER…]: a fresh copy of the code, with what earlier runs wrote
      OUT=$WORK/out/$1 && mkdir -p "$OUT" && export REPROOF_OUT=$OUT REPROOF_SEED=$SEED && shift
      rm -rf "$WORK"/copy && cp -R "$WORK"/code "$WORK"/copy && cd "$WORK"/copy/src
      for run; do cp -R "$WORK/out/$run/." .; done
    }
    put() {      # put INPUT PATH: where the code expects it
      mkdir -p "$(dirname "$WORK/copy/$2")" && rm -rf "$WORK/copy/$2" && cp -R "$WORK/$1" "$WORK/copy/$2"
    }
    keep() {     # keep FILE…: results that the code wrote beside itself
      for file; do
        [ -e "$OUT/$file" ] || { mkdir -p "$(dirname "$OUT/$file")" && cp -R "$file" "$OUT/$file"; }
      done
    }

    # step train
    for SEED in 1 2 3; do
      begin train.seed-$SEED
      MODE='slow and sure' python train.py --seed "$SEED" --data="$WORK"/data/train
      keep model.bin
    done; SEED=

    # step test
    for SEED in 1 2 3; do
      begin test.seed-$SEED train.seed-$SEED
      put data/test src/data/test.csv
      python "$FROM"/evaluate.py 'it'\''s' --out "$OUT"/predictions.csv
      keep results.json log.csv
    done; SEED=

    # step large
    begin large
    python large.py "$WORK"/checkpoints/large
    keep predictions.csv
    ```

    Confined, measured and judged: `reproof check sample.toml`

    What should come out, on a machine like this one (Debian GNU/Linux 12 (bookworm), x86\_64, A Processor, 4 cores, 16.0 GiB of memory):

    | claim | after step | metric | found in | value |
    | --- | --- | --- | --- | --- |
    | `reproduced` | `test` | `accuracy` | `predictions.csv` against `test`, column `label` | 82.80 %, 83.00 %, 83.50 % |
    | `better` | `test` | `accuracy` | `predictions.csv` against `test`, column `label` | 91.00 %, 91.20 %, 91.40 % |
    | `partial` | `test` | `accuracy` | `results.json`, `/test/acc` | 78.00 %, 78.10 %, 78.20 % |
    | `not-reproduced` | `test` | `accuracy` | what it prints, <code>accuracy= (?&lt;value&gt;\[0-9.\]+)\|none</code> | 0.300, 0.302, 0.304 |
    | `inconclusive` | `test` | `accuracy` | `log.csv`, column `acc` | 80.00 %, 84.00 %, 85.00 % |
    | `impossible` | `test` | `accuracy` | `predictions.csv` against `test`, column `label` | 83.00 % |
    | `not-run` | `large` | `accuracy` | `predictions.csv` against `test`, column `label` | nothing: out-of-memory |

    What it needs besides the code:

    | what | from | where the code expects it | licence | sha256 | size |
    | --- | --- | --- | --- | --- | ---: |
    | data `train` | `https://example.org/train.tar.gz` | as the command says | CC-BY-4.0 | `aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa` | 12.1 KiB |
    | data `test` | `pypi:somedata==1.2.3/somedata/test.csv` | `src/data/test.csv` | BSD-3-Clause | `aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa` | 12.1 KiB |
    | checkpoint `large` | `repo:weights/large.bin` | as the command says | – | **data-unavailable**: no route to host | – |
    | file `evaluate.py` | the checker | as the command says | – | `cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc` | 12.1 KiB |
    "#);
}

#[test]
fn the_rest_of_the_report_says_what_it_rests_on() {
    let text = rendered("markdown", &sample::report(), 100);
    let rest = &text[text.find("## Claims").expect("claims")..];
    insta::assert_snapshot!(rest, @r"
    ## Claims

    | claim | where | metric | claimed | measured | 90 % interval | of the claim | outcome | score |
    | --- | --- | --- | ---: | ---: | ---: | ---: | --- | ---: |
    | `reproduced` | Table 2 | `accuracy` | 83.0 ± 0.7 % | 83.10 % | 82.54 % to 83.66 % | 100.1 % | reproduced | 10.0 |
    | `better` | Table 2 | `accuracy` | 83.0 % | 91.20 % | 90.86 % to 91.54 % | 109.9 % | better | 10.0\* |
    | `partial` | Table 3, third row | `accuracy` | 83.0 % | 78.10 % | 77.93 % to 78.27 % | 94.1 % | partial | 9.1 |
    | `not-reproduced` | – | `accuracy` | 0.83 | 0.302 | 0.299 to 0.305 | 36.4 % | not-reproduced | 0.0 |
    | `inconclusive` | – | `accuracy` | 83.0 % | 83.00 % | 78.54 % to 87.46 % | 100.0 % | inconclusive, same digits | 10.0 |
    | `impossible` | – | `accuracy` | 83.0 % | 83.00 % | single run | 100.0 % | impossible, same digits | 10.0 |
    | `not-run` | – | `accuracy` | 90 % | – | – | – | not-run: out-of-memory | – |

    \* floor unknown: the score is the share of the claim

    <details><summary>Each claim in detail</summary>

    **`reproduced`**: It is 83.0 % accurate

    - Margin: 0.0083 = max(half-unit 0.0005, 1 % of the claim 0.0083, claimed spread 0.007)
    - Floor: 30.20 %, from the manifest
    - Metric: <code>accuracy\|v=reproof-1</code>
    - Read from: predictions.csv of seed 1, predictions.csv of seed 2, predictions.csv of seed 3

    **`better`** (not primary): It is 83.0 % accurate

    - Margin: 0.0083 = max(half-unit 0.0005, 1 % of the claim 0.0083)
    - Suspect: another split or a leak, since the metric is recomputed
    - Metric: <code>accuracy\|v=reproof-1</code>
    - Read from: predictions.csv of seed 1, predictions.csv of seed 2, predictions.csv of seed 3

    **`partial`** (not primary): It is 83.0 % accurate

    - Margin: 0.0083 = max(half-unit 0.0005, 1 % of the claim 0.0083)
    - Floor: 30.20 %, from the manifest
    - Metric: <code>accuracy\|v=reproof-1</code>
    - Read from: predictions.csv of seed 1, predictions.csv of seed 2, predictions.csv of seed 3

    **`not-reproduced`** (not primary): It is 83.0 % accurate

    - Margin: 0.0083 = max(half-unit 0.005, 1 % of the claim 0.0083)
    - Floor: 0.302, from the manifest
    - Metric: <code>accuracy\|v=reproof-1</code>
    - Read from: predictions.csv of seed 1, predictions.csv of seed 2, predictions.csv of seed 3

    **`inconclusive`** (not primary): It is 83.0 % accurate

    - Margin: 0.0083 = max(half-unit 0.0005, 1 % of the claim 0.0083)
    - Floor: 30.20 %, from the manifest
    - About 62 more runs would decide with a chance of 80 %
    - 3 runs can only see a gap of 6.1 points beyond the margin, this one is 0.83 points
    - Metric: <code>accuracy\|v=reproof-1</code>
    - Read from: predictions.csv of seed 1, predictions.csv of seed 2, predictions.csv of seed 3

    **`impossible`** (not primary): It is 83.0 % accurate on 7 examples

    - Margin: 0.0083 = max(half-unit 0.0005, 1 % of the claim 0.0083)
    - Floor: 30.20 %, from the manifest
    - The claim is impossible: of 7 examples, 83.0 % is no whole number
    - Single run: nothing is known of the spread
    - Metric: <code>accuracy\|v=reproof-1</code>
    - Read from: predictions.csv of seed 1

    **`not-run`** (not primary): The large model is 90 % accurate

    - Not measured, out-of-memory: step `large` ran past its limit of 8.0 GiB of memory (whose turn it is: the paper's side)
    - To try: raise the step's `memory` if the machine has more
    - Margin: 0.009 = max(half-unit 0.005, 1 % of the claim 0.009)
    - Floor: 30.2 %, from the manifest

    </details>

    ## Trust

    | check | status | why | what would make it pass |
    | --- | --- | --- | --- |
    | results | pass | the primary claims are reproduced, or better | – |
    | open-data | unknown (not-stated) | no data set is declared | declare what the steps read as `[[data]]` |
    | retrained | pass | the training was run again from scratch | – |
    | explainable | unknown (not-examined) | the drivers of the model were not examined | name the drivers that the paper states, and let them be computed over several runs |
    | code | pass | the pinned code is reachable, licensed, complete and unmodified | – |
    | environment | pass | every dependency is pinned by hash, as of the paper's date | – |
    | stability | pass | runs agree, seeds are distinct, the spread is as claimed | – |
    | metric | unknown (not-examined) | `reproduced`: controls with permuted labels were not run | run the controls with permuted labels |
    | data-hygiene | unknown (not-examined) | overlap, leakage and duplicates were not examined | declare the training and the test data with their roles |
    | safety | pass | nothing that can run code was loaded, and nothing tried to get out | – |

    <details><summary>What that rests on</summary>

    - results: `reproduced` is reproduced
    - open-data: no data set is declared
    - retrained: trained from scratch in `train`
    - explainable: the drivers of the model were not examined
    - code: the pinned commit is where the manifest says
    - code: the code is licensed: MIT
    - code: no submodules without content
    - code: no files of which only the LFS pointer is there
    - code: no files changed by the checker
    - environment: 2 packages as of 2018-02-04
    - environment: every package is pinned by hash
    - environment: every requirement was resolved
    - stability: `reproduced`: 3 distinct seeds
    - stability: `reproduced`: spread 0.003606 against the claimed 0.007, compatible (p = 0.465)
    - metric: `reproduced` is recomputed from predictions and our own labels
    - metric: `reproduced`: controls with permuted labels were not run
    - data-hygiene: overlap, leakage and duplicates were not examined
    - safety: every step ran in the full sandbox
    - safety: an offline step tried to reach datasets.example.org, in vain

    </details>

    ## Stages

    | stage | time | reused |
    | --- | ---: | --- |
    | acquire | 1.2 s | the code was in the cache; fetched: `test` |
    | environment | 40 s | the environment was built: none of its kind was in the cache |
    | execute | 10 m 20 s | 1 of 7 step runs reused; train: `step.run` changed |
    | judge | under 0.1 s | always judged anew |

    Findings:

    - `train`, 3 runs: changed its working copy: added cache.bin
    - `test`, 3 runs: changed its working copy: added cache.bin
    - `large`: **out-of-memory**: step `large` ran past its limit of 8.0 GiB of memory
    - `large`: tried (network): datasets.example.org:443

    <details><summary>7 step runs, 6 ended well</summary>

    | step | ending | wall | CPU | peak memory | sandbox | reused |
    | --- | --- | ---: | ---: | ---: | --- | --- |
    | train, seed 1 | succeeded | 3 m 20 s | 6 m 0 s | 3.0 GiB | full | `step.run` changed |
    | train, seed 2 | succeeded | 3 m 20 s | 6 m 0 s | 3.0 GiB | full | `step.run` changed |
    | train, seed 3 | succeeded | 3 m 20 s | 6 m 0 s | 3.0 GiB | full | `step.run` changed |
    | test, seed 1 | succeeded | 3 m 20 s | 6 m 0 s | 3.0 GiB | full | `step.run` changed |
    | test, seed 2 | succeeded | 3 m 20 s | 6 m 0 s | 3.0 GiB | full | reused from run 20260130T120000000Z-sample |
    | test, seed 3 | succeeded | 3 m 20 s | 6 m 0 s | 3.0 GiB | full | `step.run` changed |
    | large | **out-of-memory** | 3 m 20 s | 6 m 0 s | 3.0 GiB | full | `step.run` changed |

    </details>

    ## Environment

    - Python 3.8.18, isolated, built by uv from `environment.txt` beside this report
    - Packages as of 2018-02-05T00:00:00Z
    - Python 3.8.18 was chosen (asked for by the manifest)
    - requirements.txt:3: `--extra-index-url https://evil.example` not obeyed
    - Built from source, confined: `scipy`

    <details><summary>2 packages</summary>

    ```
    numpy==1.14.0
    scipy==1.0.0
    ```

    </details>

    ## Provenance

    - Run `20260131T120000000Z-sample` of 2026-01-31T12:00:00Z, reproof 0.0.0, rules reproof-1
    - Manifest sha256 `456befa668f78270624201ff3dd5309815d23c0ee9155f463ff7f509e4a85b30`
    - Code `https://example.org/author/paper.git` at `1111111111111111111111111111111111111111`, committed 2018-02-04T12:00:00Z
    - Software Heritage `swh:1:rev:1111111111111111111111111111111111111111`, `swh:1:dir:2222222222222222222222222222222222222222`
    - The repository has no licence: nobody may use its code
    - Machine: kernel `6.1.0`
    ");
}

#[test]
fn the_run_keeps_the_record_the_report_and_the_pinned_packages() {
    let folder = tempfile::tempdir().expect("a folder");
    reproof::report::write_files(&sample::report(), folder.path()).expect("written");
    let mut names: Vec<_> = fs::read_dir(folder.path())
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    names.sort();
    assert_eq!(names, ["environment.txt", "record.json", "report.md"]);
    let packages = fs::read_to_string(folder.path().join("environment.txt")).expect("packages");
    assert_eq!(packages, "numpy==1.14.0 --hash=sha256:00\n");
}

/// A report of the demo, checked once, and the bench that it lies on.
fn demo() -> (Bench, Value) {
    let bench = Bench::new();
    let record = bench.run(&["demo", "demo", "--format", "json"]).json();
    (bench, record)
}

#[test]
fn the_commands_of_the_report_give_the_same_outputs_without_reproof() {
    let (bench, record) = demo();
    let folder = record["folder"].as_str().expect("a folder");
    let report = fs::read_to_string(format!("{folder}/report.md")).expect("a report");
    let script = report
        .split("```sh\n")
        .nth(1)
        .and_then(|rest| rest.split("\n```").next());
    let script = format!("{}\necho \"$WORK\"\n", script.expect("commands"));

    // Somewhere else, with nothing but what comes with the manifest.
    copy(&bench.path("demo/1992-wine"), &bench.path("elsewhere/1992-wine"));
    let output = Command::new("sh")
        .args(["-e", "-c", &script])
        .current_dir(bench.path("elsewhere"))
        .env("TMPDIR", bench.path("home"))
        .output()
        .expect("a shell");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let work = said.lines().last().expect("the folder");
    for step in record["steps"].as_array().expect("steps") {
        for file in step["outputs"].as_array().expect("outputs") {
            let (name, step) = (
                file["name"].as_str().expect("a name"),
                step["step"].as_str().expect("a step"),
            );
            let path = format!("{work}/out/{step}/{name}");
            let (digest, _) = reproof::digest::Digest::of_file(path.as_ref()).expect(&path);
            assert_eq!(file["files"][0]["sha256"], digest.hex(), "{path}");
        }
    }
    schema::assert_valid(&record);
}

#[test]
fn a_second_run_says_what_it_used_again() {
    let bench = Bench::on("reproduces");
    bench.check();
    let ran = bench.run(&["check", "paper/paper.toml"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let cost = ran.stdout.lines().find(|line| line.starts_with("cost "));
    assert!(
        cost.expect("the cost").contains("4 of 4 step runs reused"),
        "{cost:?}"
    );
}

#[test]
fn nightly_compares_with_the_run_before() {
    let bench = Bench::on("reproduces");
    let nightly =
        |bench: &Bench| bench.run(&["check", "--quiet", "--require", "nightly", "paper/paper.toml"]);
    let first = nightly(&bench);
    assert_eq!((first.code, first.stderr.as_str()), (0, ""));
    let same = nightly(&bench);
    assert_eq!(
        (same.code, same.stderr.as_str()),
        (0, ""),
        "silent when nothing changed"
    );

    // The same claims, but the code gets worse.
    let repository = bench.path("paper/repository");
    bench.write(
        "paper/repository/odd.py",
        "rows = ''.join(f'{name},0\\n' for name in 'abcdefghij')\nopen('predictions.csv', 'w').write('id,prediction\\n' + rows)\nprint('accuracy=0.500')\n",
    );
    let commit = regex::Regex::new("commit = \"[0-9a-f]{40}\"").expect("a pattern");
    let new = format!("commit = \"{}\"", commit_all(&repository));
    let manifest = bench.read("paper/paper.toml");
    bench.write("paper/paper.toml", &commit.replace(&manifest, new.as_str()));
    let worse = nightly(&bench);
    assert_eq!(worse.code, 1, "{}{}", worse.stdout, worse.stderr);
    assert!(
        worse
            .stderr
            .contains("`odd` was reproduced and is not-reproduced"),
        "{}",
        worse.stderr
    );
}
