"""Scores the four corpora with the program that was published with the paper.

    python score_2014.py ARCHIVE OUT

The archive in the repository holds the program and the lexicon of 2014, for
Python 2. The program is translated by lib2to3 (part of Python up to 3.12) and
otherwise left as it is. Its strings were bytes: one character stands for each.
"""

import os
import sys
import tarfile
import tempfile
import warnings

warnings.simplefilter("ignore", DeprecationWarning)

from lib2to3.refactor import RefactoringTool, get_fixers_from_package

from corpora import CORPORA, FOLDER, write_scores

PROGRAM = "vaderSentiment.py"
LEXICON = "vader_sentiment_lexicon.txt"


def unpack(archive, folder):
    """Writes the lexicon, and the program for Python 3, into `folder`."""
    with tarfile.open(archive, "r:gz") as tar:
        program = tar.extractfile(FOLDER + PROGRAM).read().decode("utf-8")
        lexicon = tar.extractfile(FOLDER + LEXICON).read()
    # Nothing stands for `reload(sys)`, which did nothing here.
    program = program.replace("\r\n", "\n").replace("reload(sys)\n", "\n")
    tool = RefactoringTool(get_fixers_from_package("lib2to3.fixes"))
    with open(os.path.join(folder, PROGRAM), "w", encoding="utf-8") as file:
        file.write(str(tool.refactor_string(program, PROGRAM)))
    with open(os.path.join(folder, LEXICON), "wb") as file:
        file.write(lexicon.decode("latin-1").encode("utf-8"))


def as_bytes(text):
    """Returns `text` with one character for each of its bytes."""
    return text.encode("utf-8").decode("latin-1")


def main():
    archive, out = sys.argv[1:]
    out = os.path.abspath(out)
    with tempfile.TemporaryDirectory() as folder:
        unpack(archive, folder)
        os.chdir(folder)  # it opens its lexicon by its bare name
        sys.path.insert(0, folder)
        from vaderSentiment import sentiment

        os.chdir("/")
        for name in CORPORA:
            path = os.path.join(out, name + ".csv")
            write_scores(archive, name, lambda text: sentiment(as_bytes(text))["compound"], path)


if __name__ == "__main__":
    main()
