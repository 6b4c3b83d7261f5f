#!/usr/bin/env bash
# Builds a stage of kubeflow/Dockerfile: scripts/image.sh [cpu|gpu|dataflow].
# IMAGE names it (tfx-rebalance without); the version, and -gpu or -dataflow, come behind.
set -euo pipefail
cd "$(dirname "$0")/.."

stage="${1:-cpu}"
case "$stage" in
  cpu) suffix="" ;;
  gpu | dataflow) suffix="-$stage" ;;
  *)
    echo "image: $stage is no stage of kubeflow/Dockerfile; allowed: cpu, gpu, dataflow." >&2
    exit 2
    ;;
esac
if ! docker version >/dev/null 2>&1; then
  echo "image: no Docker engine answers here (docker version failed). Build where there is one, or" >&2
  echo "  let a service build it from the file kubeflow/Dockerfile: kubeflow/README.md." >&2
  exit 1
fi
version="$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' src/tfx_rebalance/__init__.py)"
name="${IMAGE:-tfx-rebalance}:${version:?no __version__ in src/tfx_rebalance/__init__.py}$suffix"
DOCKER_BUILDKIT=1 docker build --platform linux/amd64 --file kubeflow/Dockerfile \
  --target "$stage" --tag "$name" .
echo "built $name; docker push tells its digest, which is what the config should name: NAME@sha256:..."
