"""Compares the speed of reproof's overlap with pandas (equal rows) and datasketch (similar texts).

    python -m venv venv && venv/bin/pip install pandas==3.1.1 datasketch==2.0.0
    cargo build --release --example overlap_speed
    venv/bin/python benchmarks/overlap_speed.py [--rows 1000000] [--documents 100000] [--only rows|texts]

The data are made with a fixed seed in a folder of their own; 1 % of the test rows are planted. Every contender runs in
a process of its own, which reads both files; printed are its seconds, its peak memory and the ratio to reproof's.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROGRAM = Path(__file__).parent.parent / "target/release/examples/overlap_speed"


def make_rows(folder, rows):
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(0)
    columns = [f"c{i}" for i in range(10)]
    train = pd.DataFrame(rng.normal(size=(rows, 10)).round(6), columns=columns)
    test = pd.DataFrame(rng.normal(size=(rows, 10)).round(6), columns=columns)
    planted = rows // 100
    test.iloc[:planted] = train.iloc[:planted].to_numpy()
    for name, frame in (("train", train), ("test", test)):
        frame["y"] = rng.integers(0, 2, rows)
        frame.to_csv(folder / f"{name}.csv", index=False)


def make_texts(folder, documents):
    import numpy as np

    rng = np.random.default_rng(0)
    words = np.array([f"{a}{b}{c}" for a in "bdfklmnprst" for b in "aeiou" for c in ("n", "ra", "tes", "ling", "ck", "vo")])

    def draw():
        return [list(rng.choice(words, rng.integers(15, 30))) for _ in range(documents)]

    train, test = draw(), draw()
    for row in range(documents // 100):
        test[row] = [word for place, word in enumerate(train[row]) if place != 5]
    for name, texts in (("train", train), ("test", test)):
        lines = [f"{' '.join(text)},{row % 2}" for row, text in enumerate(texts)]
        (folder / f"{name}.csv").write_text("text,y\n" + "\n".join(lines) + "\n")


def by_merge(folder):
    import pandas as pd

    train, test = (pd.read_csv(folder / f"{name}.csv").drop(columns="y") for name in ("train", "test"))
    test["row"] = range(len(test))
    return {"exact": int(test.merge(train.drop_duplicates(), on=list(train.columns))["row"].nunique())}


def by_tuples(folder):
    import pandas as pd

    train, test = (pd.read_csv(folder / f"{name}.csv").drop(columns="y") for name in ("train", "test"))
    known = set(train.itertuples(index=False, name=None))
    return {"exact": sum(row in known for row in test.itertuples(index=False, name=None))}


def by_datasketch(folder):
    import pandas as pd
    from datasketch import MinHash, MinHashLSH

    train, test = (pd.read_csv(folder / f"{name}.csv")["text"] for name in ("train", "test"))

    def shingles(text):
        return {text[at : at + 5].encode() for at in range(len(text) - 4)}

    def sketch(text):
        return MinHash.bulk([shingles(text)], num_perm=100)[0]

    index = MinHashLSH(threshold=0.8, num_perm=100)
    for row, text in enumerate(train):
        index.insert(row, sketch(text))
    near = 0
    for text in test:
        mine = shingles(text)
        near += any(
            len(mine & other) >= 0.8 * len(mine | other)
            for other in (shingles(train[row]) for row in index.query(sketch(text)))
        )
    return {"near": near}


PEERS = {"merge": by_merge, "tuples": by_tuples, "datasketch": by_datasketch}


def peer(name, folder):
    start = time.perf_counter()
    found = PEERS[name](Path(folder))
    print(json.dumps({"seconds": time.perf_counter() - start, **found}))


def run(command):
    """What the command prints, with its wall time and its peak memory."""
    start = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    out = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    if status:
        sys.exit(f"{command} failed")
    return {**json.loads(out), "seconds": time.perf_counter() - start, "mb": usage.ru_maxrss / 1024}


def compare(title, ours, peers):
    print(f"\n{title} (load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores)")
    print(f"{'':<22}{'seconds':>9}{'peak MB':>9}{'exact':>8}{'near':>8}{'times slower':>14}")
    base = None
    for name, command in [*ours, *peers]:
        result = run(command)
        base = base or result
        exact, near = result.get("exact", "-"), result.get("near", "-")
        ratio = result["seconds"] / base["seconds"]
        print(f"{name:<22}{result['seconds']:>9.1f}{result['mb']:>9.0f}{exact:>8}{near:>8}{ratio:>14.1f}", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--only", choices=["rows", "texts"])
    parser.add_argument("--peer", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--make", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.peer:
        return peer(*arguments.peer)
    if arguments.make:
        kind, folder = arguments.make
        return make_rows(Path(folder), arguments.rows) if kind == "rows" else make_texts(Path(folder), arguments.documents)
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        files = [str(folder / "train.csv"), str(folder / "test.csv")]
        # In processes of their own: a child's peak memory is never below that of its parent.
        again = [sys.executable, __file__, "--rows", str(arguments.rows), "--documents", str(arguments.documents)]
        make = lambda kind: subprocess.run([*again, "--make", kind, str(folder)], check=True)
        other = lambda name: (name, [*again, "--peer", name, str(folder)])
        if arguments.only != "texts":
            make("rows")
            ours = [("reproof, exact", [PROGRAM, *files, "--exact"]), ("reproof, exact + near", [PROGRAM, *files])]
            compare(f"two splits of {arguments.rows} rows, 10 numbers", ours, [other("merge"), other("tuples")])
        if arguments.only != "rows":
            make("texts")
            compare(f"two splits of {arguments.documents} texts", [("reproof", [PROGRAM, *files])], [other("datasketch")])


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
