"""How fast `reproof profile` is, beside ydata-profiling in its minimal mode.

Makes CSV files of 40 columns with a fixed seed, runs each program as a process of its own, and prints wall seconds,
peak memory and the ratios: once for the numbers alone, and once for ydata-profiling's usual report in HTML. ydata-profiling (with setuptools below 81, which it imports) must be installed in the
interpreter that runs this:

    python benchmarks/profile_speed.py target/release/reproof [--rows 200000] [--large 5000000] [--folder DIR]
"""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile
import time

PEER = """
import sys, pandas
from ydata_profiling import ProfileReport
report = ProfileReport(pandas.read_csv(sys.argv[1]), minimal=True, progress_bar=False)
report.get_description() if sys.argv[2] == "numbers" else report.to_file(sys.argv[1] + ".html", silent=True)
"""


def write(path, rows):
    """25 floats, 6 integers, 5 categories, 2 columns with gaps, 1 date, 1 id."""
    import numpy
    import pandas

    random = numpy.random.default_rng(20240501)
    words = numpy.array(["red", "green", "blue", "violet", "orange", "black"])
    first = True
    for start in range(0, rows, 100_000):
        count = min(100_000, rows - start)
        table = {"id": numpy.arange(start, start + count)}
        for column in range(25):
            table[f"x{column}"] = random.normal(column, 1 + column, count).round(4)
        for column in range(6):
            table[f"n{column}"] = random.integers(0, 10 ** (column + 1), count)
        for column in range(5):
            table[f"c{column}"] = words[random.integers(0, 2 + column, count)]
        for column in range(2):
            gaps = random.normal(size=count).round(3)
            gaps[random.random(count) < 0.1] = numpy.nan
            table[f"g{column}"] = gaps
        days = random.integers(0, 3650, count)
        table["day"] = (numpy.datetime64("2010-01-01") + days).astype("datetime64[D]").astype(str)
        pandas.DataFrame(table).to_csv(path, mode="w" if first else "a", header=first, index=False)
        first = False


def measured(command):
    """Wall seconds and peak resident memory in MiB of a process."""
    begin = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"{command[0]} failed")
    return time.monotonic() - begin, usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("reproof")
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--large", type=int, default=5_000_000)
    parser.add_argument("--folder", default=None)
    parser.add_argument("--no-peer", action="store_true")
    wanted = parser.parse_args()
    folder = pathlib.Path(wanted.folder or tempfile.mkdtemp())
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    for rows, peer in [(wanted.rows, not wanted.no_peer), (wanted.large, False)]:
        path = folder / f"profile-{rows}.csv"
        if not path.exists():
            write(path, rows)
        size = path.stat().st_size / 2**20
        ours = [measured([wanted.reproof, "profile", str(path), "--format", "json"]) for _ in range(3 if peer else 1)]
        seconds, memory = min(ours)
        print(f"{rows:>9} rows x 40, {size:.0f} MiB: reproof {seconds:.2f} s, {memory:.0f} MiB")
        for what in ("numbers", "report") if peer else ():
            their_seconds, their_memory = measured([sys.executable, "-c", PEER, str(path), what])
            print(f"{'':>9} ydata-profiling, minimal, {what}: {their_seconds:.2f} s, {their_memory:.0f} MiB")
            print(f"{'':>9} ratio: {their_seconds / seconds:.1f} times faster, {their_memory / memory:.1f} times less memory")


main()
