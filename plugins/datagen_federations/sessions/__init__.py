"""A whole federated run on one machine, from its plan to its records."""
