"""Generators of federated data: data sets divided among clients."""
