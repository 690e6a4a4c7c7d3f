//! Points in time as people write them.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// The readings of a cell: seconds since 1970, or a plain number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Moments {
    Missing,
    Unreadable,
    /// A number, of whatever unit.
    Number(f64),
    /// A date that can be read in one way.
    Date(f64),
    /// `d/m/y`, and `m/d/y`: at most one of them may be impossible.
    Slashes {
        day_first: Option<f64>,
        month_first: Option<f64>,
    },
}

impl Moments {
    /// Reads ISO 8601, numbers, and days with the month in the middle or in front.
    pub(super) fn of(cell: &str) -> Self {
        let cell = cell.trim();
        let missing = ["na", "nan", "nat", "null", "none"];
        if cell.is_empty() || missing.iter().any(|word| cell.eq_ignore_ascii_case(word)) {
            return Self::Missing;
        }
        if cell.len() > 64 {
            return Self::Unreadable;
        }
        if let Ok(number) = cell.parse::<f64>() {
            return if number.is_finite() {
                Self::Number(number)
            } else {
                Self::Unreadable
            };
        }
        iso(cell)
            .map(Self::Date)
            .or_else(|| slashes(cell))
            .unwrap_or(Self::Unreadable)
    }
}

/// ISO 8601; a time without an offset is taken as UTC.
fn iso(cell: &str) -> Option<f64> {
    let seconds = |time: Timestamp| time.as_millisecond() as f64 / 1000.0;
    if let Ok(time) = cell.parse::<Timestamp>() {
        return Some(seconds(time));
    }
    let time = cell.replace('/', "-");
    let time = time
        .strip_suffix(" UTC")
        .unwrap_or(&time)
        .parse::<DateTime>()
        .ok()?;
    Some(seconds(time.to_zoned(TimeZone::UTC).ok()?.timestamp()))
}

/// `3/4/2021`, `03.04.2021 17:05`: day and month may be in either order.
fn slashes(cell: &str) -> Option<Moments> {
    let (date, clock) = cell.split_once([' ', 'T']).unwrap_or((cell, ""));
    let mut parts = date.split(['/', '.', '-']);
    let (first, second, year) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 {
        return None;
    }
    let clock = if clock.is_empty() {
        0.0
    } else {
        time_of_day(clock)?
    };
    let (first, second, year): (i8, i8, i16) =
        (first.parse().ok()?, second.parse().ok()?, year.parse().ok()?);
    let day = |day, month| {
        let date = Date::new(year, month, day).ok()?;
        let days = date.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second();
        Some(days as f64 + clock)
    };
    let (day_first, month_first) = (day(first, second), day(second, first));
    (day_first.is_some() || month_first.is_some()).then_some(Moments::Slashes {
        day_first,
        month_first,
    })
}

fn time_of_day(clock: &str) -> Option<f64> {
    let time: jiff::civil::Time = clock.parse().ok()?;
    Some(f64::from(time.hour()) * 3600.0 + f64::from(time.minute()) * 60.0 + f64::from(time.second()))
}

/// The time column of a split; NaN where nothing can be read.
#[derive(Default)]
pub(super) struct Times {
    day_first: Vec<f64>,
    /// As long as `day_first` once a date with slashes was seen, else empty.
    month_first: Vec<f64>,
    pub(super) missing: u64,
    pub(super) unreadable: u64,
    numbers: u64,
    dates: u64,
    only_day_first: bool,
    only_month_first: bool,
    slashes: bool,
}

impl Times {
    pub(super) fn push(&mut self, moments: Moments) {
        let (first, second) = match moments {
            Moments::Missing => {
                self.missing += 1;
                (None, None)
            }
            Moments::Unreadable => {
                self.unreadable += 1;
                (None, None)
            }
            Moments::Number(number) => {
                self.numbers += 1;
                (Some(number), Some(number))
            }
            Moments::Date(date) => {
                self.dates += 1;
                (Some(date), Some(date))
            }
            Moments::Slashes {
                day_first,
                month_first,
            } => {
                self.dates += 1;
                if !self.slashes {
                    self.slashes = true;
                    self.month_first.clone_from(&self.day_first);
                }
                self.only_day_first |= month_first.is_none();
                self.only_month_first |= day_first.is_none();
                (day_first, month_first)
            }
        };
        self.day_first.push(first.unwrap_or(f64::NAN));
        if self.slashes {
            self.month_first.push(second.unwrap_or(f64::NAN));
        }
    }

    fn form(&self) -> Form {
        match (self.numbers, self.dates) {
            (0, 0) => Form::Nothing,
            (_, 0) => Form::Numbers,
            (0, _) => Form::Dates,
            _ => Form::Mixed,
        }
    }

    fn read(&self, day_first: bool) -> &[f64] {
        if day_first || !self.slashes {
            &self.day_first
        } else {
            &self.month_first
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Nothing,
    Numbers,
    Dates,
    Mixed,
}

/// The times of two splits, read in the same way.
#[derive(Debug)]
pub(super) struct Ordered<'a> {
    pub(super) train: &'a [f64],
    pub(super) test: &'a [f64],
    pub(super) dates: bool,
}

/// Reads both columns in the one way that fits both.
///
/// # Errors
///
/// What keeps them from being compared.
pub(super) fn ordered<'a>(train: &'a Times, test: &'a Times) -> Result<Ordered<'a>, String> {
    let dates = match (train.form(), test.form()) {
        (Form::Dates, Form::Dates) => true,
        (Form::Numbers, Form::Numbers) => false,
        (Form::Nothing, _) | (_, Form::Nothing) => {
            return Err("no cell of it can be read as a time".to_owned());
        }
        (Form::Mixed, _) | (_, Form::Mixed) => return Err("it mixes numbers and dates".to_owned()),
        (Form::Numbers | Form::Dates, _) => {
            return Err("one split has numbers and the other dates".to_owned());
        }
    };
    let day = train.only_day_first || test.only_day_first;
    let month = train.only_month_first || test.only_month_first;
    let slashes = train.slashes || test.slashes;
    let day_first = match (day, month) {
        (true, true) => return Err("some dates have the day first, and some the month".to_owned()),
        (false, false) if slashes => {
            return Err("its dates may have the day or the month first".to_owned());
        }
        (day, _) => day || !slashes,
    };
    Ok(Ordered {
        train: train.read(day_first),
        test: test.read(day_first),
        dates,
    })
}

/// A time as text: ISO 8601 where it is a date.
pub(super) fn written(time: f64, dates: bool) -> String {
    let stamp = Timestamp::from_millisecond((time * 1000.0) as i64);
    match stamp {
        Ok(stamp) if dates => stamp.to_string(),
        Ok(_) | Err(_) => format!("{time}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(cell: &str) -> f64 {
        let Moments::Date(date) = Moments::of(cell) else {
            panic!("{cell} is not a date");
        };
        date
    }

    #[test]
    fn iso_dates_are_read_with_and_without_their_offset() {
        assert_eq!(date("1970-01-02"), 86_400.0);
        assert_eq!(date("1970-01-01T00:00:01.5Z"), 1.5);
        assert_eq!(date("1970-01-01 01:00:00+01:00"), 0.0);
        assert_eq!(date("1970-01-01 00:01"), 60.0);
        assert_eq!(date("1970/01/02"), 86_400.0);
        assert_eq!(Moments::of("-12.5"), Moments::Number(-12.5));
    }

    #[test]
    fn garbage_is_unreadable() {
        let long = "9".repeat(100);
        for cell in [
            "yesterday",
            "2021-13-40",
            "32/13/2021",
            "1/2/21",
            "inf",
            "12:30",
            "1/2/3/4",
            &long,
        ] {
            assert_eq!(Moments::of(cell), Moments::Unreadable, "{cell}");
        }
        assert_eq!(Moments::of("NaT"), Moments::Missing);
    }

    fn times(cells: &[&str]) -> Times {
        let mut times = Times::default();
        cells.iter().for_each(|cell| times.push(Moments::of(cell)));
        times
    }

    #[test]
    fn one_date_past_the_twelfth_settles_the_order_for_all() {
        let (train, test) = (times(&["1/2/2021"]), times(&["13/1/2021"]));
        let found = ordered(&train, &test).expect("an order");
        assert_eq!(written(found.train[0], true), "2021-02-01T00:00:00Z");
        let (train, test) = (times(&["2020-05-05", "1/2/2021"]), times(&["1/13/2021 10:00"]));
        let found = ordered(&train, &test).expect("an order");
        assert_eq!(written(found.train[1], true), "2021-01-02T00:00:00Z");
        assert_eq!(written(found.train[0], true), "2020-05-05T00:00:00Z");
        assert_eq!(written(found.test[0], true), "2021-01-13T10:00:00Z");
    }

    #[test]
    fn what_cannot_be_compared_is_said() {
        let refused =
            |train: &[&str], test: &[&str]| ordered(&times(train), &times(test)).expect_err("a reason");
        insta::assert_snapshot!(refused(&["1/2/2021"], &["3/4/2021"]), @"its dates may have the day or the month first");
        insta::assert_snapshot!(refused(&["13/2/2021"], &["3/14/2021"]), @"some dates have the day first, and some the month");
        insta::assert_snapshot!(refused(&["5"], &["2021-01-01"]), @"one split has numbers and the other dates");
        insta::assert_snapshot!(refused(&["5", "2021-01-01"], &["5"]), @"it mixes numbers and dates");
        insta::assert_snapshot!(refused(&["soon"], &["5"]), @"no cell of it can be read as a time");
    }
}
