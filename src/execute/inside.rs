//! How things are called inside the sandbox: variables, and paths where there is no inside.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::Path;

use super::{Job, Mount, Network};

/// The job's variables and ours, which win.
pub(super) fn environment(job: &Job, tmp: &Path, port: u16) -> Vec<(OsString, OsString)> {
    let mut path = OsString::new();
    for folder in &job.path {
        path.push(folder);
        path.push(":");
    }
    path.push("/usr/local/bin:/usr/bin:/bin");
    let mut ours: Vec<(&str, OsString)> = vec![
        ("PATH", path),
        ("HOME", tmp.join("home").into()),
        ("TMPDIR", tmp.into()),
        ("USER", "reproof".into()),
        ("LOGNAME", "reproof".into()),
    ];
    if let Network::Proxy(_) = job.network {
        let proxy = OsString::from(format!("http://127.0.0.1:{port}"));
        for name in [
            "HTTP_PROXY",
            "HTTPS_PROXY",
            "ALL_PROXY",
            "http_proxy",
            "https_proxy",
            "all_proxy",
        ] {
            ours.push((name, proxy.clone()));
        }
        ours.push(("NO_PROXY", "localhost,127.0.0.1".into()));
        ours.push(("no_proxy", "localhost,127.0.0.1".into()));
    }
    if !job.env.contains_key("LANG") {
        ours.push(("LANG", "C.UTF-8".into()));
    }
    let theirs = job
        .env
        .iter()
        .filter(|(name, _)| ours.iter().all(|(our, _)| our != name));
    let theirs = theirs
        .map(|(name, value)| (OsString::from(name), value.clone()))
        .collect::<Vec<_>>();
    ours.into_iter()
        .map(|(name, value)| (name.into(), value))
        .chain(theirs)
        .collect()
}

/// `text` with the machine's paths in the place of those inside the sandbox.
pub(super) fn translate(text: &OsStr, mounts: &[Mount]) -> OsString {
    let text = text.as_bytes();
    let mut result = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let starts = at == 0 || !is_path_byte(text[at - 1]);
        let mount = if starts {
            longest_at(&text[at..], mounts)
        } else {
            None
        };
        let Some(mount) = mount else {
            result.push(text[at]);
            at += 1;
            continue;
        };
        result.extend(mount.host.as_os_str().as_bytes());
        at += mount.inside.as_os_str().len();
    }
    OsString::from_vec(result)
}

/// The innermost mount whose place `text` begins with, as whole names.
fn longest_at<'a>(text: &[u8], mounts: &'a [Mount]) -> Option<&'a Mount> {
    let begins = |mount: &&Mount| {
        let inside = mount.inside.as_os_str().as_bytes();
        let rest = text.strip_prefix(inside);
        rest.is_some_and(|rest| {
            rest.first()
                .is_none_or(|&next| next == b'/' || !is_path_byte(next))
        })
    };
    mounts
        .iter()
        .filter(begins)
        .max_by_key(|mount| mount.inside.as_os_str().len())
}

fn is_path_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"/._-~+@%".contains(&byte) || !byte.is_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let mount = |host: &str, inside: &str| Mount {
            host: host.into(),
            inside: inside.into(),
            writable: false,
        };
        let mounts = [
            mount("/run/code", "/w/code"),
            mount("/run/out", "/w/out"),
            mount("/cache/x.csv", "/w/data/x"),
        ];
        assert_eq!(translate(OsStr::new(text), &mounts), expected);
    }

    #[test]
    fn paths_inside_become_paths_of_the_machine() {
        check("/w/out", "/run/out");
        check("--out=/w/out/model.pt", "--out=/run/out/model.pt");
        check("/w/code:/w/data/x", "/run/code:/cache/x.csv");
        check("print('/w/out')", "print('/run/out')");
    }

    #[test]
    fn what_only_looks_like_one_stays() {
        check("/w/output", "/w/output");
        check("/a/w/out", "/a/w/out");
        check("/w/out.txt", "/w/out.txt");
        check("", "");
    }
}
