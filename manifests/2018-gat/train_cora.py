"""Trains the repository's GAT on Cora once, and writes what it predicts.

    python train_cora.py --seed 1 --out predictions.csv

Runs in the top folder of pytorch-GAT. The training is the repository's own, with
its own defaults; three things are added from outside: a seed, which the
repository never sets; the predictions of the 1000 test nodes; and a stand-in for
the repository's record of a training, which asks Git for a commit id and so ends
every training outside a Git working copy with an error.
"""

import argparse
import csv
import os
import random
import sys

sys.path.insert(0, os.getcwd())

import numpy as np
import torch

import training_script_cora as script


def keep_model(models):
    """Returns the stand-in: it keeps the model and records no commit."""

    def get_training_state(config, model):
        models.append(model)
        return {"test_perf": config["test_perf"]}

    return get_training_state


def predict_test_nodes(config, model):
    """Returns the indices of the test nodes and the classes predicted for them."""
    device = next(model.parameters()).device
    features, _, edges, _, _, test = script.load_graph_data(config, device)
    model.eval()
    with torch.no_grad():
        scores = model((features, edges))[0]
    return test.tolist(), scores[test].argmax(dim=-1).tolist()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()

    random.seed(arguments.seed)
    np.random.seed(arguments.seed)
    torch.manual_seed(arguments.seed)

    sys.argv = ["training_script_cora.py", "--should_test"]
    config = script.get_training_args()
    models = []
    script.utils.get_training_state = keep_model(models)
    script.train_gat_cora(config)

    nodes, classes = predict_test_nodes(config, models[-1])
    with open(arguments.out, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["id", "prediction"])
        writer.writerows(zip(nodes, classes))


if __name__ == "__main__":
    main()
