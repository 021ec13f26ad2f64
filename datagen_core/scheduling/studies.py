"""Studies: parameter sets drawn at random from a space; a seed determines them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from datagen_core.checks import whole_number
from datagen_core.errors import DatagenError, ParamsError, StudyError
from datagen_core.files import check_format, replacing
from datagen_core.generators.arguments import read_document
from datagen_core.generators.declarations import names_in
from datagen_core.generators.generator import DatasetGenerator
from datagen_core.generators.params import Params
from datagen_core.scheduling.demands import MOST_POINTS, load
from datagen_core.scheduling.spaces import Point, Space, check_space, draw_point

_VERSION = 1
"""The major version of manifests."""

_MOST_REDRAWS = 20
"""Further draws for a point that cannot be made, or was drawn before."""


Points = list[dict[str, Any]]


@dataclass(frozen=True)
class Study:
    """Parameter sets of a generator that were drawn at random.

    Attributes
    ----------
    generator
        The name of the generator.
    seed
        Seed of all draws and of the parameter sets.
    space
        The space of the draws.
    points
        For each parameter set its `params` as they were drawn, and the `digest` of a new set.
    redrawn
        Refused draws: `point`, the number of the point, counted from 0, and the `reason`.
    """

    generator: str
    seed: int
    space: Space
    points: Sequence[Mapping[str, Any]]
    redrawn: Sequence[Mapping[str, Any]]

    @property
    def params(self) -> list[dict[str, Any]]:
        """The parameters of each point, for `datagen_core.sweep`."""
        return [point["params"] for point in self.points]

    def to_json(self) -> dict[str, Any]:
        """Return the study in plain JSON types; the same study has the same JSON."""
        return {
            "format": "datagen study",
            "version": _VERSION,
            "datagen": version("datagen"),
            "generator": self.generator,
            "seed": self.seed,
            "runs": len(self.points),
            "redrawn": list(self.redrawn),
            "points": list(self.points),
            "space": self.space,
        }


def plan_study(generator: str | DatasetGenerator, space: Space, runs: int, seed: int = 0) -> Study:
    """Draw a study and check that each of its points can be made; nothing is made or written.

    A longer study begins with the points of a shorter one.

    Parameters
    ----------
    generator
        As for `datagen_core.generate`.
    space
        What to draw from: for each parameter a value, `[value, …]`, `{"uniform": [low, high]}`,
        `{"log_uniform": [low, high]}` or `{"integers": [low, high]}`; and `cases` of parameters
        that belong together.
    runs
        Number of points.
    seed
        Seed of the draws and of the parameter sets.

    Raises
    ------
    StudyError
        When the space is wrong, a point does not bind, or too many are refused.
    """
    loaded, runs, seed = load(generator).generator, whole_number("runs", runs), _check_seed(seed)
    if not 1 <= runs <= MOST_POINTS:
        raise StudyError(f"a study has 1 to {MOST_POINTS:,} points, not {runs:,}")
    check_space(space, names_in(loaded.params_type))
    drawn = draw_points(loaded, [("", space)] * runs, seed)
    return Study(loaded.name, seed, space, *drawn)


def _check_seed(seed: int) -> int:
    seed = whole_number("seed", seed)
    if seed < 0:
        raise StudyError(f"the seed is {seed}; use 0 or more")
    return seed


def draw_points(
    generator: DatasetGenerator, spaces: Sequence[tuple[str, Space]], seed: int
) -> tuple[Points, Points]:
    """Draw a point from each of some checked spaces; return points and redrawn as `Study` has them.

    Each point has its own stream, from `numpy.random.default_rng(seed).spawn`. A point that the
    generator refuses, or that was drawn before, is drawn again. The name of a space, if it is not
    empty, is the `task` of its point.

    Raises
    ------
    StudyError
        When a point does not bind, or too many are refused.
    """
    drawer = _Drawer(generator, seed)
    streams = np.random.default_rng(seed).spawn(len(spaces))
    for (name, space), stream in zip(spaces, streams, strict=True):
        drawer.add(name, space, stream)
    return drawer.points, drawer.redrawn


class _Drawer:
    """Draws points until each can be made and is new."""

    def __init__(self, generator: DatasetGenerator, seed: int) -> None:
        self._generator, self._seed = generator, seed
        self._digests: set[str] = set()
        self.points: Points = []
        self.redrawn: Points = []

    def add(self, name: str, space: Space, stream: np.random.Generator) -> None:
        """Add a point; all its draws come from the stream."""
        for _ in range(_MOST_REDRAWS + 1):
            params = draw_point(space, stream)
            bound = self._bind(params)
            digest = self._generator.digest_of(bound, self._seed)
            reason = self._refuse(bound, digest)
            if not reason:
                self._digests.add(digest)
                named = {"task": name} if name else {}
                self.points.append({**named, "params": params, "digest": digest})
                return
            self.redrawn.append({"point": len(self.points), "reason": reason})
        raise StudyError(
            f"point {len(self.points)} was drawn {_MOST_REDRAWS + 1} times and refused each time, "
            f"the last time because {reason}; widen the space, or ask for fewer runs"
        )

    def _bind(self, drawn: Point) -> Params:
        try:
            return self._generator.params_type.bind(drawn, self._generator.name)
        except DatagenError as error:  # another draw would not help
            raise StudyError(
                f"{json.dumps(drawn, default=str)[:200]}: {error}; mend the space, and put "
                "parameters that belong together into one case"
            ) from None

    def _refuse(self, params: Params, digest: str) -> str:
        """Return the reason why a point cannot be part of the study; empty if it can."""
        if digest in self._digests:
            return "it was drawn before"
        try:
            self._generator.inspect(params, self._seed)
        except DatagenError as error:
            return str(error)
        return ""


def read_space(path: Path) -> Any:
    """Return the space in a file of JSON or TOML, unchecked.

    Raises
    ------
    StudyError
        When it cannot be read, is neither, or has a key twice.
    """
    try:
        return read_document(str(path))
    except ParamsError as error:
        raise StudyError(str(error)) from None


def format_study(content: Mapping[str, Any]) -> str:
    """Return the text of a study's manifest; the same study has the same text."""
    return json.dumps(content, indent=1, default=str) + "\n"  # TOML has dates


def publish_study(path: Path, content: Mapping[str, Any]) -> bool:
    """Write the manifest of a study unless it exists; return whether it was written.

    A file that exists is never changed.

    Raises
    ------
    StudyError
        When the path is another file, or its folder does not exist.
    """
    if not path.parent.is_dir():
        raise StudyError(f"{path.parent} is not a folder; make it first")
    try:
        with replacing(path, "x") as file:
            file.write(format_study(content))
    except FileExistsError:
        _check_same(path, content)
        return False
    return True


def _check_same(path: Path, content: Mapping[str, Any]) -> None:
    """Refuse the manifest of another study; the version of datagen may differ."""
    if _read(path) != _without_versions(json.loads(format_study(content))):
        raise StudyError(
            f"{path} exists and belongs to another study; choose another name with -o, or "
            "the runs, the seed and the space that it was made with"
        )


def _read(path: Path) -> Any:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(content, Mapping):
        return None
    check_format(path, f"{content.get('version', _VERSION)}.0", f"{_VERSION}.0")
    return _without_versions(content)


def _without_versions(content: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in content.items() if name not in {"datagen", "version"}}
