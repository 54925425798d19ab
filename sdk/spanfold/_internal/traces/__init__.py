"""Reads recorded traces: a few as objects or a data frame, any number as a stream."""
