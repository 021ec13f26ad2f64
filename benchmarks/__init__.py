"""Measured comparisons of datagen with what people would use instead: `python -m benchmarks`."""
