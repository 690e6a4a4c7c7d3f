#!/usr/bin/env bash
# Makes a bare repository with one commit: that of another repository, without some files.
#
#     copy-without.sh MIRROR COMMIT COPY PATH...
#
# For checking a paper whose repository has a large file that is not to be had and not
# needed. Prints the id of the new commit, which goes into a copy of the manifest.
# MIRROR is a bare repository and is not changed; it may lack the files.
set -euo pipefail
mirror=$(cd "$1" && pwd) commit=$2 copy=$3
shift 3

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
git init -q --bare "$scratch/git"
echo "$mirror/objects" > "$scratch/git/objects/info/alternates"
git init -q --bare "$copy"

export GIT_DIR=$scratch/git GIT_WORK_TREE=$scratch GIT_INDEX_FILE=$scratch/index
git read-tree "$commit"
git update-index --force-remove -- "$@"
tree=$(git write-tree --missing-ok)
# The original's date: dependencies are resolved as of it, and the new id is always the same.
date=$(git show -s --format=%cI "$commit")
export GIT_AUTHOR_NAME=copy GIT_AUTHOR_EMAIL=copy@localhost GIT_AUTHOR_DATE=$date
export GIT_COMMITTER_NAME=copy GIT_COMMITTER_EMAIL=copy@localhost GIT_COMMITTER_DATE=$date
new=$(git commit-tree "$tree" -m "Copy of $commit without $*")
git push -q "$copy" "$new:refs/heads/main"
git --git-dir="$copy" symbolic-ref HEAD refs/heads/main
echo "$new"
