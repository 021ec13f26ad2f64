"""The commands of real federations: server, client, demo, certificates."""
