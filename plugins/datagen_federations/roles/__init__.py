"""The server and the client of a federated run, as declearn has them."""
