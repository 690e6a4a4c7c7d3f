use std::fmt::Write as _;
use std::fs;

use super::canon::next_random;
use super::*;
use crate::observe::Silent;

/// Two splits as CSV in a folder of their own.
struct Splits {
    folder: tempfile::TempDir,
}

impl Splits {
    fn new(train: &str, test: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("train.csv"), train).expect("written");
        fs::write(folder.path().join("test.csv"), test).expect("written");
        Self { folder }
    }

    fn file(&self, name: &str) -> TableFile {
        TableFile::written(self.folder.path().join(name), name)
    }

    fn with(&self, roles: &Roles) -> Result<Overlap, Unmeasured> {
        let (train, test) = (self.file("train.csv"), self.file("test.csv"));
        overlap(&train, &test, roles, &Options::default(), &Silent)
    }

    fn found(&self) -> Overlap {
        self.with(&target()).expect("an overlap")
    }

    fn duplicates(&self) -> Duplicates {
        duplicates(&self.file("train.csv"), &target(), &Options::default(), &Silent).expect("duplicates")
    }
}

fn target() -> Roles {
    Roles {
        target: Some("y".to_owned()),
        ..Roles::default()
    }
}

struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        next_random(&mut self.0) % limit
    }

    fn unit(&mut self) -> f64 {
        (next_random(&mut self.0) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// About normal.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }
}

fn table(header: &str, rows: &[String]) -> String {
    format!("{header}\n{}\n", rows.join("\n"))
}

fn rows_of(set: &RowSet) -> Vec<u64> {
    set.iter().collect()
}

#[test]
fn rows_are_equal_whatever_the_order_of_columns_and_the_form_of_numbers() {
    let splits = Splits::new(
        "id,a,b,c,y\n1,1.50,x,100,0\n2,2.25,y,200,1\n3,3.125,z,300,0\n",
        "y,c,b,a,id\n1,1e2,x,1.5,9\n0, 200 ,y,2.250,8\n0,301,z,3.125,7\n",
    );
    let roles = Roles {
        id: Some("id".to_owned()),
        ..target()
    };
    let found = splits.with(&roles).expect("an overlap");
    assert_eq!(rows_of(&found.exact.leaked.rows), [0, 1]);
    assert_eq!(found.exact.leaked.examples[1].train, Place { row: 1, line: 3 });
    let other = found.contradicting.expect("labels");
    assert_eq!(rows_of(&other.rows), [0, 1]);
    assert_eq!(found.id.expect("ids").rows.len(), 0);
}

#[test]
fn columns_of_one_split_alone_are_named() {
    let found = Splits::new("a,b,old,y\n1,2,3,0\n", "a,b,new,y\n1,2,3,0\n").found();
    assert_eq!(found.compared.columns, ["a", "b"]);
    assert_eq!(rows_of(&found.exact.all.rows), [0]);
    insta::assert_snapshot!(found.notes.join("\n"), @r"
    not compared, since only the train split has them: `old` (1)
    not compared, since only the test split has them: `new` (1)
    ");
}

/// Rows of `width` normal numbers.
fn numbers(random: &mut Random, rows: usize, width: usize) -> Vec<Vec<f64>> {
    (0..rows)
        .map(|_| (0..width).map(|_| random.normal()).collect())
        .collect()
}

fn written(rows: &[Vec<f64>]) -> Vec<String> {
    let row = |row: &Vec<f64>| {
        row.iter().fold(String::new(), |mut text, number| {
            write!(text, "{number},").expect("text");
            text
        }) + "0"
    };
    rows.iter().map(row).collect()
}

fn header(width: usize) -> String {
    (0..width).fold(String::new(), |text, at| format!("{text}c{at},")) + "y"
}

/// Plants `leaked` train rows, changed by `change`, in front of the test split.
fn planted(width: usize, leaked: usize, change: impl Fn(&mut Random, f64) -> f64) -> Splits {
    let mut random = Random(1);
    let train = numbers(&mut random, 2000, width);
    let mut test: Vec<Vec<f64>> = train[100..100 + leaked].to_vec();
    for row in &mut test {
        row.iter_mut()
            .for_each(|number| *number = change(&mut random, *number));
    }
    test.extend(numbers(&mut random, 2000 - leaked, width));
    let header = header(width);
    Splits::new(
        &table(&header, &written(&train)),
        &table(&header, &written(&test)),
    )
}

#[test]
fn planted_rows_are_found_at_every_rate_and_no_others() {
    for leaked in [2, 20, 100, 400] {
        let found = planted(6, leaked, |_, number| number).found();
        let expected: Vec<u64> = (0..leaked as u64).collect();
        assert_eq!(rows_of(&found.exact.leaked.rows), expected);
        assert_eq!(found.numbers.expect("numbers").all.rows.len(), 0);
    }
}

/// Recall and precision of the near rows that are called leaked.
fn quality(splits: &Splits, leaked: usize) -> (f64, f64) {
    let found = splits.found();
    let called = found.near();
    let right = called.iter().filter(|row| (*row as usize) < leaked).count() as f64;
    (right / leaked as f64, right / called.len().max(1) as f64)
}

#[test]
fn noise_and_rounding_are_seen_through() {
    let noise = |random: &mut Random, number: f64| number + 0.002 * random.normal();
    let rounding = |_: &mut Random, number: f64| format!("{number:.2e}").parse().expect("a number");
    for (leaked, widths) in [(2, [6, 8]), (20, [6, 40]), (400, [6, 16])] {
        for width in widths {
            for splits in [planted(width, leaked, noise), planted(width, leaked, rounding)] {
                let (recall, precision) = quality(&splits, leaked);
                assert!(
                    recall >= 0.95 && precision >= 0.95,
                    "{leaked} {width}: {recall} {precision}"
                );
            }
        }
    }
}

#[test]
fn independent_numbers_raise_no_alarm() {
    for width in 1..=12 {
        let found = planted(width, 0, |_, number| number).found();
        assert_eq!(found.leaked().len(), 0, "{width}");
    }
}

/// Independent splits whose rows come from `row`; `copied` test rows are train rows.
fn drawn(seed: u64, size: usize, copied: usize, header: &str, row: impl Fn(&mut Random) -> String) -> Splits {
    let mut random = Random(seed);
    let train: Vec<String> = (0..size).map(|_| row(&mut random)).collect();
    let mut test = train[..copied].to_vec();
    test.extend((copied..size).map(|_| row(&mut random)));
    Splits::new(&table(header, &train), &table(header, &test))
}

fn letters(random: &mut Random, sizes: &[u64]) -> String {
    sizes.iter().fold(String::new(), |text, size| {
        format!("{text}v{},", random.below(*size))
    }) + "0"
}

#[test]
fn few_possible_values_raise_no_alarm() {
    let shapes: [&[u64]; 9] = [
        &[2, 2, 2],
        &[2; 10],
        &[2; 16],
        &[30, 30, 30],
        &[3, 100, 5, 2],
        &[1000],
        &[50_000],
        &[200, 300],
        &[10, 10, 10, 10, 10],
    ];
    for (at, sizes) in shapes.iter().enumerate() {
        for seed in 0..2 {
            let found = drawn(seed, 2000, 0, &header(sizes.len()), |random| {
                letters(random, sizes)
            })
            .found();
            let (leaked, all) = (found.exact.leaked.rows.len(), found.exact.all.rows.len());
            assert!(
                leaked as f64 <= 0.01 * all as f64,
                "{at}: {leaked} of {all} in {:?}",
                found.exact.leaked
            );
        }
    }
}

#[test]
fn rows_that_depend_on_a_hidden_category_raise_no_alarm() {
    let row = |random: &mut Random| {
        let hidden = random.below(6);
        let noisy = |random: &mut Random| {
            if random.below(10) == 0 {
                random.below(2)
            } else {
                hidden & 1
            }
        };
        (0..14).fold(String::new(), |text, _| format!("{text}{},", noisy(random))) + &hidden.to_string()
    };
    for seed in 0..4 {
        let found = drawn(seed, 3000, 0, &header(14), row).found();
        let (leaked, all) = (found.exact.leaked.rows.len(), found.exact.all.rows.len());
        assert!(leaked as f64 <= 0.01 * all as f64, "{leaked} of {all}");
    }
}

#[test]
fn one_hot_rows_raise_no_alarm() {
    let row = |random: &mut Random| {
        let (first, second) = (random.below(8), random.below(12));
        let hot = |count: u64, at: u64| (0..count).map(move |place| if place == at { "1," } else { "0," });
        hot(8, first).chain(hot(12, second)).collect::<String>() + "0"
    };
    let found = drawn(3, 3000, 0, &header(20), row).found();
    assert_eq!(found.leaked().len(), 0);
    assert_eq!(found.exact.common.rows.len(), 3000);
    assert!((found.exact.expected - 3000.0).abs() < 1.0);
}

#[test]
fn copies_are_found_beside_columns_of_few_values() {
    let row = |random: &mut Random| {
        let amount = random.below(1_000_000_000);
        format!(
            "{},{},{amount},{},0",
            random.below(2),
            random.below(5),
            random.below(3)
        )
    };
    let found = drawn(5, 3000, 30, &header(4), row).found();
    assert_eq!(rows_of(&found.exact.leaked.rows), (0..30).collect::<Vec<_>>());
}

#[test]
fn rows_that_were_copied_before_the_split_are_leaks_and_not_common() {
    let mut random = Random(9);
    let rows = written(&numbers(&mut random, 2000, 5));
    // A rare class, each of its rows thirty times.
    let rare = written(&numbers(&mut random, 40, 5));
    let many = |times: usize| {
        rare.iter()
            .flat_map(move |row| std::iter::repeat_n(row.clone(), times))
    };
    let train: Vec<String> = rows[..1500].iter().cloned().chain(many(25)).collect();
    let test: Vec<String> = rows[1500..].iter().cloned().chain(many(5)).collect();
    let splits = Splits::new(&table(&header(5), &train), &table(&header(5), &test));
    let found = splits.found();
    assert_eq!(rows_of(&found.exact.leaked.rows), (500..700).collect::<Vec<_>>());
    let inside = splits.duplicates();
    assert_eq!(
        (inside.groups, inside.extra.len(), inside.copies, inside.largest),
        (40, 960, 960, 25)
    );
}

#[test]
fn duplicates_inside_a_split_have_their_groups_and_labels() {
    let inside = Splits::new(
        "a,b,y\n1.5,x,0\n2,y,1\n1.50,x,1\n2,y,1\n3,z,0\n1.5,x,0\n",
        "a,b,y\n0,0,0\n",
    )
    .duplicates();
    assert_eq!((inside.rows, inside.groups, inside.largest), (6, 2, 3));
    assert_eq!(rows_of(&inside.extra), [2, 3, 5]);
    assert_eq!(inside.share, 0.5);
    assert_eq!(rows_of(&inside.contradicting.expect("labels")), [0, 2, 5]);
    assert_eq!(
        inside.examples[0]
            .rows
            .iter()
            .map(|place| place.line)
            .collect::<Vec<_>>(),
        [2, 4, 7]
    );
}

const WORDS: [&str; 24] = [
    "river", "stone", "paper", "engine", "window", "garden", "silver", "morning", "teacher", "mountain",
    "coffee", "letter", "market", "winter", "signal", "bridge", "forest", "pocket", "camera", "island",
    "rocket", "violin", "harbour", "number",
];

fn sentence(random: &mut Random, words: usize) -> Vec<String> {
    let word = |random: &mut Random| {
        let word = WORDS[random.below(WORDS.len() as u64) as usize];
        format!("{word}{}", ["", "s", "ed", "ing", "er"][random.below(5) as usize])
    };
    (0..words).map(|_| word(random)).collect()
}

/// Texts of which the first `leaked` of the test split are paraphrased train texts.
fn texts(words: usize, leaked: usize, paraphrase: impl Fn(&mut Random, Vec<String>) -> String) -> Splits {
    let mut random = Random(17);
    let train: Vec<Vec<String>> = (0..1000).map(|_| sentence(&mut random, words)).collect();
    let mut test: Vec<String> = (0..leaked)
        .map(|row| paraphrase(&mut random, train[row].clone()))
        .collect();
    test.extend((leaked..1000).map(|_| sentence(&mut random, words).join(" ")));
    let rows = |texts: Vec<String>| -> Vec<String> {
        texts
            .iter()
            .enumerate()
            .map(|(row, text)| format!("{row},\"{text}\",0"))
            .collect()
    };
    let train = rows(train.into_iter().map(|text| text.join(" ")).collect());
    Splits::new(&table("n,text,y", &train), &table("n,text,y", &rows(test)))
}

#[test]
fn paraphrased_texts_are_found() {
    for words in [20, 80] {
        for leaked in [1, 20, 200] {
            let dropped = |random: &mut Random, mut text: Vec<String>| {
                text.remove(random.below(text.len() as u64) as usize);
                text.join(" ")
            };
            let shouted = |_: &mut Random, text: Vec<String>| text.join(", ").to_uppercase() + "!";
            for splits in [texts(words, leaked, dropped), texts(words, leaked, shouted)] {
                let (recall, precision) = quality(&splits, leaked);
                assert!(
                    recall >= 0.95 && precision >= 0.95,
                    "{words} {leaked}: {recall} {precision}"
                );
            }
        }
    }
}

#[test]
fn texts_without_spaces_are_found_too() {
    let sign = |random: &mut Random| char::from_u32(0x4e00 + random.below(3000) as u32).expect("a sign");
    let mut random = Random(4);
    let train: Vec<String> = (0..500)
        .map(|_| (0..40).map(|_| sign(&mut random)).collect())
        .collect();
    let mut test: Vec<String> = train[..50]
        .iter()
        .map(|text| text.chars().skip(2).collect())
        .collect();
    test.extend((0..450).map(|_| (0..40).map(|_| sign(&mut random)).collect::<String>()));
    let found = Splits::new(&table("text", &train), &table("text", &test)).found();
    assert_eq!(rows_of(&found.near()), (0..50).collect::<Vec<_>>());
}

#[test]
fn short_texts_raise_no_alarm() {
    let row = |random: &mut Random| format!("{},0", sentence(random, 3).join(" ")[..12].to_owned());
    let found = drawn(8, 3000, 0, "text,y", row).found();
    assert!(found.exact.all.rows.len() + found.text.as_ref().map_or(0, |text| text.all.rows.len()) > 100);
    assert!(found.leaked().len() <= 3, "{}", found.leaked().len());
}

#[test]
fn ids_groups_and_times_are_compared() {
    let splits = Splits::new(
        "id,who,when,a\nx1,p,2021-01-05,1.25\nx2,q,2021-03-01T12:00:00Z,2.5\nx3,,2021-02-01,3\n",
        "id,who,when,a\nx4,q,2021-01-01,7\nx2,r,2021-04-01,8\n,s,soon,9\n",
    );
    let name = |name: &str| Some(name.to_owned());
    let roles = Roles {
        id: name("id"),
        group: name("who"),
        time: name("when"),
        ..Roles::default()
    };
    let found = splits.with(&roles).expect("an overlap");
    assert_eq!(rows_of(&found.id.as_ref().expect("ids").rows), [1]);
    assert_eq!(rows_of(&found.leaked()), [1]);
    let group = found.group.expect("groups");
    assert_eq!(
        (group.groups, group.of, rows_of(&group.rows.rows)),
        (1, 3, vec![0])
    );
    let time = found.time.expect("times");
    assert_eq!(
        time.train,
        (
            "2021-01-05T00:00:00Z".to_owned(),
            "2021-03-01T12:00:00Z".to_owned()
        )
    );
    assert_eq!(rows_of(&time.early.rows), [0]);
    assert_eq!(rows_of(&time.before), [0]);
    assert_eq!(time.unreadable, (0.0, 1.0 / 3.0));
}

#[test]
fn ids_that_count_rows_and_times_that_are_garbage_are_notes() {
    let splits = Splits::new(
        "id,t,a\n0,soon,1\n1,later,2\n",
        "id,t,a\n0,2021-01-01,3\n1,2021-01-01,4\n",
    );
    let name = |name: &str| Some(name.to_owned());
    let roles = Roles {
        id: name("id"),
        time: name("t"),
        group: name("who"),
        ..Roles::default()
    };
    let found = splits.with(&roles).expect("an overlap");
    assert_eq!((found.id, found.time), (None, None));
    insta::assert_snapshot!(found.notes.join("\n"), @r"
    `id`: its ids only count the rows of each split, so that they are not compared
    `who`: only one split has it
    `t`: no cell of it can be read as a time
    ");
}

/// The header and the rows of a data set that scikit-learn ships.
fn shipped(name: &str) -> (String, Vec<String>) {
    let path = format!("{}/fixtures/overlap/{name}.csv.gz", env!("CARGO_MANIFEST_DIR"));
    let file = fs::File::open(path).expect("a fixture");
    let text = std::io::read_to_string(flate2::read::GzDecoder::new(file)).expect("text");
    let mut lines = text.lines().map(str::to_owned);
    (lines.next().expect("a header"), lines.collect())
}

/// Every fifth row is for testing, from `first` on.
fn split(header: &str, rows: &[String], first: usize) -> Splits {
    let part = |test: bool| -> Vec<String> {
        let rows = rows
            .iter()
            .enumerate()
            .filter(|(at, _)| (at % 5 == first) == test);
        rows.map(|(_, row)| row.clone()).collect()
    };
    Splits::new(&table(header, &part(false)), &table(header, &part(true)))
}

#[test]
fn honest_splits_of_real_data_raise_no_alarm() {
    for name in ["iris", "wine", "breast_cancer", "digits"] {
        let (header, rows) = shipped(name);
        for first in 0..5 {
            let found = split(&header, &rows, first).found();
            assert_eq!(found.leaked().len(), 0, "{name} {first}");
        }
    }
}

#[test]
fn a_planted_row_is_found_in_real_data() {
    for name in ["wine", "breast_cancer", "digits"] {
        let (header, rows) = shipped(name);
        let (test, train) = rows.split_at(rows.len() / 5);
        let mut test = test.to_vec();
        test[3].clone_from(&train[10]);
        let found = Splits::new(&table(&header, train), &table(&header, &test)).found();
        assert_eq!(rows_of(&found.leaked()), [3], "{name}");
    }
}

#[test]
fn the_flower_that_iris_has_twice_is_a_duplicate() {
    let (header, rows) = shipped("iris");
    let inside = Splits::new(&table(&header, &rows), &table(&header, &rows)).duplicates();
    assert_eq!((inside.groups, rows_of(&inside.extra)), (1, vec![142]));
    assert_eq!(inside.contradicting.expect("labels").len(), 0);
}

fn refused(train: &str, test: &str) -> String {
    let error = Splits::new(train, test).with(&target()).expect_err("a reason");
    let hint = error.hint.map_or(String::new(), |hint| format!(" ({hint})"));
    error.detail + &hint
}

#[test]
fn what_cannot_be_compared_ends_in_a_message() {
    let good = "a,b,y\n1,2,0\n";
    insta::assert_snapshot!(refused("", good), @"`train.csv`: it is empty");
    insta::assert_snapshot!(refused("a,b,y\n", good), @"`train.csv`: it has no rows");
    insta::assert_snapshot!(refused(good, "a,b,y\n"), @"`test.csv`: it has no rows");
    insta::assert_snapshot!(refused(good, "c,d,y\n1,2,0\n"), @"`test.csv`: it has no feature column in common with `train.csv` (only in the train split: `a`, `b`; only in the test split: `c`, `d`)");
    insta::assert_snapshot!(refused("y\n1\n", "y\n1\n"), @"`test.csv`: it has no feature column in common with `train.csv` (only in the train split: none; only in the test split: none)");
    insta::assert_snapshot!(refused("a,a,y\n1,2,0\n", good), @"`train.csv`: there are two columns `a`");
    insta::assert_snapshot!(refused(good, "a,b,y\n1,2\n"), @"`test.csv`: line 2 has 2 cells, and the first line has 3 (the file may be cut off, or a text with the separator in it lacks its quotes)");
    insta::assert_snapshot!(refused(good, "a,b,y\n1,\"2,0\n"), @"`test.csv`: line 2 has 2 cells, and the first line has 3 (the file may be cut off, or a text with the separator in it lacks its quotes)");
    let long = format!("a,b,y\n1,\"{}\",0\n", "x".repeat(17 << 20));
    insta::assert_snapshot!(refused(good, &long), @"`test.csv`: a row is longer than 16 MiB; a quote may never close (from line 2)");
    let wide = "c,".repeat(100_000) + "y\n";
    insta::assert_snapshot!(refused(&wide, good), @"`train.csv`: 100001 columns, more than 65536");
}

#[test]
fn cells_that_are_not_utf8_are_named() {
    let splits = Splits::new("a,b,y\n1,2,0\n", "a,b,y\n1,2,0\n");
    fs::write(splits.folder.path().join("test.csv"), b"a,b,y\n1,caf\xe9,0\n").expect("written");
    let error = splits.with(&target()).expect_err("a reason");
    insta::assert_snapshot!(error.detail, @"`test.csv`: line 2: `b` is not UTF-8");
}

#[test]
fn a_hundred_thousand_equal_rows_are_one_pattern() {
    let rows = vec!["1.5,some words of a text,7,0".to_owned(); 100_000];
    let splits = Splits::new(&table("a,text,b,y", &rows), &table("a,text,b,y", &rows[..1000]));
    let found = splits.found();
    assert_eq!(
        (found.exact.all.rows.len(), found.exact.leaked.rows.len()),
        (1000, 0)
    );
    let inside = splits.duplicates();
    assert_eq!(
        (inside.groups, inside.extra.len(), inside.largest),
        (1, 99_999, 100_000)
    );
}

#[test]
fn many_columns_and_wild_numbers_are_taken() {
    let header = (0..20_000).fold(String::new(), |text, at| format!("{text}c{at},")) + "y";
    let row = |cell: &str| format!("{cell},").repeat(20_000) + "0";
    let train = ["1e308", "-1e308", "1e-320", "inf", "", "x", "1"].map(row);
    let test = ["1e308", "-inf", "2"].map(row);
    let found = Splits::new(&table(&header, &train), &table(&header, &test)).found();
    assert_eq!(rows_of(&found.exact.all.rows), [0]);
}

#[test]
fn columns_of_other_types_do_not_match() {
    let found = Splits::new("a,b,y\n1,2.5,0\n3,4.5,1\n", "a,b,y\none,2.5,0\n,4.5,1\n").found();
    assert_eq!(found.exact.all.rows.len() + found.near().len(), 0);
}

#[test]
fn whoever_asks_to_stop_is_heard() {
    struct Impatient;
    impl Observer for Impatient {
        fn event(&self, _: crate::observe::Event<'_>) {}
        fn cancelled(&self) -> bool {
            true
        }
    }
    let splits = Splits::new("a,y\n1,0\n", "a,y\n1,0\n");
    let (train, test) = (splits.file("train.csv"), splits.file("test.csv"));
    let error = overlap(&train, &test, &target(), &Options::default(), &Impatient).expect_err("a reason");
    assert_eq!(error.reason, crate::reason::Reason::Cancelled);
}

#[test]
fn the_hashes_agree_with_comparing_every_cell() {
    let mut random = Random(2);
    let cell = |random: &mut Random| {
        ["1", "1.0", "2", "", "NA", "a", "A", "1e0", "0.5", ".5"][random.below(10) as usize]
    };
    let rows = |random: &mut Random| -> Vec<String> {
        (0..300)
            .map(|_| format!("{},{},{},0", cell(random), cell(random), cell(random)))
            .collect()
    };
    let (train, test) = (rows(&mut random), rows(&mut random));
    let found = Splits::new(&table("a,b,c,y", &train), &table("a,b,c,y", &test)).found();
    let equal = |a: &str, b: &str| {
        a.split(',')
            .zip(b.split(','))
            .all(|(a, b)| canon::Canon::of(a) == canon::Canon::of(b))
    };
    let expected = (0..300u64).filter(|row| train.iter().any(|other| equal(&test[*row as usize], other)));
    assert_eq!(rows_of(&found.exact.all.rows), expected.collect::<Vec<_>>());
}

#[test]
fn files_without_a_header_are_compared_by_place() {
    let splits = Splits::new("1.5,2.5,0\n3.5,4.5,1\n", "9.5,8.5,0\n3.5,4.5,1\n");
    let roles = Roles {
        target: Some("2".to_owned()),
        ..Roles::default()
    };
    let found = splits.with(&roles).expect("an overlap");
    assert_eq!(found.compared.columns, ["0", "1"]);
    assert_eq!(rows_of(&found.exact.all.rows), [1]);
    assert_eq!(found.exact.all.examples[0].test, Place { row: 1, line: 2 });
}
