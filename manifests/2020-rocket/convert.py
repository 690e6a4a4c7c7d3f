"""Converts UCR data sets to the text files that the repository's code reads, or makes their labels.

    python convert.py series OUT NAME TRAIN.ts TEST.ts [NAME TRAIN.ts …]
    python convert.py labels OUT NAME TRAIN.ts TEST.ts [NAME TRAIN.ts …]

`series` writes OUT/NAME_TRAIN.txt and OUT/NAME_TEST.txt, the label first in each row;
`labels` writes OUT/NAME.csv with the labels of the test series.
"""

import os
import sys


def read(path):
    """Returns the labels and the series of a .ts file, as printed."""
    labels, series = [], []
    with open(path, encoding="utf-8") as file:
        for line in file:
            if line.startswith(("#", "@")) or not line.strip():
                continue
            values, label = line.strip().rsplit(":", 1)
            labels.append(label)
            series.append(values.split(","))
    return labels, series


def write(path, labels, series):
    """Writes one row for each series: its label, then its values."""
    with open(path, "w", encoding="utf-8") as file:
        for label, values in zip(labels, series):
            file.write(" ".join([label, *values]) + "\n")


def labels_file(labels):
    """Returns the labels as the text of a CSV file; the ids are the rows, from 0."""
    lines = ["%d,%s" % row for row in enumerate(labels)]
    return "\n".join(["id,label", *lines]) + "\n"


def convert(out, name, train, test):
    """Converts one data set."""
    write(os.path.join(out, name + "_TRAIN.txt"), *read(train))
    write(os.path.join(out, name + "_TEST.txt"), *read(test))


def make_labels(out, name, _, test):
    """Writes the labels of one data set."""
    with open(os.path.join(out, name + ".csv"), "w", newline="", encoding="utf-8") as file:
        file.write(labels_file(read(test)[0]))


ACTIONS = {"series": convert, "labels": make_labels}


def main():
    if len(sys.argv) < 6 or sys.argv[1] not in ACTIONS or len(sys.argv) % 3 != 0:
        sys.exit(__doc__)
    action, out, rest = ACTIONS[sys.argv[1]], sys.argv[2], sys.argv[3:]
    for start in range(0, len(rest), 3):
        action(out, *rest[start : start + 3])


if __name__ == "__main__":
    main()
