"""The roles of a federated run: declearn's server and client, watched and with deadlines."""
