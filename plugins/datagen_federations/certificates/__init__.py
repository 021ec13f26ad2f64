"""Certificates of servers: names of hosts, signing, reading, and files that appear as a set."""
