//! A real paper that needs nothing but the package registry: data out of a wheel, an environment as of 2023.

use crate::common::Bench;

#[test]
fn published_results_on_wine_come_out_of_scikit_learn_as_of_2023() {
    let bench = Bench::on("wine-by-scikit-learn");
    let locked = bench.run(&["lock", "paper/paper.toml"]);
    assert_eq!(locked.code, 0, "{}", locked.stderr);
    let lock = std::fs::read_to_string(bench.path("paper/paper.lock")).expect("a lock");
    assert!(
        lock.contains("scikit-learn==1.2.1"),
        "as of the commit's date: {lock}"
    );
    assert!(lock.contains("--hash=sha256:"), "{lock}");

    let ran = bench.check();
    for (id, mean) in [("qda", 177.0), ("lda", 176.0), ("1nn", 170.0)] {
        let claim = ran.claim(id);
        assert_eq!(claim["outcome"], "reproduced", "{claim:#}\n{}", ran.stderr);
        assert_eq!(claim["measured"]["mean"], mean / 178.0, "{claim:#}");
        assert_eq!(claim["exact"], id != "1nn", "{claim:#}");
    }
    let record = ran.json();
    let check = |id: &str| {
        let checks = record["trust"].as_array().expect("checks");
        checks.iter().find(|check| check["id"] == id).expect("a check")["status"].clone()
    };
    assert_eq!(check("environment"), "pass", "{record:#}");
    assert_eq!(check("open-data"), "pass");
    assert_eq!(check("retrained"), "pass");
    assert_eq!(check("safety"), "pass");
    assert_eq!(ran.code, 0, "{}", ran.stderr);

    let again = bench.check().json();
    assert_eq!(again["environment"]["reused"], true);
    assert!(
        again["steps"]
            .as_array()
            .expect("steps")
            .iter()
            .all(|step| step["reused"] == true)
    );
}

#[test]
fn labels_that_a_step_makes_count_only_if_they_are_what_is_pinned() {
    let bench = Bench::on("made-labels");
    let ran = bench.check();
    assert_eq!(ran.claim("odd")["outcome"], "reproduced", "{}", ran.stderr);

    let path = bench.path("paper/labels.py");
    let script = std::fs::read_to_string(&path)
        .expect("read")
        .replace("j,1", "j,0");
    std::fs::write(&path, script).expect("written");
    let ran = bench.check();
    let odd = ran.claim("odd");
    assert_eq!(odd["outcome"], "not-run", "{odd:#}");
    assert_eq!(odd["reason"]["code"], "data-unavailable");
    assert_eq!(odd["reason"]["fault"], "manifest");
    assert_eq!(ran.claim("sound")["outcome"], "reproduced");
}
