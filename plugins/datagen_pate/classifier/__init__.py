"""The network of teachers and students: its files, its training, its predictions. Imports torch."""
