"""Simulated federated runs: the generator `federated_metrics`, studies, tables and pictures."""
