"""Samples of any generator as pictures."""
