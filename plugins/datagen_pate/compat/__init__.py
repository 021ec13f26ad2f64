"""The original pipeline's options, configuration and tree of files."""
