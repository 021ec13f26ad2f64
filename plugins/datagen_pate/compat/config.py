"""The JSON configuration of the original pipeline, accepted as it is.

Its two forms, `config/synthetic_generation.json` and `config_example.json`, name some settings
differently; both names are read. A key that the file leaves out is None, so that a command knows
what was given: an option on the command line goes first, then the file, then the default.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from datagen_core import Params
from datagen_pate.errors import ArgumentError


class DecoderSection(Params):
    """Section `decoder`: how the public decoder is trained."""

    latent_dim: int | None = None
    pretrain_epochs: int | None = None
    batch_size: int | None = None
    learning_rate: float | None = None
    weight_decay: float | None = None
    kl_annealing_epochs: int | None = None


class GenerationSection(Params):
    """Section `generation`: how candidates are drawn."""

    pool_size: int | None = None
    latent_dim: int | None = None
    latent_mixing_ratio: float | None = None
    latent_noise_scale: float | None = None
    generate_until_target_per_class: bool | None = None
    """Not used, as in the original."""


class FilteringSection(Params):
    """Section `filtering`: which labelled candidates are kept."""

    min_per_class: int | None = None
    max_per_class: int | None = None
    default_confidence_threshold: float | None = None
    confidence_threshold: float | None = None
    """Another name of default_confidence_threshold."""
    rare_class_threshold: float | None = None
    rare_classes: tuple[int, ...] | None = None
    diversity_threshold: float | None = None
    min_diversity_distance: float | None = None
    """Another name of diversity_threshold."""
    min_memorization_distance: float | None = None
    min_nn_distance: float | None = None
    """Another name of min_memorization_distance."""
    quota_flexibility_percent: float | None = None

    def check(self) -> None:
        """Refuse two values under two names of one setting."""
        super().check()
        for name, other in _ALIASES:
            values = {getattr(self, name), getattr(self, other)} - {None}
            if len(values) > 1:
                raise ValueError(f"{name} and {other} are the same setting; give one value")

    def resolve(self) -> dict[str, Any]:
        """Return the given values, each under the first of its two names; a null limit is kept."""
        given = self.model_dump(exclude_none=True)
        if "max_per_class" in self.model_fields_set:
            given["max_per_class"] = self.max_per_class
        for name, other in _ALIASES:
            if other in given:
                given.setdefault(name, given.pop(other))
                given.pop(other, None)
        return given


_ALIASES = (
    ("default_confidence_threshold", "confidence_threshold"),
    ("diversity_threshold", "min_diversity_distance"),
    ("min_memorization_distance", "min_nn_distance"),
)


class SteeringSection(Params):
    """Section `latent_steering`: how latents are moved towards rare classes."""

    enabled: bool | None = None
    steps: int | None = None
    learning_rate: float | None = None
    noise_scale: float | None = None
    latent_dim: int | None = None
    use_for_classes_below_quota: bool | None = None
    """Not used, as in the original."""


class PreprocessingSection(Params):
    """Section `preprocessing`: how teachers see images; their weights fix it."""

    normalize_mean: tuple[float, ...] | None = None
    normalize_std: tuple[float, ...] | None = None


class EvaluationSection(Params):
    """Section `evaluation`: what a synthetic set must reach."""

    diversity_ratio_target: float | None = None
    min_nn_distance_target: float | None = None
    histogram_l1_target: float | None = None
    confidence_target: float | None = None


class Config(Params):
    """A whole configuration; sections that the file leaves out have no values."""

    decoder: DecoderSection = DecoderSection()
    generation: GenerationSection = GenerationSection()
    filtering: FilteringSection = FilteringSection()
    latent_steering: SteeringSection = SteeringSection()
    preprocessing: PreprocessingSection = PreprocessingSection()
    evaluation: EvaluationSection = EvaluationSection()

    def given(self) -> dict[str, dict[str, Any]]:
        """Return the sections with the values that were given, as plain JSON types."""
        sections: dict[str, dict[str, Any]] = self.model_dump(mode="json", exclude_unset=True)
        return {name: values for name, values in sections.items() if values}


def read_config(path: Path) -> Config:
    """Return the configuration in a JSON file.

    Raises
    ------
    ArgumentError
        When it cannot be read, is not a JSON object, or a section is not one.
    ParamsError
        For the first unknown section or key, with the nearest name, or wrong value.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ArgumentError(
            f"{path} cannot be read ({error.strerror}); name a JSON file"
        ) from error
    except ValueError as error:
        raise ArgumentError(f"{path} is not JSON: {error}; correct it there") from error
    if not isinstance(content, dict):
        raise ArgumentError(f"{path} is not a JSON object; write {{'filtering': {{…}}}}")
    for name in Config.model_fields.keys() & content.keys():
        where = f"{path}: section {name!r}"
        if not isinstance(content[name], dict):
            raise ArgumentError(f"{where} is not an object; write it as {{'key': value}}")
        type(getattr(Config(), name)).bind(content[name], where)
    return Config.bind(content, str(path))
