#!/usr/bin/env bash
# Type-checks the one package made of several folders: mypy cannot see an editable install of it,
# so it gets a tree of links that looks like the installed package.
set -euo pipefail
cd "$(dirname "$0")/.."

tree=.types/tfx_rebalance
rm -rf .types
mkdir -p "$tree"
for entry in src/tfx_rebalance/*; do
  ln -s "../../$entry" "$tree/"
done
for room in components pipeline schemas examples; do
  ln -s "../../$room" "$tree/$room"
done
exec .venv/bin/mypy "$@"
