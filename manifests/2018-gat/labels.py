"""Makes the labels of Cora's test nodes, or checks that they are the repository's.

    python labels.py data/cora/node_labels.npy labels.csv
    python labels.py data/cora/node_labels.npy labels.csv --check

The file of the repository is a pickle in spite of its name. Unpickling can run
code, so nothing but the three names that an array needs is accepted.
"""

import argparse
import pickle
import sys

import numpy as np

# The 1000 test nodes of the usual split, as in utils/constants.py.
TEST = range(1708, 2708)


class ArrayUnpickler(pickle.Unpickler):
    """Unpickles an array of numbers and nothing else."""

    ALLOWED = {
        ("numpy.core.multiarray", "_reconstruct"),
        ("numpy", "ndarray"),
        ("numpy", "dtype"),
    }

    def find_class(self, module, name):
        if (module, name) not in self.ALLOWED:
            raise pickle.UnpicklingError("the labels ask for %s.%s" % (module, name))
        return super().find_class(module, name)


def labels(path):
    """Returns the labels of the test nodes as the text of a CSV file."""
    with open(path, "rb") as file:
        array = np.asarray(ArrayUnpickler(file).load())
    lines = ["%d,%d" % (node, array[node]) for node in TEST]
    return "\n".join(["id,label", *lines]) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pickled")
    parser.add_argument("labels")
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    found = labels(arguments.pickled)
    if not arguments.check:
        with open(arguments.labels, "w", newline="", encoding="utf-8") as file:
            file.write(found)
        return
    with open(arguments.labels, newline="", encoding="utf-8") as file:
        if file.read() != found:
            sys.exit("the labels are not those of the repository")
    print("the labels are those of the repository")


if __name__ == "__main__":
    main()
