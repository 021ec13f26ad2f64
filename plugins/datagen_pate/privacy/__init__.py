"""Noisy votes of teachers, and what they cost."""
