//! The published schema of the run record, and real records against it.

use serde_json::{Map, Value};

use super::{rendered, sample};
use crate::common::up_to_date;

fn schema() -> Value {
    serde_json::from_str(&reproof::report::schema()).expect("JSON")
}

#[test]
fn the_published_schema_is_the_one_of_the_code() {
    up_to_date("docs/schema/record.schema.json", &reproof::report::schema());
}

#[test]
fn the_sample_is_as_the_schema_says() {
    let record: Value = serde_json::from_str(&rendered("json", &sample::report(), 100)).expect("JSON");
    assert_valid(&record);
}

#[test]
fn the_schema_refuses_what_is_no_record() {
    let good: Value = serde_json::from_str(&rendered("json", &sample::report(), 100)).expect("JSON");
    for (pointer, bad) in [
        ("/verdict", Value::Null),
        ("/score/value", Value::from("8")),
        ("/claims/0/interval", Value::from(0.5)),
        ("/steps/0/reused", Value::from("no")),
        ("/trust", Value::Null),
    ] {
        let mut record = good.clone();
        *record.pointer_mut(pointer).expect(pointer) = bad;
        assert!(!problems(&record).is_empty(), "{pointer} may be anything");
    }
    let mut record = good;
    record.as_object_mut().expect("an object").remove("claims");
    assert_eq!(problems(&record), ["/claims is missing"]);
}

/// The names that product.md promises.
#[test]
fn the_record_has_the_names_that_others_rely_on() {
    let record: Value = serde_json::from_str(&rendered("json", &sample::report(), 100)).expect("JSON");
    let has = |pointer: &str| assert!(record.pointer(pointer).is_some(), "no {pointer}");
    for name in [
        "run", "manifest", "rules", "score", "verdict", "trust", "claims", "steps", "pins", "cost",
    ] {
        has(&format!("/{name}"));
    }
    for name in ["value", "covered", "claims", "low", "high"] {
        has(&format!("/score/{name}"));
    }
    for name in [
        "id", "outcome", "score", "ratio", "claimed", "measured", "interval", "margin", "reason",
    ] {
        has(&format!("/claims/0/{name}"));
    }
    for name in ["mean", "sd", "values"] {
        has(&format!("/claims/0/measured/{name}"));
    }
    assert_eq!(record["trust"].as_array().map(Vec::len), Some(10));
}

/// Fails unless `record` is as the schema says.
#[track_caller]
pub(super) fn assert_valid(record: &Value) {
    assert_eq!(problems(record), Vec::<String>::new());
}

fn problems(record: &Value) -> Vec<String> {
    let schema = schema();
    let mut found = Vec::new();
    check(&schema, &schema, record, "", &mut found);
    found
}

/// The part of JSON Schema that ours uses.
fn check(root: &Value, schema: &Value, value: &Value, place: &str, found: &mut Vec<String>) {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = root.pointer(reference.trim_start_matches('#')).expect(reference);
        return check(root, target, value, place, found);
    }
    if let Some(all) = schema["allOf"].as_array() {
        return all.iter().for_each(|one| check(root, one, value, place, found));
    }
    if let Some(any) = schema["anyOf"].as_array() {
        let fits = any.iter().any(|one| {
            let mut inner = Vec::new();
            check(root, one, value, place, &mut inner);
            inner.is_empty()
        });
        if !fits {
            found.push(format!("{place} fits none of its forms: {value}"));
        }
        return;
    }
    let several = schema["type"].as_array();
    let several = several.map(|several| several.iter().filter_map(Value::as_str).collect());
    let one = schema["type"].as_str().map(|one| vec![one]);
    let types: Vec<&str> = several.or(one).unwrap_or_default();
    assert!(!types.is_empty(), "{place} may be anything: {schema}");
    let number = types.contains(&"number") && value.is_number();
    if !number && !types.contains(&kind(value)) {
        found.push(format!("{place} is no {types:?}: {value}"));
        return;
    }
    if let Value::Object(members) = value {
        members_of(root, schema, members, place, found);
    }
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        check(root, &schema["items"], item, &format!("{place}/{index}"), found);
    }
}

fn members_of(
    root: &Value,
    schema: &Value,
    members: &Map<String, Value>,
    place: &str,
    found: &mut Vec<String>,
) {
    let required = schema["required"].as_array().into_iter().flatten();
    for name in required.filter_map(Value::as_str) {
        if !members.contains_key(name) {
            found.push(format!("{place}/{name} is missing"));
        }
    }
    for (name, member) in members {
        let place = format!("{place}/{name}");
        match (&schema["properties"][name], &schema["additionalProperties"]) {
            (Value::Null, Value::Null) => found.push(format!("{place} is not in the schema")),
            (Value::Null, others) => check(root, others, member, &place, found),
            (property, _) => check(root, property, member, &place, found),
        }
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
