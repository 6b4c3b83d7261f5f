"""Where a pipeline runs besides this machine: Kubeflow Pipelines and Vertex AI Pipelines."""
