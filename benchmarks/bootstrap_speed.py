"""How fast the bootstrap of ROC AUC is, beside scipy.stats.bootstrap with scikit-learn's roc_auc_score.

100,000 rows, 2,000 resamples. The peer takes the percentile interval: the BCa interval of SciPy leaves out each of the
100,000 rows once, which would take hours. reproof's interval is BCa. SciPy is timed on fewer resamples and scaled, which
is exact enough: each resample costs the same. Needs numpy, scipy and scikit-learn:

    cargo build --release --example bootstrap_speed
    python benchmarks/bootstrap_speed.py target/release/examples/bootstrap_speed [--resamples 200]
"""

import argparse
import pathlib
import subprocess
import tempfile
import time

import numpy
from scipy import stats
from sklearn.metrics import roc_auc_score

ROWS, RESAMPLES = 100_000, 2000

arguments = argparse.ArgumentParser(description=__doc__)
arguments.add_argument("program")
arguments.add_argument("--resamples", type=int, default=200, help="resamples on which SciPy is timed")
wanted = arguments.parse_args()

random = numpy.random.default_rng(7)
truth = random.integers(0, 2, ROWS)
score = random.normal(truth, 1.5)
with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    numpy.save(folder / "truth.npy", truth)
    numpy.savez(folder / "predictions.npz", score=score)
    ours = subprocess.run(
        [wanted.program, folder / "truth.npy", folder / "predictions.npz", "roc_auc"],
        check=True, capture_output=True, text=True,
    )
seconds, value, low, high = map(float, ours.stdout.split())
assert abs(value - roc_auc_score(truth, score)) < 1e-9

start = time.perf_counter()
peer = stats.bootstrap(
    (truth, score), roc_auc_score, paired=True, vectorized=False, method="percentile",
    n_resamples=wanted.resamples, rng=random,
)
scaled = (time.perf_counter() - start) * RESAMPLES / wanted.resamples
print(f"reproof, {RESAMPLES} resamples, BCa:  {seconds:8.2f} s   {low:.5f} to {high:.5f}")
print(f"SciPy, {RESAMPLES} resamples, percentile: {scaled:8.2f} s   "
      f"{peer.confidence_interval.low:.5f} to {peer.confidence_interval.high:.5f} (timed on {wanted.resamples})")
print(f"ratio {scaled / seconds:.0f}")
