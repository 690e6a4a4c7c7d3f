//! `reproof cache`: what is kept between checks.

use std::fs;
use std::io;
use std::path::Path;

use bytesize::ByteSize;
use reproof::acquire::store::{Prune, Store};
use serde_json::json;

use super::exit::Exit;
use super::settings::Settings;
use super::terminal::Terminal;
use super::{CacheAction, Format, commands};

/// Lists, verifies or prunes.
pub(super) fn cache(action: &CacheAction, format: Format, settings: &Settings, terminal: &Terminal) -> Exit {
    let done = match action {
        CacheAction::List => list(settings),
        CacheAction::Verify => verify(settings),
        CacheAction::Prune { older_than } => prune(older_than.as_deref(), settings),
    };
    match done {
        Ok(done) => {
            terminal.result(&match format {
                Format::Json => format!("{:#}\n", done.json),
                Format::Text => done.text,
            });
            if done.damaged {
                Exit::Undecided
            } else {
                Exit::Success
            }
        }
        Err(message) => {
            terminal.message("error", "31", &message);
            Exit::Undecided
        }
    }
}

struct Done {
    text: String,
    json: serde_json::Value,
    damaged: bool,
}

fn list(settings: &Settings) -> Result<Done, String> {
    let root = settings.cache.root();
    let rows: Vec<(String, u64)> = ["blobs", "unpacked", "git", "environments", "tools"]
        .into_iter()
        .map(|name| size(&root.join(name)).map(|bytes| (name.to_owned(), bytes)))
        .collect::<io::Result<_>>()
        .map_err(|error| format!("cannot read the cache: {error}"))?;
    let mut text = format!("{}\n", root.display());
    for (name, bytes) in &rows {
        text.push_str(&format!("  {name:<14}{:>12}\n", ByteSize(*bytes).to_string()));
    }
    let json = rows
        .iter()
        .map(|(name, bytes)| (name.clone(), json!(bytes)))
        .collect::<serde_json::Map<_, _>>();
    Ok(Done {
        text,
        json: json!({ "folder": root.display().to_string(), "bytes": json }),
        damaged: false,
    })
}

/// Bytes below `folder`; 0 if it is not there. Links are not followed.
fn size(folder: &Path) -> io::Result<u64> {
    if !folder.exists() {
        return Ok(0);
    }
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        bytes += if metadata.is_dir() {
            size(&entry.path())?
        } else {
            metadata.len()
        };
    }
    Ok(bytes)
}

fn verify(settings: &Settings) -> Result<Done, String> {
    let checked = Store::new(&settings.cache)
        .verify()
        .map_err(|error| format!("cannot read the cache: {error}"))?;
    let damaged: Vec<String> = checked
        .iter()
        .filter(|(_, sound)| !sound)
        .map(|(kept, _)| kept.name.clone())
        .collect();
    let mut text = format!(
        "{} files hashed, {} damaged and removed\n",
        checked.len(),
        damaged.len()
    );
    for digest in &damaged {
        text.push_str(&format!("  {digest}\n"));
    }
    Ok(Done {
        text,
        json: json!({ "checked": checked.len(), "damaged": damaged }),
        damaged: !damaged.is_empty(),
    })
}

fn prune(older_than: Option<&str>, settings: &Settings) -> Result<Done, String> {
    let which = match older_than {
        Some(text) => Prune::UnusedFor(commands::time(text)?),
        None => Prune::All,
    };
    let gone = Store::new(&settings.cache)
        .prune(which)
        .map_err(|error| error.to_string())?;
    let bytes: u64 = gone.iter().map(|kept| kept.bytes).sum();
    let text = format!("removed {} files, {}\n", gone.len(), ByteSize(bytes));
    Ok(Done {
        text,
        json: json!({ "removed": gone.len(), "bytes": bytes }),
        damaged: false,
    })
}
