"""Folds events into models, searches traces, answers over REST."""
