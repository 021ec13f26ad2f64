"""Synthetic images labelled by teachers that were trained on private ones (PATE)."""
