"""Makes the labels of Cora's test nodes from the repository's file.

    python labels.py data/cora/node_labels.npy labels.csv

The file of the repository is a pickle in spite of its name. Unpickling can run
code, so nothing but the three names that an array needs is accepted.
"""

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
    pickled, written = sys.argv[1:]
    with open(written, "w", newline="", encoding="utf-8") as file:
        file.write(labels(pickled))


if __name__ == "__main__":
    main()
