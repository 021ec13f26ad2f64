"""Whole federated runs on one machine, from plans to records."""
