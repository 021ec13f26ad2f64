"""Runs of `federated_metrics`: parameters, data of an experiment, tables, saved weights."""
