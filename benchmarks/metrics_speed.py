"""Five metrics of ten million rows: reproof beside pandas and scikit-learn, on the same Parquet file.

    python -m venv venv && venv/bin/pip install scikit-learn==1.9.1 pandas==3.1.1 pyarrow==26.0.1
    cargo build --release && venv/bin/python benchmarks/metrics_speed.py

Makes the file with a fixed seed, runs both side by side as processes of their own, holds their values against each
other, and prints seconds, peak memory and both ratios. The imports of the peer do not count as its time; those of
its memory do. `--text` makes the classes texts.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

METRICS = ["accuracy", "f1:macro", "matthews_corrcoef", "roc_auc", "log_loss"]

PEER = """
import json, sys, time
import pandas as pd
from sklearn import metrics
began = time.perf_counter()
table = pd.read_parquet(sys.argv[1])
label, prediction, score = table["label"], table["prediction"], table["score"]
values = {
    "accuracy": metrics.accuracy_score(label, prediction),
    "f1:macro": metrics.f1_score(label, prediction, average="macro"),
    "matthews_corrcoef": metrics.matthews_corrcoef(label, prediction),
    "roc_auc": metrics.roc_auc_score(label, score),
    "log_loss": metrics.log_loss(label, score),
}
print(json.dumps({"metrics": values, "seconds": time.perf_counter() - began}))
"""


def make(path, rows, text):
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    random = np.random.default_rng(7)
    label = (random.random(rows) < 0.3).astype("int64")
    score = 1 / (1 + np.exp(-(random.normal(size=rows) + 2 * label - 1)))
    prediction = (score > 0.5).astype("int64")
    if text:
        label, prediction = (pa.array(["no", "yes"]).take(pa.array(column)) for column in (label, prediction))
    pq.write_table(pa.table({"label": label, "prediction": prediction, "score": score}), path)


def measured(command):
    """What a program prints, its seconds, and its peak memory in MiB."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    text = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    if status != 0:
        sys.exit(f"{command[0]} failed")
    return json.loads(text), seconds, usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--program", default="target/release/reproof")
    parser.add_argument("--text", action="store_true")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "rows.parquet")
        # In a process of its own: the peak of a parent is inherited by its children.
        maker = f"import sys; sys.path.insert(0, {os.path.dirname(os.path.abspath(__file__))!r}); import metrics_speed as m; m.make(*{(path, wanted.rows, wanted.text)!r})"
        subprocess.run([sys.executable, "-c", maker], check=True)
        ours = [wanted.program, "metrics", "--truth", path, "--predictions", path, "--target", "label", "--format", "json"]
        ours += [part for name in METRICS for part in ("--metric", name)]
        ours += ["--positive", "yes" if wanted.text else "1"]
        runs = {"reproof": [], "peer": []}
        for _ in range(wanted.repeats):
            answer, seconds, memory = measured(ours)
            runs["reproof"].append((seconds, memory))
            peer, _, peer_memory = measured([sys.executable, "-c", PEER, path])
            runs["peer"].append((peer["seconds"], peer_memory))
            for name in METRICS:
                difference = abs(answer["metrics"][name] - peer["metrics"][name])
                assert difference < 1e-9, f"{name} differs by {difference}"
        print(f"{wanted.rows:,} rows, {os.path.getsize(path) / 2**20:.0f} MiB, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
        best = {name: (min(run[0] for run in all), max(run[1] for run in all)) for name, all in runs.items()}
        for name, (seconds, memory) in best.items():
            print(f"{name:>8}  {seconds:7.2f} s  {memory:7.0f} MiB")
        (seconds, memory), (peer_seconds, peer_memory) = best["reproof"], best["peer"]
        print(f"   ratio  {peer_seconds / seconds:7.1f} ×  {peer_memory / memory:7.1f} ×")


if __name__ == "__main__":
    main()
