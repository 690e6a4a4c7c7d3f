//! Apache Parquet, decoded by polars.
//!
//! The decoder believes what a file says of itself and panics where that is
//! contradictory. So the footer and the headers of the pages are walked first,
//! what they claim is held against what is there, and panics become messages.
//! Row groups are decoded in slices of equal length, a few at a time, while the
//! slices before them are used.

mod chunk;
mod thrift;
mod values;

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::num::NonZero;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::available_parallelism;

use polars::prelude::ArrowSchema;
use polars_io::prelude::{FileMetadata, ParallelStrategy, ParquetReader, SerReader as _};

use self::thrift::Compact;
use super::batch::{Batch, Batches, ROWS, Values, VisitBatch};
use super::guarded::guarded;
use super::input::unreadable;
use super::{Column, TableFile};
use crate::reason::Unmeasured;

/// What a file begins and ends with.
const MAGIC: [u8; 4] = *b"PAR1";

/// The same where the footer is encrypted.
const ENCRYPTED: [u8; 4] = *b"PARE";

/// The longest footer, in bytes.
const LONGEST_FOOTER: u64 = 64 << 20;

/// Slices that are decoded at the same time take memory.
const MOST_WORKERS: usize = 8;

/// What a footer says, and the file that it says it of.
pub(super) struct Rows {
    file: File,
    length: u64,
    metadata: FileMetadata,
    schema: ArrowSchema,
}

/// Opens a file; returns its columns and its rows.
///
/// # Errors
///
/// When it cannot be read, or its footer is not one.
pub(super) fn open(file: &TableFile) -> Result<(Vec<String>, Rows), Unmeasured> {
    let mut opened = File::open(&file.path).map_err(|error| unreadable(file, &error))?;
    let length = opened.metadata().map_err(|error| unreadable(file, &error))?.len();
    checked_footer(file, &mut opened, length)?;
    let parsed = guarded(|| {
        let copy = opened.try_clone().map_err(|error| error.to_string())?;
        let mut reader = ParquetReader::new(copy);
        let schema = reader.schema().map_err(|error| error.to_string())?;
        let metadata = reader.get_metadata().map_err(|error| error.to_string())?;
        Ok((FileMetadata::clone(metadata), ArrowSchema::clone(&schema)))
    });
    let (metadata, schema) = parsed
        .and_then(|parsed| parsed)
        .map_err(|why| broken(file, "its footer", &why))?;
    let columns = schema.iter_names().map(ToString::to_string).collect();
    let rows = Rows {
        file: opened,
        length,
        metadata,
        schema,
    };
    rows.count(file)?;
    Ok((columns, rows))
}

/// Refuses what is no Parquet, is cut off, or has a footer that claims more than it holds.
fn checked_footer(file: &TableFile, opened: &mut File, length: u64) -> Result<(), Unmeasured> {
    const EMPTIEST: u64 = 12;
    let failed = |error: std::io::Error| unreadable(file, &error);
    if length == 0 {
        return Err(file.invalid("it is empty"));
    }
    let mut start = [0; 4];
    let read = opened.read(&mut start).map_err(failed)?;
    if read < start.len() || start != MAGIC {
        let what = if start == ENCRYPTED {
            "encrypted Parquet"
        } else {
            "no Parquet"
        };
        return Err(file.invalid(format_args!("it is {what}: it does not begin with `PAR1`")));
    }
    let cut = || {
        file.invalid("it does not end with `PAR1`")
            .hint("it may be cut off")
    };
    if length < EMPTIEST {
        return Err(cut());
    }
    let mut end = [0; 8];
    opened.seek(SeekFrom::End(-8)).map_err(failed)?;
    opened.read_exact(&mut end).map_err(failed)?;
    let [a, b, c, d, magic @ ..] = end;
    if magic != MAGIC {
        return Err(cut());
    }
    let footer = u64::from(u32::from_le_bytes([a, b, c, d]));
    if footer > length - EMPTIEST || footer > LONGEST_FOOTER {
        let detail = format!("its footer claims {footer} bytes, and the file has {length}");
        return Err(file.invalid(detail));
    }
    opened
        .seek(SeekFrom::Start(length - 8 - footer))
        .map_err(failed)?;
    let mut bytes = Vec::new();
    opened.take(footer).read_to_end(&mut bytes).map_err(failed)?;
    if Compact::new(&bytes).walks_as_footer() {
        Ok(())
    } else {
        Err(broken(file, "its footer", "it is not a table of contents"))
    }
}

fn broken(file: &TableFile, what: &str, why: &str) -> Unmeasured {
    file.invalid(format_args!("{what} cannot be read: {}", super::shown(why)))
        .hint("the file may be damaged; write it again")
}

/// Some rows of a row group.
#[derive(Clone, Copy, Debug)]
struct Slice {
    group: usize,
    from: usize,
    rows: usize,
    /// The number of its first row in the file, from 1.
    first: u64,
}

impl Rows {
    /// Holds the number of rows against that of the row groups, and against what polars can count.
    fn count(&self, file: &TableFile) -> Result<(), Unmeasured> {
        let groups = self.metadata.row_groups.iter();
        let rows = groups.fold(0_usize, |sum, group| sum.saturating_add(group.num_rows()));
        if rows > u32::MAX as usize {
            return Err(file.invalid(format_args!("its footer claims {rows} rows, more than 2³²")));
        }
        if rows == self.metadata.num_rows {
            return Ok(());
        }
        let detail = format!(
            "its footer counts {} rows, and its row groups have {rows}",
            self.metadata.num_rows
        );
        Err(file.invalid(detail))
    }

    fn slices(&self) -> Vec<Slice> {
        let mut slices = Vec::new();
        let mut first = 1;
        for (group, metadata) in self.metadata.row_groups.iter().enumerate() {
            for from in (0..metadata.num_rows()).step_by(ROWS) {
                let rows = ROWS.min(metadata.num_rows() - from);
                slices.push(Slice {
                    group,
                    from,
                    rows,
                    first,
                });
                first += rows as u64;
            }
        }
        slices
    }

    /// The metadata of a file that has this row group alone: the decoder visits all that it is told of.
    fn only(&self, group: usize) -> FileMetadata {
        let all = &self.metadata;
        let group = all.row_groups[group].clone();
        FileMetadata {
            version: all.version,
            num_rows: group.num_rows(),
            max_row_group_height: group.num_rows(),
            created_by: None,
            row_groups: vec![group],
            key_value_metadata: all.key_value_metadata.clone(),
            schema_descr: all.schema_descr.clone(),
            column_orders: None,
            footer_buf: all.footer_buf.clone(),
        }
    }

    /// Decodes a slice, on this thread alone, so that a panic is caught.
    fn decoded(&self, file: &TableFile, slice: Slice, wanted: &[Column]) -> Result<Batch, Unmeasured> {
        let places: Vec<usize> = wanted.iter().map(|column| column.0).collect();
        let columns = guarded(|| {
            let copy = self.file.try_clone().map_err(|error| error.to_string())?;
            let mut reader = ParquetReader::new(copy)
                .read_parallel(ParallelStrategy::None)
                .with_projection(Some(places))
                .with_slice(Some((slice.from, slice.rows)));
            reader.set_metadata(Arc::new(self.only(slice.group)));
            let frame = reader.finish().map_err(|error| error.to_string())?;
            let columns = frame.columns().iter();
            let columns = columns.map(|column| {
                let series = column.as_materialized_series();
                if series.len() != slice.rows {
                    return Err(format!("{} values for {} rows", series.len(), slice.rows));
                }
                values::of(series)
            });
            columns.collect::<Result<Vec<Values>, String>>()
        });
        let columns = columns.and_then(|columns| columns).map_err(|why| {
            let last = slice.first + slice.rows as u64 - 1;
            broken(file, &format!("rows {} to {last}", slice.first), &why)
        })?;
        Ok(Batch {
            first: slice.first,
            rows: slice.rows,
            columns: wanted.iter().copied().zip(columns).collect(),
        })
    }
}

impl Rows {
    /// Decodes some slices in their order, as long as somebody takes them and nothing is wrong.
    fn decode<'s>(
        &self,
        file: &TableFile,
        wanted: &[Column],
        slices: impl Iterator<Item = &'s Slice>,
        out: &SyncSender<Result<Batch, Unmeasured>>,
    ) {
        for slice in slices {
            let batch = self.decoded(file, *slice, wanted);
            let ended = batch.is_err();
            if out.send(batch).is_err() || ended {
                return;
            }
        }
    }
}

impl Batches for Rows {
    fn each(
        self: Box<Self>,
        file: &TableFile,
        wanted: &[Column],
        visit: VisitBatch<'_>,
    ) -> Result<(), Unmeasured> {
        chunk::check(&self, file, wanted)?;
        let slices = self.slices();
        let workers = available_parallelism().map_or(1, NonZero::get);
        let workers = workers.min(MOST_WORKERS).min(slices.len());
        // Threads of its own: a caller may well hold one of a pool that would be waited for.
        std::thread::scope(|scope| {
            let turns: Vec<Receiver<_>> = (0..workers)
                .map(|worker| {
                    let (sender, receiver) = sync_channel(1);
                    let (rows, slices) = (&self, slices.iter().skip(worker).step_by(workers));
                    scope.spawn(move || rows.decode(file, wanted, slices, &sender));
                    receiver
                })
                .collect();
            for receiver in turns.iter().cycle().take(slices.len()) {
                let batch = receiver
                    .recv()
                    .map_err(|_| broken(file, "a row", "the decoder stopped"))?;
                if !visit(&batch?)? {
                    break;
                }
            }
            Ok(())
        })
    }
}
