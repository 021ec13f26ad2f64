"""Evaluation of a synthetic set: diversity, likeness to its shard, memorization, criteria."""

from datagen_pate.evaluation.report import REQUIRED, evaluate, judge

__all__ = ["REQUIRED", "evaluate", "judge"]
