"""Teachers in training: one file each, until all are done and packed."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen_core.files import hash_file
from datagen_pate.classifier.recipes import Recipe
from datagen_pate.errors import PateError
from datagen_pate.evaluation.distances import round_to_stored
from datagen_pate.files.writing import read_json, write_json, writing
from datagen_pate.labelled.digits import Labelled
from datagen_pate.teachers.artefact import (
    FILES,
    REPORT_FORMAT,
    Shard,
    read_report,
    write_shards,
    write_weights,
)
from datagen_pate.teachers.division import divide

PLAN_FORMAT = "1.0"


@dataclass(frozen=True, eq=False)
class Plan:
    """Everything that decides the teachers of a folder.

    Attributes
    ----------
    data
        The private set.
    teachers
        The number of teachers.
    recipe
        How each is trained.
    seed
        Of the division and, with its number, of each teacher's training.
    """

    data: Labelled
    teachers: int
    recipe: Recipe
    seed: int = 42

    def describe(self) -> dict[str, Any]:
        """Return everything that decides the weights, in plain JSON types."""
        return {
            "num_models": self.teachers,
            "seed": self.seed,
            "recipe": asdict(self.recipe),
            "data_sha256": self.data.sha256,
        }

    def divide(self) -> list[NDArray[np.int64]]:
        """Return the indices of each teacher's images."""
        return divide(len(self.data), self.teachers, self.seed)


@dataclass(frozen=True)
class Parts:
    """An unfinished folder of teachers: plan and shards first, then teacher by teacher.

    Several processes, on several machines, may work in it at the same time: files appear whole,
    files of the same name are equal, and none is removed before all teachers are packed.
    """

    folder: Path

    @property
    def _plan(self) -> Path:
        return self.folder / "parts" / "plan.json"

    def begin(self, plan: Plan) -> None:
        """Write the plan and the shards, unless they exist.

        Raises
        ------
        PateError
            When the folder holds teachers of another plan.
        """
        described = plan.describe()
        self._check_same(described)
        if self.is_finished or self._plan.is_file():
            return
        images, labels = round_to_stored(plan.data.images), plan.data.labels
        shards = [Shard.of(images[rows], labels[rows], rows) for rows in plan.divide()]
        write_shards(self.folder / FILES[1], shards)
        content = {"format": PLAN_FORMAT, "plan": described, "data": plan.data.describe()}
        write_json(self._plan, content)

    def _check_same(self, described: dict[str, Any]) -> None:
        found = self._read_plan()
        if found is None or found == described:
            return
        wrong = [key for key, value in described.items() if found.get(key) != value]
        what = f"teachers with another {wrong[0]}" if found else "teachers that were imported"
        raise PateError(f"{self.folder} holds {what}; name another folder with -o, or remove it")

    def _read_plan(self) -> dict[str, Any] | None:
        """Return the plan of the folder: empty for imported teachers, None for a new folder."""
        if self.is_finished:
            return dict(read_report(self.folder).get("plan", {}))
        return dict(self.read()["plan"]) if self._plan.is_file() else None

    def read(self) -> dict[str, Any]:
        """Return the content of the plan's file."""
        return read_json(self._plan, PLAN_FORMAT)

    @property
    def is_finished(self) -> bool:
        """Whether all teachers are trained and packed."""
        return (self.folder / FILES[2]).is_file()

    def missing(self, teachers: range) -> list[int]:
        """Return the teachers that are not trained yet."""
        if self.is_finished:
            return []
        return [k for k in teachers if not self._is_whole(k)]

    def save(self, k: int, weights: NDArray[np.float32], report: dict[str, Any]) -> None:
        """Write one teacher and its report."""
        text = json.dumps(report)
        with writing(self._path(k)) as file:
            np.savez(file, weights=weights, report=np.array(text))

    def pack(self) -> dict[str, Any]:
        """Write the finished folder's files from the parts, remove these, and return the report."""
        try:
            if not self.is_finished:
                self._write_finished()
        except FileNotFoundError:  # another process has just packed and removed the parts
            if not self.is_finished:
                raise
        report = read_report(self.folder)
        shutil.rmtree(self.folder / "parts", ignore_errors=True)
        return report

    def _write_finished(self) -> None:
        content = self.read()
        teachers = content["plan"]["num_models"]
        weights, shards = self.folder / FILES[0], self.folder / FILES[1]
        write_weights(weights, self._iterate_weights(teachers), teachers)
        reports = [self._load(k)[1] for k in range(teachers)]
        hashes = {"weights_sha256": hash_file(weights), "shards_sha256": hash_file(shards)}
        content |= {"format": REPORT_FORMAT, **hashes, "teachers": reports}
        write_json(self.folder / FILES[2], content)

    def _iterate_weights(self, teachers: int) -> Iterator[NDArray[np.float32]]:
        return (self._load(k)[0] for k in range(teachers))

    def _load(self, k: int) -> tuple[NDArray[np.float32], dict[str, Any]]:
        with self._path(k).open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            weights: NDArray[np.float32] = arrays["weights"]
            report = dict(json.loads(str(arrays["report"])))
        if hash_weights(weights) != report["weights_sha256"]:
            raise ValueError(k)
        return weights, report

    def _is_whole(self, k: int) -> bool:
        try:
            self._load(k)
        except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile, zlib.error):
            return False
        return True

    def _path(self, k: int) -> Path:
        return self.folder / "parts" / f"{k}.npz"


def hash_weights(weights: NDArray[np.float32]) -> str:
    """Return the SHA-256 of one teacher's weights, as they lie in `weights.npy`."""
    return hashlib.sha256(np.ascontiguousarray(weights, "<f4").data).hexdigest()
