#!/usr/bin/env bash
# Writes requirements/*.txt: `make lock`, or `make lock ARGS=--upgrade` for newer pins.
# Pins that the ranges in setup.py still allow stay as they are unless --upgrade is given.
set -euo pipefail
cd "$(dirname "$0")/.."

export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-1}"  # The certificates this machine trusts.
uv=.venv-tools/bin/uv
[ -x "$uv" ] || uv=uv

lock() {
  "$uv" pip compile --quiet --generate-hashes --no-emit-index-url \
    --python .venv/bin/python --custom-compile-command "make lock" "$@"
}

# Linux and Intel macOS in one file each; [tool.uv] in pyproject.toml names the two.
lock --universal setup.py -o requirements/runtime.txt "$@"
lock --universal setup.py --extra dev -c requirements/runtime.txt -o requirements/dev.txt "$@"
# NVIDIA publishes its wheels for Linux alone, and so is this lock.
lock --python-platform x86_64-manylinux_2_28 setup.py requirements/gpu.in \
  -c requirements/runtime.txt -o requirements/gpu.txt "$@"
# uv itself is installed by whatever Python 3 there is, so this lock knows no Python 3.10.
lock --no-config --universal --python-version 3.8 requirements/uv.in -o requirements/uv.txt "$@"
