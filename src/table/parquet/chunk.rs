//! What the chunks of the wanted columns claim, against what is there.

use std::fs::File;
use std::os::unix::fs::FileExt as _;

use polars::prelude::ArrowDataType;
use polars_io::prelude::FileMetadata;

use super::thrift::{Compact, PageHeader};
use super::{Rows, broken};
use crate::reason::Unmeasured;
use crate::table::batch::not_plain;
use crate::table::{Column, TableFile};

/// The largest page, in bytes after decompression; writers aim at one MiB.
const LARGEST_PAGE: i64 = 256 << 20;

/// More bytes of a page's header than this are not looked at.
const LONGEST_HEADER: usize = 1 << 20;

/// `PageType::DictionaryPage`.
const DICTIONARY: i64 = 2;

/// Refuses columns that are nested, or whose chunks claim what is not there.
pub(super) fn check(rows: &Rows, file: &TableFile, wanted: &[Column]) -> Result<(), Unmeasured> {
    for column in wanted {
        let Some((name, field)) = rows.schema.get_at_index(column.0) else {
            continue;
        };
        let coded = matches!(field.dtype, ArrowDataType::Dictionary(..));
        if field.dtype.is_nested() && !coded {
            return Err(not_plain(file, name, "lists or groups"));
        }
        if field.dtype == ArrowDataType::Float16 {
            return Err(file
                .invalid(format_args!(
                    "the column `{}` holds half-precision numbers",
                    crate::table::shown(name)
                ))
                .hint("write them as `float32`"));
        }
        for group in 0..rows.metadata.row_groups.len() {
            let checked = one(&rows.file, rows.length, &rows.metadata, group, name);
            checked.map_err(|why| {
                let what = format!(
                    "the column `{}` of row group {}",
                    crate::table::shown(name),
                    group + 1
                );
                broken(file, &what, &why)
            })?;
        }
    }
    Ok(())
}

fn one(file: &File, length: u64, metadata: &FileMetadata, group: usize, name: &str) -> Result<(), String> {
    let group = &metadata.row_groups[group];
    let mut chunks = group.columns_under_root_iter(name).into_iter().flatten();
    let (Some(chunk), None) = (chunks.next(), chunks.next()) else {
        return Err("it is not one column".to_owned());
    };
    let rows = i64::try_from(group.num_rows()).map_err(|_| "too many rows")?;
    if chunk.num_values() != rows {
        return Err(format!("it claims {} values for {rows} rows", chunk.num_values()));
    }
    let start = chunk.dictionary_page_offset().unwrap_or(chunk.data_page_offset());
    let start = u64::try_from(start).map_err(|_| "it begins before the file does")?;
    let size = u64::try_from(chunk.compressed_size()).map_err(|_| "it claims a negative size")?;
    let end = start.checked_add(size).filter(|end| *end <= length);
    let end = end.ok_or_else(|| format!("it claims bytes beyond the end of the file, which has {length}"))?;
    pages(file, start, end, rows)
}

/// Walks the pages between two places of the file, up to as many values as there are rows.
fn pages(file: &File, mut at: u64, end: u64, rows: i64) -> Result<(), String> {
    let mut values = 0_i64;
    while at < end && values < rows {
        let header = header(file, at, end)?;
        if !(0..=LARGEST_PAGE).contains(&header.uncompressed) {
            return Err(format!("a page claims {} bytes", header.uncompressed));
        }
        let compressed = u64::try_from(header.compressed).map_err(|_| "a page claims a negative size")?;
        if header.values < 0 {
            return Err(format!("a page claims {} values", header.values));
        }
        if header.kind == DICTIONARY {
            if header.values > header.uncompressed {
                return Err(format!(
                    "a dictionary claims {} values in {} bytes",
                    header.values, header.uncompressed
                ));
            }
        } else {
            values = values.saturating_add(header.values);
        }
        at = at.saturating_add(header.length as u64).saturating_add(compressed);
    }
    if at > end {
        return Err("its last page is cut off".to_owned());
    }
    if values == rows {
        Ok(())
    } else {
        Err(format!("its pages hold {values} values for {rows} rows"))
    }
}

/// The header of the page that begins at `at`; statistics can make it long.
fn header(file: &File, at: u64, end: u64) -> Result<PageHeader, String> {
    let mut size = 512;
    loop {
        let most = usize::try_from(end - at).unwrap_or(usize::MAX);
        let mut bytes = vec![0; size.min(most)];
        file.read_exact_at(&mut bytes, at)
            .map_err(|error| error.to_string())?;
        match Compact::new(&bytes).page_header() {
            Some(header) => return Ok(header),
            None if size < most && size < LONGEST_HEADER => size *= 8,
            None => return Err("the header of a page is broken".to_owned()),
        }
    }
}
