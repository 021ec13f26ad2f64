"""Teachers: classifiers, each trained on its own shard of private images.

They are kept in a folder: `weights.npy`, one row per teacher; `shards.npz`, the images of each;
`teachers.json`, the report. Nothing here imports torch before it is needed.
"""

from datagen_pate.teachers.artefact import (
    FILES,
    Shard,
    check_teachers,
    count_teachers,
    read_report,
    read_shard,
    read_teacher,
)
from datagen_pate.teachers.division import divide, write_shard_indices
from datagen_pate.teachers.training import Plan, Progress, assess_teachers, train_teachers

__all__ = [
    "FILES",
    "Plan",
    "Progress",
    "Shard",
    "assess_teachers",
    "check_teachers",
    "count_teachers",
    "divide",
    "read_report",
    "read_shard",
    "read_teacher",
    "train_teachers",
    "write_shard_indices",
]
