//! Columns of files that have types: from values to classes and numbers without a detour through text.

use super::columns::Reading;
use crate::reason::Unmeasured;
use crate::table::{Batch, Cells, Column, Texts, Values};

impl Reading<'_> {
    /// Ids, as whole numbers as long as all are.
    pub(super) fn ids(&mut self, first: u64, values: &Values) {
        self.missing("id", first, values);
        let columns = &mut self.columns;
        if let Cells::Whole(numbers) = &values.cells
            && columns.ids.len() == 0
        {
            columns.whole_ids.extend(numbers);
            return;
        }
        for number in columns.whole_ids.drain(..) {
            columns.ids.print(number);
        }
        match &values.cells {
            Cells::Whole(numbers) => numbers.iter().for_each(|number| columns.ids.print(number)),
            Cells::Number(numbers) => numbers
                .iter()
                .for_each(|number| columns.ids.print(format_args!("{number:?}"))),
            Cells::Text(texts) => self.texts("id", first, values, texts),
        }
    }

    fn texts(&mut self, what: &'static str, first: u64, values: &Values, texts: &Texts) {
        for (row, text) in texts.iter().enumerate() {
            let text = text.trim();
            if text.is_empty() && !values.lacks(row) {
                self.trouble(what, "empty", first + row as u64, text);
            }
            self.columns.ids.push(text);
        }
    }

    pub(super) fn classes(&mut self, first: u64, values: &Values) -> Result<(), Unmeasured> {
        let what = self.what();
        self.missing(what, first, values);
        let mut codes = std::mem::take(&mut self.columns.classes);
        let mut row = first;
        let mut add = |this: &mut Self, code: Result<u32, Unmeasured>| {
            codes.push(code.map_err(|error| this.at(row, error))?);
            row += 1;
            Ok(())
        };
        match &values.cells {
            Cells::Whole(numbers) => numbers.iter().try_for_each(|number| {
                let code = self.names.whole(*number);
                add(self, code)
            })?,
            Cells::Number(numbers) => numbers.iter().try_for_each(|number| {
                let code = self.names.number(*number);
                add(self, code)
            })?,
            Cells::Text(texts) => texts.iter().try_for_each(|text| {
                let code = self.names.code(text);
                add(self, code)
            })?,
        }
        let start = codes.len() - values.len();
        self.check_classes(first, values, &codes[start..]);
        self.columns.classes = codes;
        Ok(())
    }

    /// Counts the rows whose class is none.
    fn check_classes(&mut self, first: u64, values: &Values, codes: &[u32]) {
        let what = self.what();
        for code in (0..).take(self.names.len()) {
            let name = self.names.name(code);
            let kind = match name {
                "" => "empty",
                _ if self.is_no_class(name, code) => "no class",
                _ => continue,
            };
            let name = name.to_owned();
            for (row, _) in codes.iter().enumerate().filter(|(_, of)| **of == code) {
                if !values.lacks(row) {
                    self.trouble(what, kind, first + row as u64, &name);
                }
            }
        }
    }

    /// Numbers, 0 where there is none.
    pub(super) fn numbers(&mut self, first: u64, values: &Values, what: &'static str) -> Vec<f64> {
        self.missing(what, first, values);
        let mut numbers = match &values.cells {
            Cells::Whole(numbers) => return numbers.iter().map(|number| *number as f64).collect(),
            Cells::Number(numbers) => numbers.clone(),
            Cells::Text(texts) => texts
                .iter()
                .map(|text| text.trim().parse().unwrap_or(f64::NAN))
                .collect::<Vec<f64>>(),
        };
        let mut text = String::new();
        for (row, number) in numbers.iter_mut().enumerate() {
            if number.is_finite() {
                continue;
            }
            *number = 0.0;
            if values.write(row, &mut text) {
                let kind = if text.trim().is_empty() {
                    "empty"
                } else {
                    "not a finite number"
                };
                self.trouble(what, kind, first + row as u64, text.trim());
            }
        }
        numbers
    }

    /// Scores, those of one row beside each other.
    pub(super) fn scores(&mut self, batch: &Batch, wanted: &[Column]) {
        let start = self.columns.scores.len();
        self.columns.scores.resize(start + batch.rows * wanted.len(), 0.0);
        for (place, column) in wanted.iter().enumerate() {
            let Some(values) = batch.values(*column) else {
                continue;
            };
            let numbers = self.numbers(batch.first, values, "score");
            let into = self.columns.scores[start + place..]
                .iter_mut()
                .step_by(wanted.len());
            into.zip(numbers).for_each(|(into, number)| *into = number);
        }
    }

    fn missing(&mut self, what: &'static str, first: u64, values: &Values) {
        for row in &values.missing {
            self.trouble(what, "empty", first + u64::from(*row), "");
        }
    }
}
