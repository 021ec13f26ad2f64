"""Pools of candidates: drawn by a decoder, kept in files, labelled by teachers."""
