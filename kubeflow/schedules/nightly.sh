#!/usr/bin/env bash
# Every night at three. Shows what would be sent; take --dry-run out once one run by hand went well.
set -euo pipefail
cd "$(dirname "$0")"

# Kubeflow Pipelines: six fields, seconds first, UTC.
tfx-rebalance schedule create card_fraud.yaml --target kubeflow \
  --name card-fraud-nightly --cron "0 0 3 * * *" --dry-run

# Vertex AI Pipelines: five fields, a time zone before them where it is not UTC.
tfx-rebalance schedule create card_fraud.yaml --target vertex \
  --name card-fraud-nightly --cron "TZ=Europe/Berlin 0 3 * * *" --dry-run

# A day that was missed, once more, on either.
tfx-rebalance submit card_fraud.yaml --target vertex \
  --run-date 2026-03-01 --run-id card-fraud-2026-03-01 --dry-run
