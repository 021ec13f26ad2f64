"""What a plugin writes: a generator, its parameters, the schema of its samples."""
