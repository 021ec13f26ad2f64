"""Tables of several csv files joined into one: streamed, text in and text out."""

from datagen_federated.errors import MergeError
from datagen_federated.merging.finding import find_files
from datagen_federated.merging.identities import KEY, SCORES
from datagen_federated.merging.joining import Merged, merge_files

__all__ = ["KEY", "SCORES", "MergeError", "Merged", "find_files", "merge_files"]
