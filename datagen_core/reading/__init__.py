"""What a reader of a cache holds: data sets, parameter sets, splits, samples, tables."""
