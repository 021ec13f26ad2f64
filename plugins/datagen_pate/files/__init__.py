"""Files that appear whole or not at all, and reading what torch and the original wrote."""
