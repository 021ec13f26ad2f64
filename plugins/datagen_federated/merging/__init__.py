"""Tables in csv files joined into one: streamed, as text."""

from datagen_federated.errors import MergeError
from datagen_federated.merging.joining import KEY, SCORES, Merged, find_files, merge_files

__all__ = ["KEY", "SCORES", "MergeError", "Merged", "find_files", "merge_files"]
