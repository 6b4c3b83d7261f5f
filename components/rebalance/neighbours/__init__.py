"""Distances between rows, and searches for the nearest."""
