//! The run record: what other programs rely on. Fields are added, never renamed.
//!
//! Only the structs of `rows` derive `Serialize` for readers; the stages' own
//! types do not. Their schema is published in docs/schema/record.schema.json.

mod audit;
mod data;
mod previous;
mod record;
mod rows;

pub use audit::audit_value;
pub use previous::previous;

use schemars::generate::SchemaSettings;

use super::{Look, Renderer, Report};

/// The version of this document's shape.
const SCHEMA: u32 = 1;

/// The name of its file in the run's folder.
const FILE: &str = "record.json";

/// One JSON document: the run record.
#[derive(Debug)]
pub(super) struct Json;

impl Renderer for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn file(&self) -> Option<&'static str> {
        Some(FILE)
    }

    fn render(&self, report: &Report, _: Look) -> String {
        let mut text = serde_json::to_string_pretty(&record::record(report)).unwrap_or_default();
        text.push('\n');
        text
    }
}

/// The JSON Schema of the run record: docs/schema/record.schema.json.
pub fn schema() -> String {
    let settings = SchemaSettings::draft07().with(|settings| {
        settings.contract = schemars::generate::Contract::Serialize;
    });
    let schema = settings
        .into_generator()
        .into_root_schema_for::<rows::Record<'_>>();
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}
