//! `reproof profile`: what the data looks like, and what to look at first.

use std::path::Path;

use reproof::profile::{
    ColumnProfile, FeaturePower, FileSummary, Finding, Numbers, PictureFiles, Profile, Roles, Unit,
    profile as profile_files, profile_pictures,
};
use reproof::reason::{Reason, Unmeasured};
use reproof::report::{Look, bars, one_line, table};
use reproof::table::{Side, TableFile};

use super::exit::Exit;
use super::settings::Settings;
use super::terminal::Terminal;
use super::{Format, ProfileArguments};

/// So many findings are shown; all are in the JSON.
const FINDINGS: usize = 12;

/// So many columns are shown; all are in the JSON.
const COLUMNS: usize = 60;

/// More findings of one kind than this are one line.
const ALIKE: usize = 3;

/// So many characters of the name of a column, or of one of its values.
const NAME: usize = 20;

/// Profiles one file or two, or sets of pictures.
pub(super) fn profile(
    wanted: &ProfileArguments,
    format: Format,
    settings: &Settings,
    terminal: &Terminal,
) -> Exit {
    let Some(train) = wanted.train.as_ref().or(wanted.file.as_ref()) else {
        terminal.message("error", "31", "no file was named");
        return Exit::Usage;
    };
    let roles = Roles {
        target: wanted.target.clone(),
        id: wanted.id.clone(),
        group: wanted.group.clone(),
        time: wanted.time.clone(),
        ignore: wanted.ignore.clone(),
    };
    let pictures = |path: &Path| pictures(path, settings);
    let (images, other_images) = (pictures(train), wanted.test.as_deref().map(pictures));
    let found = if holds_pictures(&images) || other_images.as_ref().is_some_and(holds_pictures) {
        if roles != Roles::default() {
            terminal.message("error", "31", "pictures have no columns that could be named");
            return Exit::Usage;
        }
        profile_pictures(&images, other_images.as_ref(), terminal)
    } else {
        let test = wanted.test.as_deref().map(|path| named(path, settings));
        profile_files(&named(train, settings), test.as_ref(), &roles, terminal)
    };
    match found {
        Ok(found) => {
            terminal.result(&match format {
                Format::Text => text(&found, terminal.look()),
                Format::Json => json(&found),
            });
            Exit::Success
        }
        Err(error) => failed(&error, terminal),
    }
}

/// The user's own file: links are followed, and what is wrong with it is for the user to change.
fn named(path: &Path, settings: &Settings) -> TableFile {
    let name = path.display().to_string();
    TableFile {
        path: settings.absolute(path),
        ending: name.clone(),
        name,
        format: None,
        side: Side::Pinned,
    }
}

fn pictures(path: &Path, settings: &Settings) -> PictureFiles {
    PictureFiles {
        path: settings.absolute(path),
        name: path.display().to_string(),
    }
}

/// A folder can hold nothing else that could be profiled.
fn holds_pictures(files: &PictureFiles) -> bool {
    files.path.is_dir() || files.has_pictures()
}

fn failed(error: &Unmeasured, terminal: &Terminal) -> Exit {
    if error.reason == Reason::Cancelled {
        return Exit::Interrupted;
    }
    terminal.message("error", "31", &error.detail);
    if let Some(hint) = &error.hint {
        terminal.message("hint", "36", hint);
    }
    Exit::of_fault(error.fault)
}

fn json(found: &Profile) -> String {
    serde_json::to_string_pretty(found).unwrap_or_default()
}

fn text(found: &Profile, look: Look) -> String {
    let parts = [heading(found), findings(found, look), columns(found, look)];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    format!("{}\n", parts.join("\n\n"))
}

fn heading(found: &Profile) -> String {
    let files = found.files.iter().map(|file| {
        format!(
            "{:<6} {}: {}",
            file.split,
            one_line(&file.name),
            size(file, found.unit)
        )
    });
    let mut lines: Vec<String> = files.collect();
    if let Some(target) = &found.target {
        let classes = target.classes.iter().take(6);
        let classes: Vec<String> = classes
            .map(|class| format!("`{}` {}", short(&class.value), percent(class.share)))
            .collect();
        let more = if target.classes.len() > 6 { ", …" } else { "" };
        let what = [target.task.to_owned(), classes.join(", ")];
        let what: Vec<String> = what.into_iter().filter(|part| !part.is_empty()).collect();
        lines.push(format!(
            "label  {}: {}{more}",
            short(&target.column),
            what.join(", ")
        ));
    }
    lines.join("\n")
}

fn size(file: &FileSummary, unit: Unit) -> String {
    let (rows, columns) = (file.rows, file.columns);
    let sample = file
        .sample
        .map(|rows| format!("; quantiles, bins and ranks of a sample of {rows} rows"));
    match unit {
        Unit::Row => format!("{rows} rows, {columns} columns{}", sample.unwrap_or_default()),
        Unit::Picture => format!("{rows} pictures"),
    }
}

fn findings(found: &Profile, look: Look) -> String {
    if found.findings.is_empty() {
        return "nothing stands out".to_owned();
    }
    let groups = grouped(&found.findings);
    let rows: Vec<_> = groups.iter().take(FINDINGS).map(|group| finding(group)).collect();
    let header = ["what to look at", "matters", "column", "because"];
    let more = more(groups.len(), FINDINGS);
    format!("{}{more}", table(&header, &rows, 3, look))
}

fn more(all: usize, shown: usize) -> String {
    match all.saturating_sub(shown) {
        0 => String::new(),
        more => format!("\nand {more} more: --format json"),
    }
}

/// The findings, those of one code together where there are more than [`ALIKE`] of them.
fn grouped(findings: &[Finding]) -> Vec<Vec<&Finding>> {
    let mut groups: Vec<Vec<&Finding>> = Vec::new();
    for finding in findings {
        let alike = |other: &&Finding| other.code == finding.code && other.severity == finding.severity;
        let many = findings.iter().filter(alike).count() > ALIKE;
        match groups.iter_mut().find(|group| many && alike(&group[0])) {
            Some(group) => group.push(finding),
            None => groups.push(vec![finding]),
        }
    }
    groups
}

fn finding(group: &[&Finding]) -> Vec<String> {
    let Some(first) = group.first() else {
        return Vec::new();
    };
    let others = match group.len() {
        1 => String::new(),
        all => format!(" and {} others", all - 1),
    };
    vec![
        first.code.to_owned(),
        first.severity.code().to_owned(),
        format!(
            "{}{others}",
            first.column.as_deref().map(called).unwrap_or_default()
        ),
        one_line(&first.sentence),
    ]
}

fn columns(found: &Profile, look: Look) -> String {
    if found.columns.is_empty() {
        return String::new();
    }
    let shown = &found.columns[..found.columns.len().min(COLUMNS)];
    let rows: Vec<_> = shown.iter().map(|column| row(found, column)).collect();
    let (kept, left_out) = fitting(&rows, usize::from(look.width));
    let header: Vec<&str> = kept.iter().map(|at| HEADER[*at]).collect();
    let pick = |row: &[String; HEADER.len()]| kept.iter().map(|at| row[*at].clone()).collect();
    let rows: Vec<Vec<String>> = rows.iter().map(pick).collect();
    let narrow = if left_out.is_empty() {
        String::new()
    } else {
        let names: Vec<&str> = left_out.iter().map(|at| HEADER[*at]).collect();
        format!("\nno room for: {}", names.join(", "))
    };
    format!(
        "{}{narrow}{}",
        table(&header, &rows, header.len().saturating_sub(1), look),
        more(found.columns.len(), COLUMNS)
    )
}

/// What is told of a column.
const HEADER: [&str; 9] = [
    "column", "type", "missing", "unique", "shape", "alone", "IV", "PSI", "values",
];

/// Which of [`HEADER`] give way first in a narrow terminal: values, shape, type.
const GIVE_WAY: [usize; 3] = [8, 4, 1];

/// The last of a table wraps, down to this width.
const LEAST_VALUES: usize = 18;

/// The parts of the header that say something and fit into `width`, and those that do not fit.
fn fitting(rows: &[[String; HEADER.len()]], width: usize) -> (Vec<usize>, Vec<usize>) {
    // A column of the table in which nothing stands only takes room.
    let says = |at: &usize| rows.iter().any(|row| !row[*at].is_empty());
    let mut kept: Vec<usize> = (0..HEADER.len()).filter(says).collect();
    let widest = |at: usize| {
        let cells = rows.iter().map(|row| row[at].as_str()).chain([HEADER[at]]);
        let most = cells.map(|cell| cell.chars().count()).max().unwrap_or_default();
        2 + if at == GIVE_WAY[0] {
            most.min(LEAST_VALUES)
        } else {
            most
        }
    };
    let mut left_out = Vec::new();
    for at in GIVE_WAY.into_iter().filter(says) {
        if kept.iter().map(|at| widest(*at)).sum::<usize>() <= width {
            break;
        }
        kept.retain(|kept| *kept != at);
        left_out.push(at);
    }
    (kept, left_out)
}

fn row(found: &Profile, column: &ColumnProfile) -> [String; HEADER.len()] {
    let about = if column.unique.exact { "" } else { "~" };
    let missing = Some(column.missing.share).filter(|share| *share > 0.0);
    let shape = column.number.as_ref().map(|number| bars(&number.histogram));
    [
        called(&column.name),
        column.kind.code().to_owned(),
        missing.map(percent).unwrap_or_default(),
        format!("{about}{}", column.unique.count),
        shape.unwrap_or_default(),
        alone(found, column),
        value(found, column),
        psi(found, column),
        values(column),
    ]
}

/// The range of numbers and times, the most frequent of other values.
fn values(column: &ColumnProfile) -> String {
    if let Some([first, last]) = &column.time {
        return format!("{first} to {last}");
    }
    if let Some(number) = &column.number {
        return spread(number);
    }
    let tops = column.top.iter().take(3);
    let tops: Vec<String> = tops
        .map(|top| format!("{} {}", short(&top.value), percent(top.share)))
        .collect();
    match (tops.is_empty(), &column.length) {
        (true, Some(length)) if length.min == length.max => format!("{} characters", length.min),
        (true, Some(length)) => format!("{} to {} characters", length.min, length.max),
        _ => tops.join(", "),
    }
}

fn spread(number: &Numbers) -> String {
    match (number.min, number.max, number.mean, number.sd) {
        (Some(min), Some(max), Some(mean), Some(sd)) if min < max => {
            format!(
                "{} to {}, {} ± {}",
                digits(min),
                digits(max),
                digits(mean),
                digits(sd)
            )
        }
        (Some(min), ..) => digits(min),
        _ => String::new(),
    }
}

/// How well the column alone gives the label: its ROC AUC, or its rank correlation.
fn alone(found: &Profile, column: &ColumnProfile) -> String {
    let rank = |power: &FeaturePower| power.auc.or(power.spearman).or(power.predictive_power);
    let value = found.predictive_power.get(&column.name).and_then(rank);
    value.map(|value| format!("{value:.3}")).unwrap_or_default()
}

fn value(found: &Profile, column: &ColumnProfile) -> String {
    let value = found.information_value.get(&column.name);
    value.map(|value| format!("{value:.2}")).unwrap_or_default()
}

fn psi(found: &Profile, column: &ColumnProfile) -> String {
    let drift = found.drift.iter().find(|drift| drift.column == column.name);
    drift.map(|drift| format!("{:.2}", drift.psi)).unwrap_or_default()
}

fn percent(share: f64) -> String {
    match 100.0 * share {
        share if share > 0.0 && share < 0.1 => "<0.1 %".to_owned(),
        share => format!("{share:.1} %"),
    }
}

/// Four digits, without those behind the point that say nothing.
fn digits(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-3..1e7).contains(&size) {
        return format!("{value:.2e}");
    }
    let places = match size {
        size if size >= 1000.0 => 0,
        size if size >= 100.0 => 1,
        size if size >= 10.0 => 2,
        _ => 3,
    };
    let text = format!("{value:.places$}");
    if text.contains('.') {
        return text.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    text
}

/// A column may lack a name, as an index often does.
fn called(column: &str) -> String {
    if column.is_empty() {
        "(no name)".to_owned()
    } else {
        short(column)
    }
}

/// Others' text on one line, shortened.
fn short(text: &str) -> String {
    let text = one_line(text);
    let mut chars = text.chars();
    let start: String = chars.by_ref().take(NAME).collect();
    if chars.next().is_some() {
        format!("{start}…")
    } else {
        start
    }
}

#[cfg(test)]
mod tests;
