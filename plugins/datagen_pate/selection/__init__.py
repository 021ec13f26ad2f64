"""Selection: which labelled candidates of one teacher are kept. Imports torch only to steer."""

from datagen_pate.evaluation.shard_facts import ShardFacts
from datagen_pate.selection.diversity import DiverseSet
from datagen_pate.selection.params import SelectionParams, read_selection
from datagen_pate.selection.quotas import bound_classes
from datagen_pate.selection.selecting import Selection, select

__all__ = [
    "DiverseSet",
    "Selection",
    "SelectionParams",
    "ShardFacts",
    "bound_classes",
    "read_selection",
    "select",
]
