"""Data sets divided among clients: schemes, the generator `image_partition`, clients' files."""
