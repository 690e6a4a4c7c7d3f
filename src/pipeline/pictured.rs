//! Which labels belong to which pictures: those whose id is the name of a picture.

use std::collections::HashMap;
use std::path::Path;

use crate::measure::Truth;
use crate::profile::SharedRows;
use crate::table::Table;

/// What an id may be of a picture: its path, its name, its name without the ending.
const FORMS: [fn(&str) -> &str; 3] = [
    |path| path,
    |path| part(Path::new(path).file_name(), path),
    |path| part(Path::new(path).file_stem(), path),
];

fn part<'a>(name: Option<&'a std::ffi::OsStr>, path: &'a str) -> &'a str {
    name.and_then(std::ffi::OsStr::to_str).unwrap_or(path)
}

/// The rows of `labels`, from 0, whose pictures leaked; `None` where its ids name no pictures, or not one each.
pub(super) fn leaked_rows(labels: &Truth, shared: &SharedRows) -> Option<Vec<u64>> {
    let ids = ids(labels)?;
    FORMS.into_iter().find_map(|form| {
        let pictures: HashMap<&str, u64> = shared.pictures.iter().map(|path| form(path)).zip(0..).collect();
        let named = pictures.len() == shared.pictures.len();
        let known = |id: &String| pictures.contains_key(id.as_str());
        let leaked = |id: &String| {
            pictures
                .get(id.as_str())
                .is_some_and(|at| shared.rows.contains(*at))
        };
        let rows = ids
            .iter()
            .zip(0..)
            .filter(|(id, _)| leaked(id))
            .map(|(_, row)| row);
        (named && ids.iter().any(known)).then(|| rows.collect())
    })
}

fn ids(labels: &Truth) -> Option<Vec<String>> {
    let name = labels.id_column.as_deref()?;
    let table = Table::open(&labels.table().ok()?, &[name]).ok()?;
    let column = table.column(name).ok()?;
    let mut ids = Vec::new();
    let read = table.each(&[column], |_, row| {
        ids.push(row.cell(column).ok().flatten().unwrap_or_default().to_owned());
        Ok(true)
    });
    read.ok().map(|()| ids)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_goes_by_its_path_its_name_or_its_name_without_the_ending() {
        let of = |path: &'static str| FORMS.map(|form| form(path));
        assert_eq!(of("a/b.c.png"), ["a/b.c.png", "b.c.png", "b.c"]);
        assert_eq!(of("b"), ["b", "b", "b"]);
        assert_eq!(of(".."), ["..", "..", ".."]);
    }
}
