"""One run of `federated_metrics`: its parameters, what it needs, its table, its weights."""
