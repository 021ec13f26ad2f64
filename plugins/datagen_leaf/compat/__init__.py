"""What is LEAF's own: its random streams, names and files."""
