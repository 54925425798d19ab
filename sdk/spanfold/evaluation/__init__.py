"""Evaluations: metrics over rows, over a model, and over recorded traces."""
