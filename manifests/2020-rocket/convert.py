"""Converts UCR data sets to the text files that the repository's code reads.

    python convert.py OUT NAME TRAIN.ts TEST.ts LABELS.csv [NAME TRAIN.ts …]
    python convert.py --make-labels OUT NAME TRAIN.ts TEST.ts [NAME TRAIN.ts …]

Writes OUT/NAME_TRAIN.txt and OUT/NAME_TEST.txt, the label first in each row, and
checks that the test labels are those of LABELS.csv. With --make-labels it writes
OUT/NAME.csv instead.
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


def convert(out, name, train, test, labels):
    """Converts one data set, or ends the program if its labels are others."""
    write(os.path.join(out, name + "_TRAIN.txt"), *read(train))
    test_labels, test_series = read(test)
    write(os.path.join(out, name + "_TEST.txt"), test_labels, test_series)
    with open(labels, newline="", encoding="utf-8") as file:
        if file.read() != labels_file(test_labels):
            sys.exit("the labels of %s are not those of its test file" % name)
    print("%s: %d test series, labels as expected" % (name, len(test_series)))


def make_labels(out, name, _, test):
    """Writes the labels of one data set."""
    with open(os.path.join(out, name + ".csv"), "w", newline="", encoding="utf-8") as file:
        file.write(labels_file(read(test)[0]))


def main():
    arguments = sys.argv[1:]
    action, size = convert, 4
    if arguments and arguments[0] == "--make-labels":
        action, size = make_labels, 3
        arguments = arguments[1:]
    if len(arguments) < 1 + size or len(arguments) % size != 1:
        sys.exit(__doc__)
    out, rest = arguments[0], arguments[1:]
    for start in range(0, len(rest), size):
        action(out, *rest[start : start + size])


if __name__ == "__main__":
    main()
