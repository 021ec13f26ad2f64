"""Random studies: points of a space that can be run; a seed determines the study."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from datagen_core import StudyError, check_space, draw_points, format_study, publish_study
from datagen_federated.federated_metrics import federated_metrics
from datagen_federated.runs.params import FederatedMetricsParams

VERSION = 1
"""The major version of manifests."""

TASKS = ("classification", "regression")
"""Tasks that a space may have, in the order of a task split."""

DEFAULT_SPLIT = (50.0, 30.0)
"""The MLaaS data generator's shares of tasks."""

Space = Mapping[str, Any]


@dataclass(frozen=True)
class Study:
    """Parameter sets drawn at random.

    Attributes
    ----------
    seed
        Seed of all draws and of the parameter sets.
    space
        The space of the draws; one per task, or one for all.
    split
        The shares of the tasks; None for a space without tasks.
    points
        For each parameter set its `task` (if the space has tasks), `params` as they were drawn, and
        the `digest` of a new set.
    redrawn
        Refused draws: `point`, the number of the point, counted from 0, and the `reason`.
    """

    seed: int
    space: Space
    split: Mapping[str, float] | None
    points: Sequence[Mapping[str, Any]]
    redrawn: Sequence[Mapping[str, Any]]

    def to_json(self) -> dict[str, Any]:
        """Return the study in plain JSON types; the same study has the same JSON."""
        return {
            "format": "datagen federated study",
            "version": VERSION,
            "datagen": version("datagen"),
            "generator": federated_metrics.name,
            "seed": self.seed,
            "runs": len(self.points),
            "task_split": self.split,
            "redrawn": list(self.redrawn),
            "points": list(self.points),
            "space": self.space,
        }


def plan_study(runs: int, space: Any, seed: int, split: Sequence[float] | None = None) -> Study:
    """Draw a study and check that each of its points can be run; nothing is run or written.

    Each point has its own stream, from `numpy.random.default_rng(seed).spawn`, so a longer study
    begins with the points of a shorter one. A point that the generator refuses, or that was drawn
    before, is drawn again.

    Parameters
    ----------
    runs
        Number of points.
    space
        The space of the draws, as for `datagen_core.plan_study`; or an object with one space for
        each of `TASKS`.
    seed
        Seed of the study.
    split
        The shares of the tasks, if the space has them; `DEFAULT_SPLIT` when left out. The numbers
        of points are the nearest ones, also among the first points alone.

    Raises
    ------
    StudyError
        When the space is wrong, a point does not bind, or too many are refused.
    """
    spaces, shares = _divide(space, split)
    drawn_from = [(task, spaces[task]) for task in _deal_tasks(shares, runs)]
    points, redrawn = draw_points(federated_metrics, drawn_from, seed)
    split_by_task = shares if set(shares) != {""} else None
    return Study(seed, space, split_by_task, points, redrawn)


def _divide(space: Any, split: Sequence[float] | None) -> tuple[dict[str, Space], dict[str, float]]:
    """Return spaces and shares by task; the task is empty for a space without tasks."""
    known = set(FederatedMetricsParams.model_fields)
    if not isinstance(space, Mapping) or not set(space) & set(TASKS):
        if split is not None:
            raise StudyError(
                f"--task-split goes with a space that has the keys {' and '.join(TASKS)}"
            )
        check_space(space, known)
        return {"": space}, {"": 1.0}
    shares = dict(zip(TASKS, split or DEFAULT_SPLIT, strict=True))
    if split is None:
        shares = {task: share for task, share in shares.items() if task in space}
    strange = sorted(set(space) - set(TASKS))
    if strange:
        raise StudyError(f"{strange[0]}: beside {' and '.join(TASKS)} there is no other key")
    for task in space:
        check_space(space[task], known, task)
    _check_shares(shares, space)
    return dict(space), shares


def _check_shares(shares: Mapping[str, float], space: Space) -> None:
    missing = [task for task, share in shares.items() if share and task not in space]
    if missing:
        raise StudyError(f"the space has no {missing[0]}; add that key, or set its share to 0")
    if not sum(shares.values()):
        raise StudyError("a task split has a share above 0, such as 50,30")


def _deal_tasks(shares: Mapping[str, float], runs: int) -> Iterator[str]:
    """Yield the task of each point: the one that is farthest behind its share so far."""
    total = sum(shares.values())
    counts = dict.fromkeys(shares, 0)
    for number in range(1, runs + 1):
        task = max(shares, key=lambda name: shares[name] / total * number - counts[name])
        counts[task] += 1
        yield task


def format_manifest(study: Study) -> str:
    """Return the text of a study's manifest; the same study has the same text."""
    return format_study(study.to_json())


def publish_manifest(path: Path, study: Study) -> bool:
    """Write the manifest of a study unless it exists; return whether it was written.

    Raises
    ------
    StudyError
        When the path is another file, or its folder does not exist.
    """
    return publish_study(path, study.to_json())
