"""Models that clients train: architectures, and networks of torch."""
