use super::super::{CommitId, Revision};
use super::*;
use crate::digest::Digest;

/// What `text` is read as, or the message and hint of why not.
fn read<T: FromText>(text: &str) -> Result<T, String> {
    T::from_text(text).map_err(|unfit| {
        let problem = unfit.at(&(0..0));
        [Some(problem.message), problem.hint]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join("; ")
    })
}

#[track_caller]
fn takes<T: FromText + std::fmt::Debug>(texts: &[&str]) {
    for text in texts {
        if let Err(error) = read::<T>(text) {
            panic!("{text:?}: {error}");
        }
    }
}

#[track_caller]
fn refuses<T: FromText + std::fmt::Debug>(texts: &[&str]) {
    for text in texts {
        let taken = read::<T>(text);
        assert!(taken.is_err(), "{text:?} is taken for {taken:?}");
    }
}

#[test]
fn an_id_can_be_a_file_name() {
    takes::<Id>(&["a", "7", "cora-accuracy", "a.b_c-D", &"x".repeat(64)]);
    refuses::<Id>(&["", ".a", "-a", "a/b", "a b", "é", "..", &"x".repeat(65)]);
}

#[test]
fn a_path_stays_below_its_folder() {
    takes::<RelativePath>(&["a", "./a/b", "a//b/", "..a/b..", "-x", "a b/ü"]);
    refuses::<RelativePath>(&[
        "", ".", "./", "/a", "..", "a/../b", ".git", "a/.GIT/b", "~/a", "a\\b", "a\nb", "a\0",
    ]);
    assert_eq!(read("./a//b/."), Ok(RelativePath("a/b".to_owned())));
    assert_eq!(read("./"), Ok(RelativeFolder(".".to_owned())));
}

#[test]
fn a_source_says_where_bytes_come_from() {
    takes::<Source>(&[
        "repo:a/b.csv",
        "https://example.org/a",
        "http://127.0.0.1:80/a",
        "file:a",
        "file:///a",
        "hf:a/b",
    ]);
    takes::<Source>(&["pypi:aeon==0.11.1/aeon/data.csv", "pypi:a-b==1!2.0+local/x"]);
    refuses::<Source>(&[
        "a.csv",
        "https:a",
        "https://",
        "https:///a",
        "file:",
        "hf:",
        "ftp://a/b",
        "repo:/a",
        "repo:../a",
    ]);
    refuses::<Source>(&[
        "pypi:aeon",
        "pypi:aeon==1",
        "pypi:aeon==1/",
        "pypi:==1/a",
        "pypi:aeon>=1/a",
        "pypi:aeon==1/../a",
    ]);
}

#[test]
fn a_repository_is_an_address_or_a_path() {
    takes::<Repository>(&[
        "https://a/b",
        "ssh://git@a/b",
        "git@a:b/c",
        "file:///a",
        "../a",
        "/a/b",
    ]);
    refuses::<Repository>(&[
        "",
        "-oProxyCommand=x",
        "ext::sh://x y",
        "https://",
        "ftp://a/b",
        "a\u{1b}b",
    ]);
}

#[test]
fn a_revision_is_a_commit_or_a_name() {
    let full = "5AF87E7fce2b90ae1cbd621cd58059036a3c7436";
    assert_eq!(
        read(full),
        Ok(Revision::Commit(CommitId::new(full).expect("full")))
    );
    for name in ["main", "v1.0", "feature/x", "5af87e7"] {
        assert_eq!(read(name), Ok(Revision::Name(name.to_owned())));
    }
    refuses::<Revision>(&[
        "", "-x", "a b", "a..b", "a~1", "a^", "a:b", "@", "a@{1}", "/a", "a/", "a.lock", "a.", "x*", "HEAD\n",
    ]);
    refuses::<Revision>(&[&"a".repeat(41), &"a".repeat(64)]);
}

#[test]
fn a_digest_may_have_its_prefix() {
    let digits = Digest::of("abc").hex();
    takes::<Digest>(&[&digits, &digits.to_uppercase(), &format!("sha256:{digits}")]);
    refuses::<Digest>(&["", "abc", &digits[1..], &format!("md5:{digits}")]);
}

#[test]
fn names_that_others_define_are_known_by_their_form() {
    takes::<Doi>(&["10.1609/aaai.v37i9.26317", "10.48550/arXiv.1710.10903"]);
    refuses::<Doi>(&["", "10.1609", "10./a", "doi:10.1/a", "https://doi.org/10.1/a"]);
    takes::<Arxiv>(&[
        "1710.10903",
        "1710.10903v3",
        "0704.0001",
        "cs/0112017",
        "math.GT/0309136v2",
    ]);
    refuses::<Arxiv>(&[
        "",
        "1710",
        "1710.109",
        "v3",
        "1710.10903v",
        "arXiv:1710.10903",
        "cs/01120",
    ]);
    takes::<PythonVersion>(&["3", "3.11", "3.11.9"]);
    refuses::<PythonVersion>(&["", "3.", "3.11.9.1", ">=3.11", "3.x", "py3"]);
    takes::<Currency>(&["USD", "EUR"]);
    refuses::<Currency>(&["", "usd", "$", "EURO"]);
    takes::<Device>(&["auto", "cpu", "cuda", "cuda:0"]);
    refuses::<Device>(&["", "gpu", "cuda:", "cuda:x", "cuda:1234"]);
    takes::<WebAddress>(&["https://example.org/paper.pdf"]);
    refuses::<WebAddress>(&[
        "",
        "example.org",
        "https://",
        "https://a b",
        "javascript:alert(1)",
    ]);
    takes::<Requirement>(&["torch==2.2.2", "numpy", "a @ https://example.org/a.whl"]);
    refuses::<Requirement>(&["", "-e .", "--index-url x", "a\nb"]);
}

#[test]
fn a_pattern_compiles_and_has_the_group() {
    takes::<Pattern>(&["(?<value>.)", "(?P<value>[0-9.]+) %", "(?m)^acc (?<value>\\S+)$"]);
    refuses::<Pattern>(&[
        "",
        "acc (.)",
        "(?<other>.)",
        "(?<value>",
        "(?<value>.){1000000000}",
        &"(".repeat(20_000),
    ]);
}

#[test]
fn a_pointer_is_one_of_rfc_6901() {
    takes::<Pointer>(&["", "/", "/a/b", "/a~1b/~0", "/0", "/ü"]);
    refuses::<Pointer>(&["a", "a/b", "/a~", "/a~2", "$.a.b"]);
    assert_eq!(
        read::<Pointer>("test.acc"),
        Err("`test.acc` is not a JSON pointer; write `/test/acc`".to_owned())
    );
}

#[test]
fn durations_and_sizes_are_for_people() {
    let seconds = |text: &str| read::<Lasting>(text).expect(text).0.as_secs();
    assert_eq!(
        (seconds("30m"), seconds("1h 30m"), seconds("2days")),
        (1800, 5400, 172_800)
    );
    refuses::<Lasting>(&["", "0s", "30", "-1s", "2 years", "soon", "99999999999999999999s"]);
    let bytes = |text: &str| read::<Size>(text).expect(text).0;
    assert_eq!(
        (bytes("8 GiB"), bytes("512MiB"), bytes("1 GB")),
        (8 << 30, 512 << 20, 1_000_000_000)
    );
    refuses::<Size>(&["", "8 KiB", "0", "-1 GiB", "lots", "1e30 GiB", "9999 PiB"]);
}

#[test]
fn a_tolerance_has_up_to_two_sides() {
    use Side::{Native, Points, Relative};
    let sides = |text: &str| read::<Margin>(text).expect(text).0;
    assert_eq!(sides("1 %"), [Relative(0.01)]);
    assert_eq!(sides("0.005"), [Native(0.005)]);
    assert_eq!(sides("0.5 points"), [Points(0.005)]);
    assert_eq!(sides("1 point or 2%"), [Points(0.01), Relative(0.02)]);
    assert_eq!(sides("0"), [Native(0.0)]);
    refuses::<Margin>(&[
        "",
        "or",
        "1 % or",
        "1 % or 2 %",
        "0.1 or 1 points",
        "-1 %",
        "1 ± 0.1",
        "1,5 %",
        "1 % or 2 or 3",
    ]);
}

#[test]
fn no_text_has_characters_that_a_terminal_obeys() {
    refuses::<Line>(&[
        "",
        " ",
        "a\nb",
        "a\tb",
        "\u{1b}[31m",
        "\u{9b}",
        &"x".repeat(10_001),
    ]);
    takes::<Text>(&["a\nb\tc", "ü 漢"]);
    refuses::<Text>(&["", "\u{7}", "a\rb"]);
    takes::<Argument>(&["", "a\nb", "\u{1b}"]);
    refuses::<Argument>(&["a\0b"]);
}
