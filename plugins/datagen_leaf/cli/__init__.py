"""The commands `datagen leaf …`."""
