use std::path::Path;

use super::*;

/// A manifest with these steps, given as the insides of inline tables, and a claim on the first.
fn manifest(steps: &[&str]) -> Result<Manifest, Problems> {
    let steps: String = steps
        .iter()
        .enumerate()
        .map(|(n, step)| format!("[[steps]]\nid = \"s{n}\"\nphase = \"train\"\n{step}\n"))
        .collect();
    let text = format!(
        "schema = 1\npaper.title = \"P\"\ncode = {{ repository = \"r\", commit = \"main\" }}\n{steps}\
         [[claims]]\nid = \"c\"\nstatement = \"s\"\nmetric = \"m\"\ndirection = \"lower\"\nvalue = 1\nstep = \"s0\"\n\
         measure.stdout = '(?<value>.)'\n"
    );
    Manifest::parse(&text, Path::new("/m/paper.toml"))
}

#[test]
fn what_is_left_out_has_its_default() {
    let manifest = manifest(&["run = [\"true\"]"]).expect("valid");
    let step = &manifest.steps[0];
    assert_eq!((step.timeout, step.memory), (DEFAULT_TIMEOUT, DEFAULT_MEMORY));
    assert_eq!((step.repeats, step.gpus, step.network), (1, 0, false));
    assert_eq!(manifest.code.subdirectory, Path::new("."));
    assert_eq!(manifest.environment.kind, EnvironmentKind::None);
    let claim = &manifest.claims[0];
    assert!(claim.primary, "the only claim is primary");
    assert_eq!(claim.weight, 1.0);
    assert!(manifest.warnings.is_empty(), "{}", manifest.warnings);
}

#[test]
fn a_step_needs_all_earlier_ones_unless_it_says_which() {
    let manifest = manifest(&[
        "run = [\"a\"]",
        "run = [\"b\"]",
        "run = [\"c\"]",
        "run = [\"d\"]\nneeds = [\"s1\"]",
    ]);
    let manifest = manifest.expect("valid");
    let needs: Vec<_> = manifest.steps.iter().map(|step| step.needs.join(" ")).collect();
    assert_eq!(needs, ["", "s0", "s0 s1", "s1"]);
}

#[test]
fn seeds_are_handed_on_through_steps_that_have_none() {
    let steps = [
        "run = [\"a\"]\nseeds = [4, 5]",
        "run = [\"b\"]\nneeds = []",
        "run = [\"c\", \"{seed}\"]\nneeds = [\"s0\"]",
        "run = [\"d\", \"{seed}\"]\nneeds = [\"s1\", \"s2\"]",
        "run = [\"e\", \"{seed}\"]\nneeds = [\"s3\"]\nseeds = [5]",
    ];
    let manifest = manifest(&steps).unwrap_or_else(|problems| panic!("{problems}"));
    let seeds = |index: usize| manifest.seeds_of(&manifest.steps[index]).clone();
    assert_eq!(seeds(0), Seeds::Listed(vec![4, 5]));
    assert_eq!(seeds(1), Seeds::Unseeded);
    assert_eq!(seeds(2), seeds(0));
    assert_eq!(seeds(3), seeds(0));
    assert_eq!(seeds(4), Seeds::Listed(vec![5]));
}

#[test]
fn seeds_that_do_not_meet_are_refused() {
    let conflict = |steps: &[&str]| {
        let problems = manifest(steps).expect_err("a conflict");
        let kinds: Vec<_> = problems.problems.iter().map(|problem| problem.kind).collect();
        assert_eq!(kinds, [ProblemKind::Conflict], "{problems}");
    };
    let a = "run = [\"a\"]\nseeds = [1]\noutputs = [\"a\"]";
    conflict(&[a, "run = [\"b\"]\nneeds = [\"s0\"]\nseeds = [2]"]);
    conflict(&[
        a,
        "run = [\"b\"]\nneeds = []\nseeds = [2]",
        "run = [\"c\"]\nneeds = [\"s0\", \"s1\"]",
    ]);
    conflict(&[
        "run = [\"a\"]\nseeds = { min = 2, max = 3 }",
        "run = [\"b\"]\nneeds = [\"s0\"]\nseeds = [1, 2]",
    ]);
    let twice = "run = [\"a\"]\nseeds = { min = 2, max = 3 }";
    assert!(manifest(&[twice, twice]).is_ok());
    let (one, other) = ("run = [\"a\"]\nseeds = [1, 2]", "run = [\"b\"]\nseeds = [2, 1]");
    assert!(manifest(&[one, other, "run = [\"c\"]"]).is_ok());
}

#[test]
fn steps_beside_each_other_do_without_each_other() {
    let steps = [
        "run = [\"a\"]\nseeds = [1, 2]\noutputs = [\"a\"]",
        "run = [\"b\"]\nseeds = [1]\noutputs = [\"b\"]",
        "run = [\"c\"]\nseeds = [7]\noutputs = [\"c\"]",
        "run = [\"d\"]\nneeds = [\"s2\"]",
    ];
    let manifest = manifest(&steps).unwrap_or_else(|problems| panic!("{problems}"));
    let of = |index: usize| {
        let step = &manifest.steps[index];
        (step.needs.join(" "), step.does_without.join(" "))
    };
    assert_eq!(
        of(1),
        ("s0".to_owned(), "s0".to_owned()),
        "seen where it ended well"
    );
    assert_eq!(of(2), (String::new(), String::new()), "other seeds");
    assert_eq!(of(3), ("s2".to_owned(), String::new()), "named, so needed");
    assert_eq!(manifest.seeds_of(&manifest.steps[2]), &Seeds::Listed(vec![7]));
}

#[test]
fn many_steps_that_need_each_other_are_no_burden() {
    let steps = vec!["run = [\"a\"]"; 400];
    let manifest = manifest(&steps).expect("valid");
    assert_eq!(*manifest.seeds_of(&manifest.steps[399]), Seeds::Unseeded);
}

#[test]
fn an_output_may_lie_in_a_folder_that_is_kept() {
    let text = "schema = 1\npaper.title = \"P\"\ncode = { repository = \"r\", commit = \"main\" }\n\
         steps = [{ id = \"s\", phase = \"train\", run = [\"a\"], outputs = [\"results\"] }]\n\
         [[claims]]\nid = \"c\"\nstatement = \"s\"\nmetric = \"m\"\ndirection = \"lower\"\nvalue = 1\nstep = \"s\"\n";
    let parse = |file: &str| {
        let text = format!("{text}measure = {{ json = \"{file}\", pointer = \"/a\" }}\n");
        Manifest::parse(&text, Path::new("paper.toml")).map(|_| ())
    };
    assert!(parse("results/a.json").is_ok());
    assert!(parse("results").is_ok());
    assert!(parse("results-2/a.json").is_err());
}

#[test]
fn a_tolerance_is_read_around_a_value() {
    let around = |text: &str, value: &str| Tolerance::parse(text, &Printed::parse(value).expect(value));
    let tolerance = |absolute, relative| Ok(Tolerance { absolute, relative });
    assert_eq!(around("1 %", "83.0 %"), tolerance(None, Some(0.01)));
    assert_eq!(
        around("1 % or 0.5 points", "83.0 %"),
        tolerance(Some(0.005), Some(0.01))
    );
    assert_eq!(around("0.005", "0.83"), tolerance(Some(0.005), None));
    assert!(around("0.5 points", "0.83").is_err());
    assert!(around("some", "0.83").is_err());
}

#[test]
fn a_mistake_in_one_line_hides_no_other() {
    let broken = "run = [\"a\", \"{seed}\"]\nseeds = [1, 2\ntimeout = 30\n".replace("[1, 2", "oops");
    let problems = manifest(&[&broken]).expect_err("two mistakes");
    let kinds: Vec<_> = problems
        .problems
        .iter()
        .map(|problem| problem.kind.code())
        .collect();
    assert_eq!(kinds, ["syntax", "wrong-type"], "{problems}");
}
