"""Scores the four corpora with the VADER of the repository.

    python score.py ARCHIVE OUT

Runs in the top folder of vaderSentiment; writes OUT/tweets.csv and so on.
"""

import os
import sys

sys.path.insert(0, os.getcwd())

from corpora import CORPORA, write_scores
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer


def main():
    archive, folder = sys.argv[1:]
    analyzer = SentimentIntensityAnalyzer()
    for name in CORPORA:
        out = os.path.join(folder, name + ".csv")
        write_scores(archive, name, lambda text: analyzer.polarity_scores(text)["compound"], out)


if __name__ == "__main__":
    main()
