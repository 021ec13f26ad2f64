"""Simulated federated runs: the generator `federated_metrics`, its studies, tables and pictures."""
