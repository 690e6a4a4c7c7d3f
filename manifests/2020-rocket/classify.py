"""Classifies UCR data sets with the repository's ROCKET and one seed.

    python classify.py --seed 1 --out FOLDER NAME [NAME …]

Runs in the folder `code` of rocket, where NAME_TRAIN.txt and NAME_TEST.txt lie;
writes FOLDER/NAME.csv. Kernels, transform and classifier are those of the
repository's reproduce_experiments_ucr.py, which itself is not run: it sets no
seed and keeps no predictions.
"""

import argparse
import csv
import os
import sys

sys.path.insert(0, os.getcwd())

import numpy as np
from numba import njit
from sklearn.linear_model import RidgeClassifierCV

from rocket_functions import apply_kernels, generate_kernels

KERNELS = 10_000


@njit
def set_seed(seed):
    """Seeds numba's own generator, which `np.random.seed` outside does not reach."""
    np.random.seed(seed)


def read(path):
    """Returns the labels and the series of a text file, the label first in each row."""
    table = np.loadtxt(path)
    return table[:, 0].astype(np.int32), table[:, 1:]


def classify(name):
    """Returns what is predicted for the test series of a data set."""
    train_labels, train = read(name + "_TRAIN.txt")
    _, test = read(name + "_TEST.txt")
    kernels = generate_kernels(train.shape[1], KERNELS)
    classifier = RidgeClassifierCV(alphas=np.logspace(-3, 3, 10), normalize=True)
    classifier.fit(apply_kernels(train, kernels), train_labels)
    return classifier.predict(apply_kernels(test, kernels)).tolist()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="+")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()

    for name in arguments.names:
        set_seed(arguments.seed)
        predictions = classify(name)
        path = os.path.join(arguments.out, name + ".csv")
        with open(path, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["id", "prediction"])
            writer.writerows(enumerate(predictions))


if __name__ == "__main__":
    main()
