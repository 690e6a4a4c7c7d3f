//! Reading a file once, on both cores, in bounded memory.
//!
//! One thread separates the cells, and hands them on in batches; the others
//! turn them into values, a column each.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use rayon::prelude::*;

use super::columns::{Accumulator, Scratch, Texts};
use super::sample::Sample;
use crate::error::Fault;
use crate::observe::Observer;
use crate::reason::{Reason, Unmeasured};
use crate::table::{Column, Table, TableFile};

/// A batch ends after so many cells.
const BATCH_CELLS: usize = 1 << 16;

/// A batch ends after so many bytes.
const BATCH_BYTES: usize = 1 << 20;

/// Batches that may wait.
const WAITING: usize = 4;

/// A file that was read to its end.
#[derive(Debug)]
pub(super) struct Gathered {
    /// The names of the columns.
    pub(super) names: Vec<String>,
    /// How many rows.
    pub(super) rows: u64,
    /// A column each.
    pub(super) columns: Vec<Accumulator>,
    /// The rows of which the cells are kept.
    pub(super) sample: Sample,
}

/// Some rows of a file, as text.
#[derive(Debug, Default)]
struct Batch {
    first: u64,
    rows: usize,
    width: usize,
    text: Vec<u8>,
    /// Where each cell ends, row by row.
    ends: Vec<usize>,
}

/// One column of a batch.
struct OneColumn<'a> {
    batch: &'a Batch,
    column: usize,
}

impl Texts for OneColumn<'_> {
    fn count(&self) -> usize {
        self.batch.rows
    }

    fn text(&self, row: usize) -> &[u8] {
        let at = row * self.batch.width + self.column;
        let start = match at {
            0 => 0,
            _ => self.batch.ends[at - 1],
        };
        &self.batch.text[start..self.batch.ends[at]]
    }
}

/// Reads `file`, in which the columns `wanted` are to be found.
///
/// # Errors
///
/// What is wrong with the file, with the line; and that the user stopped it.
pub(super) fn gather(
    file: &TableFile,
    wanted: &[&str],
    observer: &dyn Observer,
) -> Result<Gathered, Unmeasured> {
    let table = Table::open(file, wanted)?;
    for name in wanted {
        table.column(name)?;
    }
    let columns = table.columns();
    let names = named(&table, columns.len());
    std::thread::scope(|scope| {
        let (sender, receiver) = sync_channel(WAITING);
        let width = columns.len();
        let worker = scope.spawn(move || digest(width, &receiver));
        let rows = read(table, &columns, &sender, observer);
        drop(sender);
        let done = worker.join();
        let rows = rows?;
        let (columns, sample) = done.map_err(|_| broken(file))?;
        Ok(Gathered {
            names,
            rows,
            columns,
            sample,
        })
    })
}

fn broken(file: &TableFile) -> Unmeasured {
    Unmeasured {
        fault: Fault::Reproof,
        ..file.invalid("its columns could not be worked through")
    }
}

/// The names of the columns; in a file without a header they are counted from 0.
fn named(table: &Table, width: usize) -> Vec<String> {
    if table.headless() {
        (0..width).map(|at| at.to_string()).collect()
    } else {
        table.names().to_vec()
    }
}

/// Sends the rows on in batches; returns how many there were.
fn read(
    table: Table,
    columns: &[Column],
    sender: &SyncSender<Batch>,
    observer: &dyn Observer,
) -> Result<u64, Unmeasured> {
    let (mut rows, mut batch) = (0, Batch::new(0, columns.len()));
    let mut stopped = false;
    table.each(columns, |_, row| {
        row.append_to(columns, &mut batch.text, &mut batch.ends);
        batch.rows += 1;
        rows += 1;
        if batch.full() {
            let next = Batch::new(rows, columns.len());
            stopped = observer.cancelled() || sender.send(std::mem::replace(&mut batch, next)).is_err();
        }
        Ok(!stopped)
    })?;
    if stopped && observer.cancelled() {
        return Err(Unmeasured::new(
            Reason::Cancelled,
            Fault::Host,
            "the user stopped it",
        ));
    }
    // Whoever no longer listens has failed, which is seen where it is joined.
    let _ = sender.send(batch);
    Ok(rows)
}

impl Batch {
    fn new(first: u64, width: usize) -> Self {
        Self {
            first,
            width,
            text: Vec::with_capacity(BATCH_BYTES / 2),
            ends: Vec::with_capacity(BATCH_CELLS + width),
            ..Self::default()
        }
    }

    fn full(&self) -> bool {
        self.ends.len() >= BATCH_CELLS || self.text.len() >= BATCH_BYTES
    }
}

/// Works through the batches as they come.
fn digest(width: usize, batches: &Receiver<Batch>) -> (Vec<Accumulator>, Sample) {
    let mut columns: Vec<Accumulator> = (0..width).map(|_| Accumulator::new(width)).collect();
    let mut sample = Sample::new(width);
    for batch in batches {
        let plan = sample.plan(batch.first, batch.rows);
        let each = columns.par_iter_mut().enumerate();
        each.for_each_init(Scratch::default, |scratch, (column, accumulator)| {
            let batch = &batch;
            accumulator.take(&OneColumn { batch, column }, &plan, scratch);
        });
    }
    (columns, sample)
}
