"""Saved weights of runs as files, in the forms of Keras and of the MLaaS data generator."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from datagen_core.files import placing
from datagen_federated.errors import WeightsError
from datagen_federated.runs.experiment import prepare_experiment
from datagen_federated.runs.params import FederatedMetricsParams
from datagen_federated.simulation import WeightSpec, count_weights, to_keras_layers

if TYPE_CHECKING:
    from datagen_core import ParamSet, Samples

Form = Literal["npz", "json"]
Layers = list[NDArray[np.float32]]

GLOBAL = "global"
"""The name of the global model's files."""

_UNSAFE = re.compile(r"[^A-Za-z0-9_.+=@-]+")
_LONGEST = 100
_OURS = re.compile(r"round_\d+|.+_round_\d+\.json|global_accuracies\.json")


class WrittenRun(NamedTuple):
    """A folder with the weights of a run: its path, and its numbers of files and bytes."""

    folder: Path
    files: int
    bytes: int


def write_weights(
    param_set: ParamSet,
    samples: Samples,
    destination: Path,
    indices: Sequence[int] = (),
    *,
    form: Form = "npz",
    force: bool = False,
) -> Iterator[WrittenRun]:
    """Write the weights of runs, one folder per run, and yield a summary of each.

    Each folder appears whole, or not at all. One run is in memory at a time. Layers are in the
    order and the layout of Keras's `get_weights`, float32.

    - npz: `<run>/round_<k>/<client>.npz` and `…/global.npz`, with the arrays `layer_0`, `layer_1`…
    - json, as the MLaaS data generator: `<run>/<client>_round_<k>.json` and
      `…/global_round_<k>.json` with `{"layer_0": nested lists, …}`, and `global_accuracies.json`,
      in which a missing score is null.

    Rounds count from 1; a client that took no part in a round has no file.

    Parameters
    ----------
    param_set
        The parameter set of `federated_metrics`.
    samples
        The runs to choose from: a split, or all.
    destination
        The folder for the folders of runs, which are named by the runs' indices.
    indices
        The runs to write; all of `samples` if empty.
    force
        Replace folders of runs; only files of weights are ever removed.

    Raises
    ------
    WeightsError
        When no weights were saved, a run is not among the samples, or its folder exists.
    """
    specs = _find_specs(param_set)
    places = _find_places(samples, indices)
    folders = {place: destination / str(index) for index, place in places.items()}
    for folder in folders.values():
        _check_free(folder, force=force)
    destination.mkdir(parents=True, exist_ok=True)
    for place, folder in folders.items():
        with placing(folder) as temporary:
            temporary.mkdir()
            sizes = list(_WRITERS[form](temporary, samples[place], specs))
        yield WrittenRun(folder, len(sizes), sum(sizes))


def _find_specs(param_set: ParamSet) -> tuple[WeightSpec, ...]:
    """Return names and shapes of the weights of a parameter set's model."""
    fields = param_set.schema.fields
    if "weights" not in fields or "global_weights" not in fields:
        raise WeightsError(
            f"{param_set} has no saved weights; make runs that have: "
            f"{param_set.command_to_make(max(1, len(param_set.existing)), save_weights=True)}"
        )
    specs = prepare_experiment(FederatedMetricsParams.model_validate(param_set.params)).specs
    if (count_weights(specs),) != fields["weights"].shape:
        raise WeightsError(
            f"{param_set} has {fields['weights'].shape[0]} weights, and its model now has "
            f"{count_weights(specs)}; use the version of datagen and the data that made it"
        )
    return specs


def _find_places(samples: Samples, indices: Sequence[int]) -> dict[int, int]:
    """Return the place of each run among the samples, by its index."""
    known = {int(index): place for place, index in enumerate(samples.indices)}
    missing = [index for index in indices if index not in known]
    if missing or not known:
        what = f"no run {missing[0]}" if missing else "no runs"
        raise WeightsError(f"there is {what} in that split; there are {_enumerate(list(known))}")
    return {index: known[index] for index in indices or known}


def _enumerate(known: Sequence[int]) -> str:
    return f"{len(known)}, from {known[0]} to {known[-1]}" if known else "none yet"


def _check_free(folder: Path, *, force: bool) -> None:
    if not folder.exists() and not folder.is_symlink():
        return
    if folder.is_symlink() or not folder.is_dir():
        raise WeightsError(f"{folder} is not a folder; choose another -o")
    others = [path.name for path in folder.iterdir() if not _OURS.fullmatch(path.name)]
    if others:
        raise WeightsError(
            f"{folder} holds {others[0]!r}, which is not a file of weights; choose another -o"
        )
    if not force:
        raise WeightsError(f"{folder} exists; choose another -o, or replace it with --force")


class _Model(NamedTuple):
    """One model after one round."""

    name: str
    round: int
    layers: Layers


def _list_models(sample: Mapping[str, Any], specs: Sequence[WeightSpec]) -> Iterator[_Model]:
    """Yield the models of a run: those of participating clients, then the global ones."""
    names = name_files(sample["client_names"])
    for row, flat in zip(sample["clients"], sample["weights"], strict=True):
        if row["participated"]:
            name = names[row["client_id"] - 1]
            yield _Model(name, int(row["round"]), to_keras_layers(flat, specs))
    for row, flat in zip(sample["rounds"], sample["global_weights"], strict=True):
        yield _Model(GLOBAL, int(row["round"]), to_keras_layers(flat, specs))


def name_files(names: Sequence[str]) -> list[str]:
    """Return clients' names as names of files, all different and none of them `global`.

    Characters that are not safe in a file's name become `_`. A number, counted from 1, is added to
    a name that would then equal another one, up to case.
    """
    taken, made = {GLOBAL}, []
    for number, name in enumerate(names, 1):
        safe = _UNSAFE.sub("_", name)[:_LONGEST].lstrip(".") or "client"
        while safe.casefold() in taken:
            safe = f"{safe}-{number}"
        taken.add(safe.casefold())
        made.append(safe)
    return made


def _write_npz(
    folder: Path, sample: Mapping[str, Any], specs: Sequence[WeightSpec]
) -> Iterator[int]:
    for model in _list_models(sample, specs):
        path = folder / f"round_{model.round}" / f"{model.name}.npz"
        path.parent.mkdir(exist_ok=True)
        arrays = {name: np.ascontiguousarray(layer) for name, layer in _number(model.layers)}
        np.savez(path, allow_pickle=False, **arrays)
        yield path.stat().st_size


def _write_json(
    folder: Path, sample: Mapping[str, Any], specs: Sequence[WeightSpec]
) -> Iterator[int]:
    for model in _list_models(sample, specs):
        content = {name: layer.tolist() for name, layer in _number(model.layers)}
        yield _save(folder / f"{model.name}_round_{model.round}.json", content)
    scores = [_describe_round(row) for row in sample["rounds"]]
    yield _save(folder / "global_accuracies.json", scores)


def _number(layers: Layers) -> Iterator[tuple[str, NDArray[np.float32]]]:
    return ((f"layer_{number}", layer) for number, layer in enumerate(layers))


def _describe_round(row: Any) -> dict[str, float | None]:
    """Return the original's record of a round, with its colon."""
    scores = {f"Global_{name}": float(row[f"global_{name}"]) for name in ("accuracy", "loss", "f1")}
    known = {name: value if math.isfinite(value) else None for name, value in scores.items()}
    return {"Round:": int(row["round"]), **known}


def _save(path: Path, content: object) -> int:
    text = json.dumps(content)
    path.write_text(text, encoding="utf-8")
    return len(text)


_WRITERS: dict[Form, Callable[..., Iterator[int]]] = {"npz": _write_npz, "json": _write_json}
