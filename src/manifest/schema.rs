//! The JSON Schema of manifests, and the reference that people read; both from the types of [`super::raw`].

use std::fmt::Write as _;

use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform as _};
use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::raw;

/// Where [`super::reader::section!`] leaves the order of the keys.
const ORDER: &str = "x-order";

/// What stands in docs/manifest.md before and after the tables.
const INTRODUCTION: &str = include_str!("reference/introduction.md");
const NUMBERS: &str = include_str!("reference/numbers.md");

/// The JSON Schema of a manifest: docs/schema/manifest.schema.json.
///
/// For completion and hints in an editor. It accepts every valid manifest; what only shows when parts are held
/// against each other, such as a step that does not exist, is not its business.
pub fn json_schema() -> String {
    let mut schema = schema();
    RecursiveTransform(|schema: &mut Schema| drop(schema.remove(ORDER))).transform(&mut schema);
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}

/// The reference of the manifest in Markdown: docs/manifest.md.
pub fn reference() -> String {
    let schema = schema().to_value();
    let mut text = String::new();
    text.push_str(INTRODUCTION);
    section(&mut text, "The top level", schema.as_object(), &[]);
    text.push_str(NUMBERS);
    text
}

fn schema() -> Schema {
    let mut schema = generator().into_root_schema_for::<raw::Manifest>();
    // TOML has no null: a key is left out.
    RecursiveTransform(forget_null).transform(&mut schema);
    schema.insert("title".to_owned(), json!("reproof manifest"));
    schema
}

fn generator() -> SchemaGenerator {
    // Draft 7 is what editors understand; nothing refers to itself, so all can stand in its place.
    let settings = SchemaSettings::draft07().with(|settings| settings.inline_subschemas = true);
    settings.into_generator()
}

/// Takes `null` out of the types and alternatives of a schema.
fn forget_null(schema: &mut Schema) {
    let Some(object) = schema.as_object_mut() else {
        return;
    };
    if let Some(Value::Array(types)) = object.get_mut("type") {
        types.retain(|kind| kind != "null");
        if let [only] = &types[..] {
            let only = only.clone();
            object.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(words)) = object.get_mut("enum") {
        words.retain(|word| !word.is_null());
    }
    let Some(Value::Array(alternatives)) = object.get_mut("anyOf") else {
        return;
    };
    alternatives.retain(|alternative| alternative.get("type") != Some(&json!("null")));
    if let [Value::Object(only)] = &alternatives[..] {
        let only = only.clone();
        object.remove("anyOf");
        for (key, value) in only {
            object.entry(key).or_insert(value);
        }
    }
}

/// The tables within a table, to be written after it.
type Nested<'s> = Vec<(String, &'s Map<String, Value>)>;

/// Writes the keys of one table, and then the tables in it. `path` leads to it: `["steps", "model"]`.
fn section(text: &mut String, title: &str, schema: Option<&Map<String, Value>>, path: &[&str]) {
    let Some(schema) = schema else { return };
    let _ = writeln!(text, "\n## {title}\n");
    if let Some(description) = description(schema) {
        let _ = writeln!(text, "{description}\n");
    }
    keys(text, schema);
    for (name, property) in properties(schema) {
        for (heading, inner) in nested(name, property, path) {
            section(text, &heading, Some(inner), &[path, &[name]].concat());
        }
    }
}

/// Writes a row for each key of a table.
fn keys(text: &mut String, schema: &Map<String, Value>) {
    let required = schema.get("required").and_then(Value::as_array);
    let is_required =
        |name: &str| required.is_some_and(|names| names.iter().any(|required| required == name));
    text.push_str("| key | type | default | meaning | example |\n| --- | --- | --- | --- | --- |\n");
    for (name, property) in properties(schema) {
        let default = match property.get("default") {
            Some(default) => format!("`{}`", toml(default)),
            None if is_required(name) => "**required**".to_owned(),
            None if let Some(other) = stand_in(schema, name) => format!("**required** without `{other}`"),
            None => "–".to_owned(),
        };
        let meaning = description(property).unwrap_or_default();
        let _ = writeln!(
            text,
            "| `{name}` | {} | {default} | {} | {} |",
            cell(&kind(property)),
            cell(&meaning),
            cell(&example(name, property)),
        );
    }
}

/// The key that makes `name` needless: that of the first alternative, where `name` is of the second.
fn stand_in<'s>(schema: &'s Map<String, Value>, name: &str) -> Option<&'s str> {
    let [instead, otherwise] = schema.get("anyOf")?.as_array()?.as_slice() else {
        return None;
    };
    let needed = otherwise.get("required")?.as_array()?;
    let needed = needed.iter().any(|needed| needed == name);
    needed
        .then_some(instead.get("required")?.get(0)?.as_str())
        .flatten()
}

/// The keys of a table in the order in which one writes them.
fn properties(schema: &Map<String, Value>) -> impl Iterator<Item = (&str, &Map<String, Value>)> {
    let order = schema.get(ORDER).and_then(Value::as_array).into_iter().flatten();
    let names = order.filter_map(Value::as_str);
    names.filter_map(move |name| Some((name, schema.get("properties")?.get(name)?.as_object()?)))
}

/// The tables that the value of a key consists of, with their headings.
fn nested<'s>(name: &str, property: &'s Map<String, Value>, path: &[&str]) -> Nested<'s> {
    let alternatives = property.get("anyOf").and_then(Value::as_array);
    let Some(alternatives) = alternatives else {
        let items = property.get("items").and_then(Value::as_object);
        let table = items.unwrap_or(property);
        let heading = match (path.is_empty(), items.is_some()) {
            (true, true) => format!("`[[{name}]]`"),
            (true, false) => format!("`[{name}]`"),
            (false, _) => format!("`{name} = {{ … }}` in `[{}]`", path.join(".")),
        };
        return if table.contains_key("properties") {
            vec![(heading, table)]
        } else {
            Vec::new()
        };
    };
    if name == "reported" {
        return Vec::new(); // the same as `measure`
    }
    let tables = alternatives.iter().filter_map(Value::as_object);
    let tables = tables.filter(|table| table.contains_key("properties"));
    let heading = |table| format!("`{name} = {{ {} = … }}`", first_key(table));
    tables.map(|table| (heading(table), table)).collect()
}

fn first_key(schema: &Map<String, Value>) -> String {
    let required = schema.get("required").and_then(Value::as_array);
    let first = required.and_then(|names| names.first()).and_then(Value::as_str);
    first.unwrap_or_default().to_owned()
}

fn description(schema: &Map<String, Value>) -> Option<String> {
    let description = schema.get("description")?.as_str()?;
    Some(description.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// The type of a value in words.
fn kind(schema: &Map<String, Value>) -> String {
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        let words: Vec<_> = words.iter().map(|word| format!("`{}`", toml(word))).collect();
        return words.join(", ");
    }
    if let Some(alternatives) = schema.get("anyOf").and_then(Value::as_array) {
        let kinds = alternatives.iter().filter_map(Value::as_object).map(kind);
        let mut kinds: Vec<_> = kinds.collect();
        kinds.dedup();
        return kinds.join(" or ");
    }
    match schema.get("type") {
        Some(Value::String(kind)) if kind == "array" => {
            let items = schema.get("items").and_then(Value::as_object);
            let items = items.map(|items| {
                if items.contains_key("properties") {
                    "tables".to_owned()
                } else {
                    kind_of_many(items)
                }
            });
            format!("array of {}", items.unwrap_or_default())
        }
        Some(Value::String(kind)) if kind == "object" => "table".to_owned(),
        Some(Value::String(kind)) => kind.clone(),
        Some(Value::Array(kinds)) => {
            let kinds: Vec<_> = kinds.iter().filter_map(Value::as_str).collect();
            kinds.join(" or ")
        }
        _ => String::new(),
    }
}

fn kind_of_many(items: &Map<String, Value>) -> String {
    format!("{}s", kind(items))
}

/// A line of TOML that shows a key, from its first example.
fn example(name: &str, property: &Map<String, Value>) -> String {
    let examples = property.get("examples").and_then(Value::as_array);
    let example = examples.and_then(|examples| examples.first());
    let word = property
        .get("enum")
        .and_then(Value::as_array)
        .and_then(|words| words.first());
    match example.or(word) {
        Some(value) => format!("`{name} = {}`", toml(value)),
        None => String::new(),
    }
}

/// A value as it is written in TOML on one line.
fn toml(value: &Value) -> String {
    match value {
        Value::String(text) if text.contains(['\\', '"']) => format!("'{text}'"),
        Value::Array(values) => {
            let values: Vec<_> = values.iter().map(toml).collect();
            format!("[{}]", values.join(", "))
        }
        Value::Object(entries) if entries.is_empty() => "{}".to_owned(),
        Value::Object(entries) => {
            let entries: Vec<_> = entries
                .iter()
                .map(|(key, value)| format!("{key} = {}", toml(value)))
                .collect();
            format!("{{ {} }}", entries.join(", "))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
    }
}

/// `text` as it can stand in a cell of a Markdown table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
