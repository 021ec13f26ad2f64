"""Federated training for real: a server and its clients, processes that talk over TLS."""
