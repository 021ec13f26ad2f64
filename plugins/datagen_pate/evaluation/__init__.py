"""Evaluation of a synthetic set: diversity, likeness to its shard, memorization, criteria."""

from datagen_pate.evaluation.criteria import REQUIRED, judge
from datagen_pate.evaluation.report import evaluate

__all__ = ["REQUIRED", "evaluate", "judge"]
