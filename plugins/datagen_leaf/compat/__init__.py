"""Compatibility with LEAF's own program: its random stream, names and files."""
