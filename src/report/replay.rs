//! The commands that do by hand what a check did: what a stranger pastes into a shell, without reproof.
//!
//! They start in the manifest's folder and work in a folder of their own. Every
//! run has its own copy of the code and its own `$OUT`, as in the sandbox, so that
//! they leave the same outputs. Nothing confines them.

use std::collections::BTreeSet;

use super::Report;
use super::escape::{one_line, shell};
use crate::environment::Environment;
use crate::manifest::{Action, Checkpoint, Data, EnvironmentKind, Manifest, Piece, Seeds, Step, pieces};
use crate::pipeline::fixed_variables;

/// The file with the pinned packages, beside the report.
pub(super) const ENVIRONMENT: &str = "environment.txt";

/// The whole script, for a POSIX shell.
pub(super) fn script(report: &Report) -> String {
    let mut parts = vec![code(report)];
    // Before the environment, whose Python may have no pip.
    parts.extend(inputs(report));
    parts.push(environment(report));
    parts.push(begin(report));
    let steps = report.manifest.steps.iter();
    parts.extend(steps.map(|step| step_lines(report, step)));
    parts.retain(|part| !part.is_empty());
    let blocks: Vec<String> = parts.into_iter().map(|lines| lines.join("\n")).collect();
    blocks.join("\n\n")
}

fn comment(text: &str) -> String {
    format!("# {}", one_line(text))
}

/// Where all happens, and the pinned code.
fn code(report: &Report) -> Vec<String> {
    let manifest = &report.manifest;
    let name = manifest.file.file_name().unwrap_or_default().to_string_lossy();
    let mut lines = vec![
        format!("FROM=$PWD    # start in the folder of {}", one_line(&name)),
        "WORK=$(mktemp -d) && cd \"$WORK\" && mkdir data checkpoints out".to_owned(),
    ];
    let submodules = if manifest.code.submodules {
        " --recurse-submodules"
    } else {
        ""
    };
    let commit = match (&report.code, &manifest.code.revision) {
        (Ok(pinned), _) => pinned.commit.to_string(),
        (Err(why), revision) => {
            lines.push(comment(&format!("this did not work: {}", why.detail)));
            match revision {
                crate::manifest::Revision::Commit(commit) => commit.to_string(),
                crate::manifest::Revision::Name(name) => shell(name),
            }
        }
    };
    lines.push(format!(
        "git clone -q -- {} code",
        place(&manifest.code.repository)
    ));
    lines.push(format!(
        "git -C code -c advice.detachedHead=false checkout -q{submodules} {commit}"
    ));
    if manifest.code.submodules {
        lines.push("git -C code submodule update -q --init --recursive".to_owned());
    }
    lines
}

/// A repository as git is told it: a path is relative to the manifest.
fn place(repository: &str) -> String {
    let remote = match repository.split_once(':') {
        Some((before, _)) => !before.contains('/'),
        None => false,
    };
    if remote || repository.starts_with('/') {
        shell(repository)
    } else {
        format!("\"$FROM\"/{}", shell(repository))
    }
}

fn environment(report: &Report) -> Vec<String> {
    match &report.environment {
        Ok(built) => packages(built, &report.run),
        Err(why) => vec![comment(&format!(
            "the environment could not be built: {}",
            why.detail
        ))],
    }
}

fn packages(built: &Environment, run: &str) -> Vec<String> {
    let Some(python) = &built.python else {
        return Vec::new();
    };
    let version = one_line(&python.full_version);
    if built.kind != EnvironmentKind::Uv {
        let python = format!("Python {version} was `python` and `python3`, with its own packages");
        return vec![comment(&python)];
    }
    let newest = match built.as_of {
        Some(as_of) if !built.built_from_source.is_empty() => format!(" --exclude-newer {as_of}"),
        _ => String::new(),
    };
    let uv = built.resolved.as_ref().map(|resolved| one_line(&resolved.uv));
    let uv = uv.unwrap_or_default();
    vec![
        comment(&format!("with uv {uv}, which `pip install uv=={uv}` gets")),
        format!(
            "REPORT=$FROM/.reproof/runs/{}    # the folder of this report",
            shell(run)
        ),
        format!("uv venv -q --python {version} venv && . venv/bin/activate"),
        format!("uv pip install -q --no-deps --require-hashes{newest} -r \"$REPORT\"/{ENVIRONMENT}"),
    ]
}

/// Data sets and checkpoints that a step sees, each with its hash; labels that only the checker reads are left out.
fn inputs(report: &Report) -> Vec<Vec<String>> {
    let manifest = &report.manifest;
    let steps = || manifest.steps.iter();
    let data: BTreeSet<&str> = steps().flat_map(|step| &step.data).map(String::as_str).collect();
    let checkpoints: BTreeSet<&str> = steps()
        .flat_map(|step| &step.checkpoints)
        .map(String::as_str)
        .collect();
    let data = manifest.data.iter().filter(|one| data.contains(one.id.as_str()));
    let checkpoints = manifest
        .checkpoints
        .iter()
        .filter(|one| checkpoints.contains(one.id.as_str()));
    let data = data.map(|one| fetched(&Fetch::from(one)));
    let checkpoints = checkpoints.map(|one| fetched(&Fetch::from(one)));
    data.chain(checkpoints).collect()
}

/// Something to be fetched.
struct Fetch<'a> {
    source: &'a str,
    sha256: Option<String>,
    /// Where steps see it, relative to `$WORK`.
    target: String,
    unpack: bool,
    member: Option<String>,
}

impl<'a> From<&'a Data> for Fetch<'a> {
    fn from(data: &'a Data) -> Self {
        Self {
            source: &data.source,
            sha256: data.sha256.map(|digest| digest.hex()),
            target: format!("data/{}", data.id),
            unpack: data.unpack,
            member: data.member.as_ref().map(|path| path.display().to_string()),
        }
    }
}

impl<'a> From<&'a Checkpoint> for Fetch<'a> {
    fn from(checkpoint: &'a Checkpoint) -> Self {
        Self {
            source: &checkpoint.source,
            sha256: checkpoint.sha256.map(|digest| digest.hex()),
            target: format!("checkpoints/{}", checkpoint.id),
            unpack: false,
            member: None,
        }
    }
}

fn fetched(input: &Fetch<'_>) -> Vec<String> {
    let target = &input.target;
    let file = if input.unpack {
        format!("{target}.archive")
    } else {
        target.clone()
    };
    let mut lines = vec![fetch(input.source, &file)];
    lines.extend(
        input
            .sha256
            .iter()
            .map(|digest| format!("echo '{digest}  {file}' | sha256sum -c --quiet")),
    );
    if !input.unpack {
        return lines;
    }
    match &input.member {
        Some(member) => {
            lines.push(unpacked(input.source, &file, &format!("{target}.unpacked")));
            lines.push(format!("cp -R {target}.unpacked/{} {target}", shell(member)));
        }
        None => lines.push(unpacked(input.source, &file, target)),
    }
    lines
}

fn fetch(source: &str, to: &str) -> String {
    match source.split_once(':') {
        Some(("file", path)) => {
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.starts_with('/') {
                format!("cp {} {to}", shell(path))
            } else {
                format!("cp \"$FROM\"/{} {to}", shell(path))
            }
        }
        Some(("repo", path)) => format!("cp code/{} {to}", shell(path)),
        Some(("https" | "http", _)) => format!("curl -fsSL -o {to} -- {}", shell(source)),
        Some(("pypi", rest)) => {
            let (release, path) = rest.split_once('/').unwrap_or((rest, ""));
            format!(
                "python3 -m pip download -q --no-deps --dest {to}.wheel {} && unzip -p {to}.wheel/*.whl {} > {to}",
                shell(release),
                shell(path)
            )
        }
        _ => comment(&format!("put {source} at {to}")),
    }
}

/// Unpacks by the source's ending, as people do.
fn unpacked(source: &str, archive: &str, folder: &str) -> String {
    let path = source.split(['?', '#']).next().unwrap_or_default();
    let name = path.rsplit(['/', ':']).next().unwrap_or_default();
    let made = format!("mkdir -p {folder}");
    let lower = name.to_ascii_lowercase();
    let single = [
        (".gz", "gzip"),
        (".xz", "xz"),
        (".zst", "zstd"),
        (".bz2", "bzip2"),
    ];
    if lower.ends_with(".zip") {
        return format!("{made} && unzip -q {archive} -d {folder}");
    }
    match single.iter().find(|(ending, _)| lower.ends_with(ending)) {
        Some((ending, program)) if !lower.contains(".tar.") => {
            let stem = &name[..name.len() - ending.len()];
            format!("{made} && {program} -dc < {archive} > {folder}/{}", shell(stem))
        }
        _ => format!("{made} && tar -xf {archive} -C {folder}"),
    }
}

/// What every run begins with.
fn begin(report: &Report) -> Vec<String> {
    let manifest = &report.manifest;
    let variables: Vec<String> = fixed_variables(None, report.machine.cores)
        .into_iter()
        .map(|(name, value)| format!("{name}={}", shell(&value)))
        .collect();
    let subdirectory = manifest.code.subdirectory.display().to_string();
    let subdirectory = match subdirectory.as_str() {
        "" | "." => String::new(),
        inner => format!("/{}", shell(inner)),
    };
    let seed = if manifest.steps.iter().any(|step| seeds(manifest, step).is_some()) {
        " REPROOF_SEED=$SEED"
    } else {
        ""
    };
    let mut lines = vec![
        format!("export {}", variables.join(" ")),
        "begin() {    # begin RUN [EARLIER…]: a fresh copy of the code, with what earlier runs wrote"
            .to_owned(),
        format!("  OUT=$WORK/out/$1 && mkdir -p \"$OUT\" && export REPROOF_OUT=$OUT{seed} && shift"),
        format!(
            "  rm -rf \"$WORK\"/copy && cp -R \"$WORK\"/code \"$WORK\"/copy && cd \"$WORK\"/copy{subdirectory}"
        ),
        "  for run; do cp -R \"$WORK/out/$run/.\" .; done".to_owned(),
        "}".to_owned(),
    ];
    if manifest
        .steps
        .iter()
        .any(|step| !places(manifest, step).is_empty())
    {
        lines.extend([
            "put() {      # put INPUT PATH: where the code expects it".to_owned(),
            "  mkdir -p \"$(dirname \"$WORK/copy/$2\")\" && rm -rf \"$WORK/copy/$2\" && cp -R \"$WORK/$1\" \"$WORK/copy/$2\"".to_owned(),
            "}".to_owned(),
        ]);
    }
    if manifest
        .steps
        .iter()
        .any(|step| !beside_the_code(step).is_empty())
    {
        lines.extend([
            "keep() {     # keep FILE…: results that the code wrote beside itself".to_owned(),
            "  for file; do".to_owned(),
            "    [ -e \"$OUT/$file\" ] || { mkdir -p \"$(dirname \"$OUT/$file\")\" && cp -R \"$file\" \"$OUT/$file\"; }".to_owned(),
            "  done".to_owned(),
            "}".to_owned(),
        ]);
    }
    lines
}

/// The seeds with which the step runs, if it has any.
fn seeds(manifest: &Manifest, step: &Step) -> Option<Vec<u64>> {
    match manifest.seeds_of(step) {
        Seeds::Unseeded => None,
        Seeds::Listed(seeds) => Some(seeds.clone()),
        Seeds::Sequential { max, .. } => Some((1..=u64::from(*max)).collect()),
    }
}

/// Those of `seeds` that were run; all, if none was.
fn seeds_run(report: &Report, step: &Step, seeds: Vec<u64>) -> Vec<u64> {
    let ran = |seed: &u64| {
        let mut runs = report.steps.iter();
        runs.any(|run| run.execution.step == step.id && run.execution.seed == Some(*seed))
    };
    let run: Vec<u64> = seeds.iter().copied().filter(ran).collect();
    if run.is_empty() { seeds } else { run }
}

/// What is put into the working copy: from where, and where.
fn places(manifest: &Manifest, step: &Step) -> Vec<(String, String)> {
    let data = step.data.iter().filter_map(|id| manifest.data(id));
    let data = data.map(|one| (format!("data/{}", one.id), &one.place));
    let checkpoints = step.checkpoints.iter().filter_map(|id| manifest.checkpoint(id));
    let checkpoints = checkpoints.map(|one| (format!("checkpoints/{}", one.id), &one.place));
    data.chain(checkpoints)
        .filter_map(|(from, place)| Some((from, place.as_ref()?.display().to_string())))
        .collect()
}

/// The outputs that the command does not name below `{out}`.
fn beside_the_code(step: &Step) -> Vec<&str> {
    let Action::Run(words) = &step.action else {
        return Vec::new();
    };
    let named = |output: &str| {
        words
            .iter()
            .any(|word| word.contains(&format!("{{out}}/{output}")))
    };
    let outputs = step.outputs.iter().map(String::as_str);
    outputs.filter(|output| !named(output)).collect()
}

fn step_lines(report: &Report, step: &Step) -> Vec<String> {
    let manifest = &report.manifest;
    let title = if manifest.steps.len() > 1 || step.network {
        let network = if step.network { ", with the network" } else { "" };
        vec![comment(&format!("step {}{network}", step.id))]
    } else {
        Vec::new()
    };
    let Action::Run(words) = &step.action else {
        return vec![comment(&format!("step {}: evaluated by reproof itself", step.id))];
    };
    let seeds = seeds(manifest, step).map(|all| seeds_run(report, step, all));
    let suffix = if seeds.is_some() { ".seed-$SEED" } else { "" };
    let mut lines = vec![format!("begin {}{suffix}{}", step.id, earlier(manifest, step))];
    let placed = places(manifest, step);
    lines.extend(
        placed
            .iter()
            .map(|(from, to)| format!("put {from} {}", shell(to))),
    );
    lines.push(command(step, words));
    let kept: Vec<String> = beside_the_code(step).into_iter().map(shell).collect();
    if !kept.is_empty() {
        lines.push(format!("keep {}", kept.join(" ")));
    }
    let Some(seeds) = seeds else {
        return [title, lines].concat();
    };
    let seeds: Vec<String> = seeds.iter().map(ToString::to_string).collect();
    let mut looped = title;
    looped.push(format!("for SEED in {}; do", seeds.join(" ")));
    looped.extend(lines.into_iter().map(|line| format!("  {line}")));
    looped.push("done; SEED=".to_owned());
    looped
}

/// The runs whose outputs this one sees, of the same seed where they have one.
fn earlier(manifest: &Manifest, step: &Step) -> String {
    let with_outputs = step
        .needs
        .iter()
        .filter_map(|id| manifest.step(id))
        .filter(|needed| !needed.outputs.is_empty());
    let names = with_outputs.map(|needed| {
        let seeded = seeds(manifest, needed).is_some();
        format!(" {}{}", needed.id, if seeded { ".seed-$SEED" } else { "" })
    });
    names.collect()
}

fn command(step: &Step, words: &[String]) -> String {
    let variables = step
        .env
        .iter()
        .map(|(name, value)| format!("{name}={}", filled(value)));
    let words = words.iter().map(|word| filled(word));
    variables.chain(words).collect::<Vec<_>>().join(" ")
}

/// A word of the command, with variables of the shell where reproof fills in places.
fn filled(word: &str) -> String {
    let Ok(pieces) = pieces(word) else {
        return shell(word);
    };
    if pieces.is_empty() {
        return shell("");
    }
    let shown = pieces.iter().map(|piece| match piece {
        Piece::Text(text) => shell(text),
        Piece::Seed => "\"$SEED\"".to_owned(),
        Piece::Out => "\"$OUT\"".to_owned(),
        Piece::Data(id) => format!("\"$WORK\"/data/{id}"),
        Piece::Checkpoint(id) => format!("\"$WORK\"/checkpoints/{id}"),
        Piece::File(path) => format!("\"$FROM\"/{}", shell(path)),
    });
    shown.collect()
}
