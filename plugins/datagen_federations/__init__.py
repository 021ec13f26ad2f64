"""Real federated training: a server and its clients, processes that talk over TLS."""
