//! The files of lists, texts, tags, boxes and survival times: their forms, and the exact words for what is refused.

use std::fmt::Write as _;

use super::structured::{Files, files};
use super::*;
use crate::error::Fault;

const QRELS: &str = "k,y,relevance\nq1,a,2\nq1,b,1\nq1,c,0\nq2,a,1\n";

fn without_ids(truth: &str, predictions: &str) -> Files {
    Files {
        ids: false,
        ..files(truth, predictions)
    }
}

fn lines(truth: &str, predictions: &str) -> Files {
    Files {
        ending: "jsonl",
        ..files(truth, predictions)
    }
}

#[test]
fn a_list_is_ordered_by_its_ranks_which_count_as_they_stand() {
    let ranked = files(QRELS, "id,item,rank\nq1,b,4\nq1,a,2\nq2,x,1\n");
    assert_eq!(ranked.value("mrr"), Ok(0.25));
    assert_eq!(ranked.value("precision@4"), Ok(0.25));
    assert_eq!(ranked.value("map"), Ok(0.25)); // (1/2 + 2/4) / 2, and nothing
    let scored = files(QRELS, "id,item,score\nq1,b,-1\nq1,a,5\nq1,x,7\n");
    assert_eq!(scored.value("mrr"), Ok(0.25)); // the second query has no list and counts 0
}

#[test]
fn equal_scores_are_ordered_by_name_and_not_by_the_file() {
    for rows in ["q1,a,1\nq1,z,1\n", "q1,z,1\nq1,a,1\n"] {
        let tied = files("k,y\nq1,a\n", &format!("id,item,score\n{rows}"));
        assert_eq!(tied.value("mrr"), Ok(0.5));
    }
}

#[test]
fn lists_that_are_unsound_are_refused() {
    let twice = files(QRELS, "id,item,score\nq1,a,1\nq1,b,2\nq1,a,3\nq2,a,1\n");
    insta::assert_snapshot!(twice.refused("mrr"), @"`p.csv`: 1 of 4 rows name an item that the list has already: `a` of `q1` in line 2");
    let ranks = files(QRELS, "id,item,rank\nq1,a,1\nq1,b,1\n");
    insta::assert_snapshot!(ranks.refused("mrr"), @"`p.csv`: 1 of 2 rows name a rank that the list has already: `a` of `q1` in line 2");
    let zero = files(QRELS, "id,item,rank\nq1,a,0\nq1,b,1.5\nq1,c,nan\nq2,a,\n");
    insta::assert_snapshot!(zero.refused("mrr"), @"`p.csv`: the rank is no whole number from 1 in 2 of 4 rows (`0` in line 2, `1.5` in line 3); the rank is not a finite number in 1 of 4 rows (`nan` in line 4); the rank is empty in 1 of 4 rows (line 5)");
    let unknown = files(QRELS, "id,item,score\nq1,a,1\nq3,a,1\n");
    insta::assert_snapshot!(unknown.refused("mrr"), @"`p.csv`: 1 of 2 rows are of no query of the labels: `q3` (line 3)");
    let strange = files(QRELS, "id,item,score\nq1,A,1\n");
    insta::assert_snapshot!(strange.refused("mrr"), @"`p.csv`: no item is one of the labels': `A` against `a`");
    let labels = files("k,y\nq1,a\nq1,a\n", "id,item,score\nq1,a,1\n");
    insta::assert_snapshot!(labels.refused("mrr"), @"`labels.csv`: 1 of 2 rows name an item that the query has already: `a` of `q1` in line 3");
    let nowhere = files(QRELS, "id,item,score\nq1,a,1\n");
    insta::assert_snapshot!(nowhere.refused("mean_rank"), @"`mean_rank` is undefined: 1 of 2 queries have no true item in their list, the first of them query 2");
    insta::assert_snapshot!(files(QRELS, "id,score\nq1,1\n").refused("mrr"), @"`p.csv`: there is no column `item`, and no column `rank`");
}

#[test]
fn the_rank_of_the_true_item_is_enough_for_some_metrics() {
    let ranks = without_ids("y\nParis\nRome\n", "rank\n1\n4\n");
    assert_eq!(ranks.value("mrr"), Ok(0.625));
    assert_eq!(ranks.value("hits@3"), Ok(0.5));
    assert_eq!(ranks.value("mean_rank"), Ok(2.5));
    insta::assert_snapshot!(ranks.refused("ndcg@3"), @"`ndcg@K` needs the lists themselves, and the predictions only have the rank of one true item");
    insta::assert_snapshot!(without_ids("y\na\nb\n", "rank\n1\n").refused("mrr"), @"`p.csv`: it has 1 rows, and `labels.csv` has 2 labels");
    insta::assert_snapshot!(without_ids("y\na\nb\n", "rank\n1\n0\n").refused("mrr"), @"`p.csv`: the rank is below 1 in 1 of 2 rows (`0` in line 3)");
}

#[test]
fn a_text_may_be_empty_but_not_missing() {
    let empty = files("k,y\n1,\n2,a b\n", "id,prediction\n2,a b\n1,\"\"\n");
    assert_eq!(empty.value("exact_match"), Ok(1.0));
    let missing = lines(
        "{\"k\":1,\"y\":[\"a\",\"the b\"]}\n{\"k\":2,\"y\":\"c\"}\n",
        "{\"id\":1,\"prediction\":\"b\"}\n{\"id\":2,\"prediction\":null}\n",
    );
    insta::assert_snapshot!(missing.refused("exact_match"), @"`p.jsonl`: the prediction is missing in 1 of 2 rows (line 2)");
    let several = lines(
        "{\"k\":1,\"y\":[\"a\",\"the b\"]}\n{\"k\":2,\"y\":\"c\"}\n",
        "{\"id\":1,\"prediction\":\"b\"}\n{\"id\":2,\"prediction\":\"d\"}\n",
    );
    assert_eq!(several.value("exact_match"), Ok(0.5));
    let list = lines("{\"k\":1,\"y\":\"a\"}\n", "{\"id\":1,\"prediction\":[\"a\"]}\n");
    insta::assert_snapshot!(list.refused("exact_match"), @"`p.jsonl`: line 1: the prediction is a list");
    let none = lines("{\"k\":1,\"y\":[]}\n", "{\"id\":1,\"prediction\":\"a\"}\n");
    insta::assert_snapshot!(none.refused("exact_match"), @"`labels.jsonl`: line 1: the list of references is empty");
    let lost = files("k,y\n1,a\n2,b\n", "id,prediction\n1,a\n");
    insta::assert_snapshot!(lost.refused("bleu"), @"`p.csv`: 1 of 2 labels without a prediction: `2` (line 3 of `labels.csv`)");
}

#[test]
fn tags_stand_in_a_row_a_sentence_or_a_token() {
    let sentences = without_ids("y\nB-A I-A O\nO B-B\n", "prediction\nB-A I-A O\nO O\n");
    assert_eq!(sentences.value("entity_f1"), Ok(2.0 / 3.0));
    let lists = lines(
        "{\"k\":1,\"y\":[\"B-A\",\"O\"]}\n{\"k\":2,\"y\":\"B-B\"}\n",
        "{\"id\":2,\"prediction\":[\"O\"]}\n{\"id\":1,\"prediction\":\"B-A O\"}\n",
    );
    assert_eq!(lists.value("entity_recall"), Ok(0.5));
    let tokens = files(
        "k,y\ns1,B-A\ns1,I-A\ns2,O\ns2,B-B\n",
        "group,prediction\ns2,O\ns2,O\ns1,B-A\ns1,I-A\n",
    );
    assert_eq!(tokens.value("entity_precision"), Ok(1.0));
    assert_eq!(tokens.value("entity_recall"), Ok(0.5));
}

#[test]
fn tags_that_do_not_fit_are_refused() {
    let short = without_ids("y\nO O O\nO\n", "prediction\nO O\nO\n");
    insta::assert_snapshot!(short.refused("entity_f1"), @"`p.csv`: 1 of 2 sentences have another number of tags than the labels: 2 tags for 3 (line 2)");
    let other = without_ids("y\nO O\n", "prediction\nO PER\n");
    insta::assert_snapshot!(other.refused("entity_f1"), @"`p.csv`: line 2: `PER` is no tag");
    let lost = files("k,y\ns1,O\ns2,O\n", "group,prediction\ns1,O\n");
    insta::assert_snapshot!(lost.refused("entity_f1"), @"`p.csv`: there are no tags for the sentence `s2` of the labels");
    let more = files("k,y\ns1,O\n", "group,prediction\ns1,O\ns1,O\n");
    insta::assert_snapshot!(more.refused("entity_f1"), @"`p.csv`: 1 of 1 sentences have another number of tags than the labels: 2 tags for 1 (line 2)");
}

#[test]
fn a_million_tags_in_a_cell_are_read() {
    let tags = "B-A I-A O ".repeat(350_000);
    let sentence = without_ids(&format!("y\n{tags}\n"), &format!("prediction\n{tags}\n"));
    assert_eq!(sentence.value("entity_f1"), Ok(1.0));
}

const CORNERS: &str = "x_min,y_min,x_max,y_max";

fn boxes(truth: &str, predictions: &str) -> Files {
    files(
        &format!("k,y,{CORNERS}\n{truth}"),
        &format!("id,prediction,score,{CORNERS}\n{predictions}"),
    )
}

#[test]
fn an_image_without_objects_has_a_row_without_a_box() {
    let seen = boxes(
        "1,cat,0,0,9,9\n2,,,,,\n",
        "1,cat,0.5,-1,0,9,9\n2,cat,0.9,0,0,9,9\n",
    );
    assert!(near(seen.value("map:coco@0.5").unwrap(), 0.5));
    let blind = boxes("1,cat,0,0,9,9\n2,,,,,\n", "1,,,,,,\n");
    assert_eq!(blind.value("map:coco"), Ok(0.0));
    let unknown = boxes("1,cat,0,0,9,9\n", "1,cat,0.5,0,0,9,9\n2,cat,0.9,0,0,9,9\n");
    insta::assert_snapshot!(unknown.refused("map:coco"), @"`p.csv`: 1 of 2 rows are of no image of the labels: `2` (line 3)");
    let note = boxes("1,cat,0,0,9,9\n", "1,cow,0.5,0,0,9,9\n").read(&[super::metric("map:coco").unwrap()]);
    assert_eq!(
        note.unwrap().notes(),
        ["predicted boxes of classes that the labels do not have, which do not count: 1"]
    );
}

#[test]
fn boxes_that_are_none_are_refused() {
    let turned = boxes(
        "1,cat,0,0,9,9\n",
        "1,cat,0.5,9,0,0,9\n1,cat,0.5,0,9,9,0\n1,cat,0.5,8,0,0,9\n",
    );
    insta::assert_snapshot!(turned.refused("map:coco"), @"`p.csv`: a box has its `x_max` left of its `x_min` in 2 of 3 rows (line 2, line 4)");
    let huge = boxes("1,cat,0,0,9,9\n", "1,cat,0.5,0,0,1e300,1e300\n");
    insta::assert_snapshot!(huge.refused("map:coco"), @"`p.csv`: a box is larger than 100,000 × 100,000 pixels in 1 of 1 rows (line 2)");
    let half = boxes("1,cat,0,0,9,9\n", "1,cat,,0,0,9,9\n");
    insta::assert_snapshot!(half.refused("map:coco"), @"`p.csv`: a box has no class, score or corner in 1 of 1 rows (line 2)");
    let nan = boxes("1,cat,0,0,9,nan\n", "1,cat,1,0,0,9,9\n");
    insta::assert_snapshot!(nan.refused("map:coco"), @"`labels.csv`: the y_max is not a finite number in 1 of 1 rows (`nan` in line 2)");
}

#[test]
fn survival_times_have_an_event_or_all_count_as_observed() {
    let censored = files(
        "k,y,event\na,1,1\nb,2,False\nc,3,true\n",
        "id,prediction\nc,1\na,2\nb,3\n",
    );
    assert_eq!(censored.value("concordance_index"), Ok(0.5));
    let all = files("k,y\na,1\nb,2\nc,3\n", "id,prediction\nc,1\na,2\nb,3\n");
    assert_eq!(all.value("concordance_index"), Ok(1.0 / 3.0));
    let notes = all.read(&[super::metric("c-index").unwrap()]).unwrap();
    assert_eq!(
        notes.notes(),
        ["the labels have no column `event`: every time counts as observed"]
    );
    let odd = files("k,y,event\na,1,2\n", "id,prediction\na,1\n");
    insta::assert_snapshot!(odd.refused("concordance_index"), @"`labels.csv`: the event is neither 0 nor 1 in 1 of 1 rows (`2` in line 2)");
}

#[test]
fn likelihoods_are_means_or_sums_and_never_both() {
    let both = without_ids("y\na\n", "nll,log_prob\n1,-1\n");
    insta::assert_snapshot!(both.refused("perplexity"), @"`p.csv`: it has both a column `nll` and a column `log_prob`");
    let above = without_ids("y\na\n", "log_prob\n0.5\n");
    insta::assert_snapshot!(above.refused("perplexity"), @"`p.csv`: the log_prob is above 0 in 1 of 1 rows (`0.5` in line 2)");
    let none = without_ids("y\na\n", "nll,tokens\n1,0\n");
    insta::assert_snapshot!(none.refused("perplexity"), @"`p.csv`: the tokens is no whole number from 1 in 1 of 1 rows (`0` in line 2)");
}

#[test]
fn different_kinds_of_predictions_are_not_read_in_one_go() {
    let metrics = [super::metric("accuracy").unwrap(), super::metric("bleu").unwrap()];
    let error = files("k,y\n1,a\n", "id,prediction\n1,a\n")
        .read(&metrics)
        .unwrap_err();
    assert_eq!(error.fault, Fault::Manifest);
    insta::assert_snapshot!(error.detail, @"`bleu` and `accuracy` are computed from different kinds of predictions");
    let weighted = files("k,y\n1,a\n", "id,prediction,weight\n1,a,2\n");
    insta::assert_snapshot!(weighted.refused("bleu"), @"`p.csv`: it has a column of weights, and `bleu` has no weighted form");
}

#[test]
fn a_hundred_thousand_queries_and_patients_take_seconds() {
    let start = std::time::Instant::now();
    let (mut truth, mut predictions) = (String::from("k,y\n"), String::from("id,item,score\n"));
    let (mut times, mut predicted) = (String::from("y\n"), String::from("prediction\n"));
    for at in 0..100_000 {
        writeln!(truth, "{at},{}", at % 97).unwrap();
        writeln!(predictions, "{at},{},{}", at % 89, at % 7).unwrap();
        writeln!(times, "{}", at % 1_009).unwrap();
        writeln!(predicted, "{}", (at * 7_919) % 10_007).unwrap();
    }
    assert!(files(&truth, &predictions).value("ndcg@10").is_ok());
    assert!(without_ids(&times, &predicted).value("concordance_index").is_ok());
    assert!(
        start.elapsed() < std::time::Duration::from_secs(60),
        "{:?}",
        start.elapsed()
    );
}
