"""Makes the labels from the authors' archive.

    python labels.py ARCHIVE FOLDER           writes FOLDER/tweets.csv and so on

A text's class is the sign of its mean rating. The paper gives thresholds for the
scores of the program and none for the ratings; with the program of 2014, this
reading gives the published 0.96 for tweets.
"""

import os
import sys

from corpora import CORPORA, kind, read


def labels(archive, name):
    """Returns the labels of a corpus as the text of a CSV file."""
    lines = ["id,rating,class"]
    for text_id, rating, _ in read(archive, CORPORA[name]):
        # The smallest positive number: any rating but 0 is beyond it.
        lines.append("%s,%s,%s" % (text_id, rating, kind(float(rating), sys.float_info.min)))
    return "\n".join(lines) + "\n"


def main():
    archive, folder = sys.argv[1:]
    for name in CORPORA:
        path = os.path.join(folder, name + ".csv")
        with open(path, "w", newline="", encoding="utf-8") as file:
            file.write(labels(archive, name))


if __name__ == "__main__":
    main()
