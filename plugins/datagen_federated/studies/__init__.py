"""Random studies of federated runs: the MLaaS data generator's space, and its shares of tasks."""

from datagen_federated.studies.default_space import DEFAULT_SPACE
from datagen_federated.studies.planning import (
    DEFAULT_SPLIT,
    TASKS,
    Study,
    format_manifest,
    plan_study,
    publish_manifest,
)

__all__ = [
    "DEFAULT_SPACE",
    "DEFAULT_SPLIT",
    "TASKS",
    "Study",
    "format_manifest",
    "plan_study",
    "publish_manifest",
]
