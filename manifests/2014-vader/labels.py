"""Makes the labels, or checks that they are the ones in the authors' archive.

    python labels.py ARCHIVE FOLDER           writes FOLDER/tweets.csv and so on
    python labels.py ARCHIVE --check tweets=PATH movies=PATH amazon=PATH nyt=PATH

A text's class is the sign of its mean rating. The paper gives thresholds for the
scores of the program and none for the ratings; with the program of 2014, this
reading gives the published 0.96 for tweets.
"""

import argparse
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
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("archive")
    parser.add_argument("folder", nargs="?")
    parser.add_argument("--check", nargs="+", metavar="NAME=PATH")
    arguments = parser.parse_args()
    if arguments.check:
        for pair in arguments.check:
            name, path = pair.split("=", 1)
            with open(path, newline="", encoding="utf-8") as file:
                if file.read() != labels(arguments.archive, name):
                    sys.exit("the labels of %s are not those of the archive" % name)
            print("the labels of %s are those of the archive" % name)
        return
    for name in CORPORA:
        path = os.path.join(arguments.folder, name + ".csv")
        with open(path, "w", newline="", encoding="utf-8") as file:
            file.write(labels(arguments.archive, name))


if __name__ == "__main__":
    main()
