"""What keeps a cache in order: preprocess, export, verify."""
