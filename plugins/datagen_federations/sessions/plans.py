"""Plans of runs: models, optimizers and rounds, from defaults and a TOML file.

A plan has three sections, plain data that can be JSON:

* `model`: `layers`, each a table `{type = "Conv2d", …}` of `torch.nn` with the arguments of its
  class; the `shape` of one input, and the number of `classes`.
* `optim`: declearn's `FLOptimConfig`: `client_opt`, `server_opt`, `aggregator`, `fairness`.
* `run`: declearn's `FLRunConfig`: `rounds`, `training`, `evaluate`, `privacy`, `early_stop`, …
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from datagen_federations.errors import TrainingOptionError

Plan = dict[str, dict[str, Any]]

_KNOWN = {
    "model": ("layers", "shape", "classes"),
    "optim": ("client_opt", "server_opt", "aggregator", "fairness"),
    "run": ("rounds", "training", "evaluate", "fairness", "privacy", "early_stop"),
}
_DEFAULTS: Plan = {
    "model": {"shape": [28, 28], "classes": 10},
    "optim": {"client_opt": {"lrate": 0.001, "modules": ["adam"]}, "aggregator": "averaging"},
    "run": {
        "rounds": 5,
        "training": {"batch_size": 32, "n_epoch": 1, "drop_remainder": False, "shuffle": True},
        "evaluate": {"batch_size": 128},
    },
}

CHANGES = {
    "rounds": ("run", "rounds"),
    "batch_size": ("run", "training", "batch_size"),
    "epochs": ("run", "training", "n_epoch"),
    "lrate": ("optim", "client_opt", "lrate"),
    "modules": ("optim", "client_opt", "modules"),
    "server_lrate": ("optim", "server_opt", "lrate"),
    "aggregator": ("optim", "aggregator"),
}
"""Places of single values in a plan, by short names."""


def make_plan(
    config: Path | None = None,
    *,
    shape: Sequence[int] | None = None,
    classes: int | None = None,
    changes: Mapping[str, Any] | None = None,
) -> Plan:
    """Return the plan of a run: defaults, changed by a file's sections, changed by arguments.

    A key of `model` or `optim` in the file replaces the default; the tables of `run` are merged
    key by key. Without `layers` the model is declearn's example for images, a convolution of 32
    filters, and one hidden layer of 64 for rows of a table.

    Parameters
    ----------
    config
        A TOML file with any of the three sections.
    shape, classes
        Shape of one input and number of classes of the data, if known; a file may repeat them.
    changes
        Single values by the names in `CHANGES`; None changes nothing.

    Raises
    ------
    TrainingOptionError
        When the file is not TOML, has an unknown section or key, or a value of another form, or
        there are no default layers for inputs of such a shape.
    """
    chosen = {} if config is None else _read(config)
    where = "" if config is None else f"{config}: "
    plan = _merge(chosen, where)
    for name, value in (changes or {}).items():
        if value is not None:
            _put(plan, CHANGES[name], value)
    known = {"shape": None if shape is None else list(shape), "classes": classes}
    for key, value in known.items():
        if value is not None:
            _refuse_other(value, key, chosen.get("model", {}), where)
            plan["model"][key] = value
    _check(plan, where)
    if "layers" not in plan["model"]:
        plan["model"]["layers"] = _default_layers(plan["model"], where)
    _check_layers(plan["model"]["layers"], where)
    return plan


def _merge(chosen: Mapping[str, Any], where: str) -> Plan:
    plan = {name: {**_DEFAULTS[name], **chosen.get(name, {})} for name in _DEFAULTS}
    for key, default in _DEFAULTS["run"].items():
        value = plan["run"][key]
        if isinstance(default, dict):
            if not isinstance(value, dict):
                raise TrainingOptionError(f"{where}run.{key} should be a table, not {value!r}")
            plan["run"][key] = {**default, **value}
    return plan


def _put(plan: Plan, place: tuple[str, ...], value: Any) -> None:
    table: dict[str, Any] = plan
    for name in place[:-1]:
        inner = table.get(name, {})
        # An optimizer may be given by its learning rate only.
        table[name] = dict(inner) if isinstance(inner, dict) else {"lrate": inner}
        table = table[name]
    table[place[-1]] = list(value) if isinstance(value, tuple) else value


def _read(config: Path) -> dict[str, Any]:
    try:
        content = tomllib.loads(config.read_text(encoding="utf-8"))
    except OSError as error:
        raise TrainingOptionError(f"{config} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TrainingOptionError(f"{config} is not TOML: {error}") from None
    _check_names(config, "section", content, tuple(_KNOWN))
    for section, known in _KNOWN.items():
        table = content.get(section, {})
        if not isinstance(table, dict):
            raise TrainingOptionError(f"{config}: {section} should be a section: write [{section}]")
        _check_names(config, f"key of [{section}]", table, known)
    return content


def _check_names(config: Path, what: str, table: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for name in table:
        if name not in known:
            close = get_close_matches(name, known, 1)
            advice = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(known)}"
            raise TrainingOptionError(f"{config}: there is no {what} {name!r}; {advice}")


def _refuse_other(value: Any, key: str, chosen: Mapping[str, Any], where: str) -> None:
    if chosen.get(key, value) != value:
        message = f"model.{key} is {chosen[key]}, but the data have {value}; leave it out"
        raise TrainingOptionError(f"{where}{message}")


def _check(plan: Plan, where: str) -> None:
    rounds, classes, shape = plan["run"]["rounds"], plan["model"]["classes"], plan["model"]["shape"]
    if type(rounds) is not int or rounds < 1:
        raise TrainingOptionError(f"{where}rounds should be a whole number from 1, not {rounds!r}")
    if type(classes) is not int or classes < 2:
        raise TrainingOptionError(
            f"{where}classes should be a whole number from 2, not {classes!r}"
        )
    if not _is_shape(shape):
        raise TrainingOptionError(
            f"{where}shape should be a list of sizes, such as [28, 28], not {shape!r}"
        )


def _is_shape(shape: Any) -> bool:
    sizes = shape if isinstance(shape, list) else []
    return bool(sizes) and all(type(size) is int and size > 0 for size in sizes)


def _check_layers(layers: Any, where: str) -> None:
    if not isinstance(layers, list) or not layers:
        raise TrainingOptionError(
            f"{where}layers should be a list of tables such as {{type = 'ReLU'}}"
        )
    for layer in layers:
        if not isinstance(layer, dict) or not isinstance(layer.get("type"), str):
            raise TrainingOptionError(
                f"{where}a layer should be a table with a type, not {layer!r}"
            )


def _default_layers(model: Mapping[str, Any], where: str) -> list[dict[str, Any]]:
    shape, classes = model["shape"], model["classes"]
    if len(shape) > 2:
        message = (
            f"for inputs of shape {shape} there are no default layers; name them in a --config"
        )
        raise TrainingOptionError(f"{where}{message}")
    if len(shape) == 1:
        return [
            {"type": "Linear", "in_features": shape[0], "out_features": 64},
            {"type": "ReLU"},
            {"type": "Linear", "in_features": 64, "out_features": classes},
        ]
    return [
        {"type": "Unflatten", "dim": 1, "unflattened_size": [1, shape[0]]},
        {"type": "Conv2d", "in_channels": 1, "out_channels": 32, "kernel_size": 3},
        {"type": "ReLU"},
        {"type": "MaxPool2d", "kernel_size": 2},
        {"type": "Dropout", "p": 0.25},
        {"type": "Flatten"},
        {"type": "LazyLinear", "out_features": classes},
    ]
