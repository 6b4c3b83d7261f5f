"""Registrar: the released version in Vertex AI Model Registry."""
