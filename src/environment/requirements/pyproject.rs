//! `pyproject.toml`: the dependencies of `[project]`, where they are plain text.

use toml::{Table, Value};

use super::text::{Reader, failed};
use crate::environment::error::EnvironmentError;
use crate::error::Fault;

/// Reads the file called `file`.
pub(super) fn read(reader: &mut Reader, file: &str) -> Result<(), EnvironmentError> {
    let (_, text) = reader.open(file, Fault::Manifest)?;
    let table: Table = text
        .parse()
        .map_err(|error: toml::de::Error| failed(file, error.message(), Fault::Paper))?;
    for (number, line) in dependencies(&table, &text).map_err(|why| unusable(file, why))? {
        reader.embedded(file, number, &line)?;
    }
    Ok(())
}

/// Each dependency with the line on which it probably stands.
fn dependencies(table: &Table, text: &str) -> Result<Vec<(usize, String)>, &'static str> {
    let project = table.get("project").and_then(Value::as_table);
    let Some(project) = project else {
        let poetry = table.get("tool").and_then(|tool| tool.get("poetry")).is_some();
        return Err(if poetry {
            "it is Poetry's, whose dependencies are not read"
        } else {
            "it has no `[project]`"
        });
    };
    let is_dependencies = |value: &Value| value.as_str() == Some("dependencies");
    if project
        .get("dynamic")
        .and_then(Value::as_array)
        .is_some_and(|dynamic| dynamic.iter().any(is_dependencies))
    {
        return Err("its dependencies are `dynamic`: code would have to be run to say what they are");
    }
    let Some(dependencies) = project.get("dependencies") else {
        return Ok(Vec::new());
    };
    let list = dependencies.as_array().ok_or("`dependencies` is not a list")?;
    let lines = list.iter().map(|value| {
        let dependency = value
            .as_str()
            .ok_or("`dependencies` holds something that is not text")?;
        let line = text
            .lines()
            .position(|line| line.contains(dependency))
            .map_or(1, |index| index + 1);
        Ok((line, dependency.to_owned()))
    });
    lines.collect()
}

fn unusable(file: &str, why: &str) -> EnvironmentError {
    EnvironmentError::RequirementFile {
        file: file.to_owned(),
        why: why.to_owned(),
        fault: Fault::Manifest,
        hint: Some("leave it out of `requirements` and name what it asks for under `packages`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Requirements, read};
    use super::*;

    fn read_one(text: &str) -> Result<Requirements, EnvironmentError> {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("pyproject.toml"), text).expect("written");
        read(folder.path(), &["pyproject.toml".to_owned()], &[])
    }

    #[test]
    fn plain_dependencies_are_taken_with_their_lines() {
        let found = read_one("[project]\nname = \"x\"\ndependencies = [\n  \"numpy>=1.19\",\n  \"a @ git+https://code.example/a\",\n]\n").expect("readable");
        assert_eq!(found.packages[0].to_string(), "numpy>=1.19");
        assert_eq!(found.packages[0].place.to_string(), "pyproject.toml:4");
        assert_eq!(found.wishes[0].line, 5);
    }

    #[test]
    fn what_needs_code_or_another_tool_is_refused() {
        for (text, why) in [
            ("[project]\ndynamic = [\"dependencies\"]\n", "dynamic"),
            ("[tool.poetry]\nname = \"x\"\n", "Poetry"),
            ("[build-system]\n", "no `[project]`"),
            ("[project]\ndependencies = \"numpy\"\n", "not a list"),
            ("[project\n", ""),
        ] {
            let error = read_one(text).expect_err("refused").to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
