//! Which of several interpreters a new environment is made from.

use std::cmp::Reverse;

use jiff::Timestamp;

use super::python::{Interpreter, PythonWanted};

/// The interpreter that a new isolated environment is best made from.
///
/// Of those that `wanted` admits the newest patch release; without `wanted` the
/// minor version that was current at `as_of`, or the nearest to it. Interpreters
/// of virtual environments stand for those that they were made from.
pub fn choose<'a>(
    found: &'a [Interpreter],
    wanted: Option<&PythonWanted>,
    as_of: Option<Timestamp>,
) -> Option<&'a Interpreter> {
    let usable = found.iter().filter(|one| {
        one.implementation == "CPython"
            && one.version.major == 3
            && !one.is_virtual()
            && wanted.is_none_or(|wanted| wanted.matches(one.version))
    });
    usable.min_by_key(|one| {
        let two_numbers = wanted.is_some_and(PythonWanted::names_minor);
        let target = as_of.filter(|_| !two_numbers).map(current_minor);
        let distance = target.map_or(u32::MAX - one.version.minor, |target| {
            distance(one.version.minor, target)
        });
        let unfinished = one.full_version != one.version.to_string();
        (unfinished, distance, Reverse(one.version.patch), one.origin)
    })
}

/// How unfit a minor version is where `target` is meant: newer is worse than older, for want of wheels.
fn distance(minor: u32, target: u32) -> u32 {
    if minor <= target {
        2 * (target - minor)
    } else {
        3 * (minor - target)
    }
}

/// First releases of CPython 3.x, by the year and month (PEP 494, 537, 569, 596, 619, 664, 693, 719, 745).
const RELEASES: [(u32, &str); 9] = [
    (6, "2016-12-23T00:00:00Z"),
    (7, "2018-06-27T00:00:00Z"),
    (8, "2019-10-14T00:00:00Z"),
    (9, "2020-10-05T00:00:00Z"),
    (10, "2021-10-04T00:00:00Z"),
    (11, "2022-10-24T00:00:00Z"),
    (12, "2023-10-02T00:00:00Z"),
    (13, "2024-10-07T00:00:00Z"),
    (14, "2025-10-07T00:00:00Z"),
];

/// The minor version of CPython 3 that most packages had wheels for at `as_of`: out for half a year.
pub(super) fn current_minor(as_of: Timestamp) -> u32 {
    let settled = as_of.as_second() - 183 * 24 * 3600;
    let out = RELEASES.iter().rev().find(|(_, day)| {
        let released: Option<Timestamp> = day.parse().ok();
        released.is_some_and(|released| released.as_second() <= settled)
    });
    out.map_or(RELEASES[0].0, |(minor, _)| *minor)
}

#[cfg(test)]
pub(super) mod tests {
    use std::path::PathBuf;

    use super::super::python::{Origin, PythonVersion};
    use super::*;

    /// An interpreter that does not exist.
    pub(in crate::environment) fn interpreter(version: (u32, u32, u32), origin: Origin) -> Interpreter {
        let (major, minor, patch) = version;
        let version = PythonVersion { major, minor, patch };
        let prefix = PathBuf::from(format!("/opt/{version}"));
        Interpreter {
            executable: prefix.join("bin/python3"),
            version,
            full_version: version.to_string(),
            implementation: "CPython".to_owned(),
            base_prefix: prefix.clone(),
            base_executable: prefix.join("bin/python3"),
            prefix,
            libraries: Vec::new(),
            search: Vec::new(),
            has_pip: true,
            has_venv: true,
            origin,
        }
    }

    #[track_caller]
    fn check(wanted: Option<&str>, as_of: Option<&str>, expected: Option<(u32, u32, u32)>) {
        let found: Vec<_> = [
            (2, 7, 18),
            (3, 6, 15),
            (3, 8, 2),
            (3, 8, 18),
            (3, 11, 7),
            (3, 13, 0),
        ]
        .map(|version| interpreter(version, Origin::Pyenv))
        .to_vec();
        let wanted: Option<PythonWanted> = wanted.map(|text| text.parse().expect("a version"));
        let as_of = as_of.map(|text| text.parse().expect("a time"));
        let chosen = choose(&found, wanted.as_ref(), as_of).map(|one| one.version);
        let expected = expected.map(|(major, minor, patch)| PythonVersion { major, minor, patch });
        assert_eq!(chosen, expected);
    }

    #[test]
    fn the_newest_patch_of_what_is_wanted_is_chosen() {
        check(Some("3.8"), None, Some((3, 8, 18)));
        check(Some("3.8.2"), None, Some((3, 8, 2)));
        check(Some("3"), None, Some((3, 13, 0)));
        check(None, None, Some((3, 13, 0)));
        check(Some("3.9"), None, None);
        check(Some("2.7"), None, None); // uv makes no environment for it
    }

    #[test]
    fn without_a_wish_the_python_of_the_time_is_chosen() {
        check(None, Some("2020-09-01T00:00:00Z"), Some((3, 8, 18)));
        check(None, Some("2022-05-01T00:00:00Z"), Some((3, 11, 7))); // 3.10 is meant: 3.11 is nearer than 3.8
        check(Some("3"), Some("2016-01-01T00:00:00Z"), Some((3, 6, 15)));
        check(Some("3.13"), Some("2018-01-01T00:00:00Z"), Some((3, 13, 0))); // said is said
    }

    #[test]
    fn a_finished_release_in_a_better_place_wins() {
        let mut early = interpreter((3, 12, 9), Origin::Explicit);
        early.full_version = "3.12.9rc1".to_owned();
        let found = [
            early,
            interpreter((3, 12, 1), Origin::Conda),
            interpreter((3, 12, 1), Origin::Uv),
        ];
        assert_eq!(choose(&found, None, None).map(|one| one.origin), Some(Origin::Uv));
    }
}
