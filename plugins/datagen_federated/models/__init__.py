"""Models that clients train: parameters, shapes of weights, and networks of torch."""
