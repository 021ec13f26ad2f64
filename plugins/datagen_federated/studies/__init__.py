"""Random studies: federated runs with parameters drawn from a space, as one submission."""

from datagen_federated.errors import StudyError
from datagen_federated.studies.default_space import DEFAULT_SPACE
from datagen_federated.studies.manifest import format_manifest, publish_manifest, read_space
from datagen_federated.studies.planning import DEFAULT_SPLIT, TASKS, Study, plan_study
from datagen_federated.studies.space import Point, Space, check_space, draw_point

__all__ = [
    "DEFAULT_SPACE",
    "DEFAULT_SPLIT",
    "TASKS",
    "Point",
    "Space",
    "Study",
    "StudyError",
    "check_space",
    "draw_point",
    "format_manifest",
    "plan_study",
    "publish_manifest",
    "read_space",
]
