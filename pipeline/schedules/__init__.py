"""Runs and schedules on Kubeflow Pipelines and Vertex AI Pipelines: see docs/schedules.md."""
