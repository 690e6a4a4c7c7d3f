"""The four corpora in the archive that VADER's authors published.

Each line of a corpus is an id, the mean of the raters, and a text, with tabs
between them. Nothing is quoted, so these are not tables for the csv module.
"""

import csv
import tarfile

FOLDER = "hutto_ICWSM_2014/"
CORPORA = {
    "tweets": "tweets_GroundTruth.txt",
    "movies": "movieReviewSnippets_GroundTruth.txt",
    "amazon": "amazonReviewSnippets_GroundTruth.txt",
    "nyt": "nytEditorialSnippets_GroundTruth.txt",
}

# "classification thresholds set at -0.05 and +0.05 for all normalized sentiment
# scores between -1 and 1" (section 4, page 9).
THRESHOLD = 0.05


def read(archive, name):
    """Yields (id, rating as printed, text) of each line of a member of the archive."""
    with tarfile.open(archive, "r:gz") as tar:
        text = tar.extractfile(FOLDER + name).read().decode("utf-8")
    for line in text.split("\n"):
        if line:
            yield tuple(line.rstrip("\r").split("\t", 2))


def kind(score, threshold):
    """Returns the class of a score: negative, neutral or positive."""
    if score >= threshold:
        return "positive"
    return "negative" if score <= -threshold else "neutral"


def write_scores(archive, name, score, out):
    """Writes the score and the class that `score` gives to each text of a corpus."""
    with open(out, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["id", "score", "class"])
        for text_id, _, text in read(archive, CORPORA[name]):
            value = score(text)
            writer.writerow([text_id, value, kind(value, THRESHOLD)])
