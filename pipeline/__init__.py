"""The DAG, its config, its runners and its command line."""
