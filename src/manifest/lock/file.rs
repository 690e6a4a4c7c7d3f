//! The text of a lock: TOML, always in the same order.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::super::CommitId;
use super::{Lock, LockedCode, LockedEnvironment, LockedFile, LockedInput};

/// The version of the format that is written and read.
const VERSION: u32 = 1;

/// What stands above it all.
const HEADER: &str = "\
# Written by `reproof lock`: what the names in the manifest beside it mean, down to the last byte.
# It belongs into version control. Do not edit it; run `reproof lock` again.

";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    manifest: String,
    code: Code,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    data: Vec<Input>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    checkpoints: Vec<Input>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    files: Vec<OwnFile>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    environment: Option<Environment>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Code {
    repository: String,
    reference: String,
    commit: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    id: String,
    source: String,
    sha256: String,
    bytes: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnFile {
    path: String,
    sha256: String,
    bytes: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Environment {
    python: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    as_of: Option<String>,
    uv: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
    requirements: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    packages: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    inputs: BTreeMap<String, String>,
}

/// The text of `lock`.
pub(super) fn render(lock: &Lock) -> String {
    let file = File {
        version: VERSION,
        manifest: lock.manifest.to_string(),
        code: Code {
            repository: lock.code.repository.clone(),
            reference: lock.code.reference.clone(),
            commit: lock.code.commit.to_string(),
        },
        data: lock.data.iter().map(write_input).collect(),
        checkpoints: lock.checkpoints.iter().map(write_input).collect(),
        files: lock.files.iter().map(write_file).collect(),
        environment: lock.environment.as_ref().map(write_environment),
    };
    // Strings, numbers, arrays and tables only: all of them can be written.
    let body = toml::to_string_pretty(&file).unwrap_or_default();
    format!("{HEADER}{body}")
}

fn write_input((id, input): (&String, &LockedInput)) -> Input {
    Input {
        id: id.clone(),
        source: input.source.clone(),
        sha256: input.sha256.hex(),
        bytes: input.bytes,
    }
}

fn write_file((path, file): (&String, &LockedFile)) -> OwnFile {
    OwnFile {
        path: path.clone(),
        sha256: file.sha256.hex(),
        bytes: file.bytes,
    }
}

fn write_environment(environment: &LockedEnvironment) -> Environment {
    Environment {
        python: environment.python.clone(),
        as_of: environment.as_of.map(|instant| instant.to_string()),
        uv: environment.uv.clone(),
        notes: environment.notes.clone(),
        requirements: environment.requirements.clone(),
        packages: environment.packages.clone(),
        inputs: environment.inputs.clone(),
    }
}

/// Reads what [`render`] writes; the error is one line.
pub(super) fn parse(text: &str) -> Result<Lock, String> {
    #[derive(Deserialize)]
    struct Version {
        version: u32,
    }
    // Before all else: a later version may have other keys.
    let Version { version } = toml::from_str(text).map_err(|error| one_line(&error))?;
    if version != VERSION {
        return Err(format!(
            "it has version {version}, and this reproof reads version {VERSION}"
        ));
    }
    let file: File = toml::from_str(text).map_err(|error| one_line(&error))?;
    let commit = CommitId::new(&file.code.commit);
    Ok(Lock {
        manifest: digest(&file.manifest)?,
        code: LockedCode {
            repository: file.code.repository,
            reference: file.code.reference,
            commit: commit.ok_or("its commit is not a full commit id")?,
        },
        data: read_inputs(file.data)?,
        checkpoints: read_inputs(file.checkpoints)?,
        files: read_files(file.files)?,
        environment: file.environment.map(read_environment).transpose()?,
    })
}

fn one_line(error: &toml::de::Error) -> String {
    error
        .message()
        .lines()
        .next()
        .unwrap_or("it is not TOML")
        .to_owned()
}

fn digest(text: &str) -> Result<crate::digest::Digest, String> {
    text.parse()
        .map_err(|error: crate::digest::NotADigest| error.to_string())
}

fn read_inputs(inputs: Vec<Input>) -> Result<BTreeMap<String, LockedInput>, String> {
    let mut read = BTreeMap::new();
    for input in inputs {
        let locked = LockedInput {
            source: input.source,
            sha256: digest(&input.sha256)?,
            bytes: input.bytes,
        };
        if read.insert(input.id.clone(), locked).is_some() {
            return Err(twice(&input.id));
        }
    }
    Ok(read)
}

fn read_files(files: Vec<OwnFile>) -> Result<BTreeMap<String, LockedFile>, String> {
    let mut read = BTreeMap::new();
    for file in files {
        let locked = LockedFile {
            sha256: digest(&file.sha256)?,
            bytes: file.bytes,
        };
        if read.insert(file.path.clone(), locked).is_some() {
            return Err(twice(&file.path));
        }
    }
    Ok(read)
}

fn twice(name: &str) -> String {
    format!("{} is there twice", super::super::problem::quoted(name))
}

fn read_environment(environment: Environment) -> Result<LockedEnvironment, String> {
    let as_of = environment.as_of.map(|instant| instant.parse());
    Ok(LockedEnvironment {
        python: environment.python,
        as_of: as_of.transpose().map_err(|_| "its `as-of` is not an instant")?,
        uv: environment.uv,
        packages: environment.packages,
        notes: environment.notes,
        inputs: environment.inputs,
        requirements: environment.requirements,
    })
}
