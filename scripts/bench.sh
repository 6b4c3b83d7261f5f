#!/usr/bin/env bash
# Runs every benchmark, also after one that missed its target; the exit code tells whether any did.
set -uo pipefail
cd "$(dirname "$0")/.."

shopt -s nullglob
missed=()
for benchmark in benchmarks/[a-z]*.py; do
  echo "== $benchmark $*"
  .venv/bin/python "$benchmark" "$@" || missed+=("$benchmark")
done
if [ "${#missed[@]}" -gt 0 ]; then
  echo "bench: failed or missed a target: ${missed[*]}" >&2
  exit 1
fi
