"""The command `datagen preview`."""
