"""Parameters of the selection."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from datagen_core import Params
from datagen_pate.compat.config import Config
from datagen_pate.evaluation.classes import CLASSES


class SelectionParams(Params):
    """Which labelled candidates of one teacher are kept; the defaults are the original's config.

    Where README and code of the original disagree, the default follows its README, and
    `compat=original` its code:

    ===================  ==============================  =======================================
    what                 README, followed by default     code, followed by `compat=original`
    ===================  ==============================  =======================================
    min_per_class        least number of a class         without a shard the number kept (a cap)
    max_per_class        largest number of a class       no effect without a shard
    quota False          no bounds at all                the step without a shard is still done
    quota of a shard     two-sided bounds                only its upper bound has an effect
    steering             its class, its threshold        label unchecked, rare threshold for all
    diversity            rejected places are refilled    after the quota, so below the minimum
    target_samples       the classes stay in balance     the most confident of all classes
    ===================  ==============================  =======================================

    The README's batch command has `--min-nn-distance` 1.0 and `--min-diversity-distance` 0.0 where
    its config and its text say 2.0 and 3.0; the config is followed, so the diversity filter is on.
    """

    confidence_threshold: Annotated[float, Field(ge=0, le=1)] = 0.9
    """Least probability that the teacher gives the label."""

    rare_class_threshold: Annotated[float, Field(ge=0, le=1)] = 0.7
    """Least probability of labels in rare_classes."""

    rare_classes: tuple[Annotated[int, Field(ge=0, lt=CLASSES)], ...] = (1, 8)
    """Labels that need only rare_class_threshold. Rare ones depend on the decoder: see
    class_distribution in a report."""

    min_memorization_distance: Annotated[float, Field(ge=0)] = 2.0
    """Least distance to each image of the teacher's shard, over pixels in [0, 1]; 0 refuses
    nothing. It needs the shard."""

    min_per_class: Annotated[int, Field(ge=0)] = 150
    """Least number of a class; steering makes missing images."""

    max_per_class: int | None = 500
    """Largest number of a class; None for no limit, and memory then grows with the pool."""

    quota: bool = True
    """Whether numbers of a class have bounds: those above, and with a shard its class shares."""

    quota_flexibility_percent: Annotated[float, Field(ge=0, le=100)] = 10
    """How far numbers of a class may be from the shard's shares."""

    diversity_threshold: Annotated[float, Field(ge=0)] = 3.0
    """Least distance of two kept images, over pixels in [0, 1]; 0 for none."""

    target_samples: Annotated[int | None, Field(ge=1)] = None
    """The number of images to keep, classes in balance (with a shard, in its shares); None: all."""

    steering_enabled: bool = True
    """Whether latents are optimised towards classes below their minimum. It needs the decoder."""

    steering_starts: Annotated[int, Field(ge=1)] = 8
    """Random latents per image, of which the likeliest for its class takes the first step;
    compat=original takes one. With more, steering succeeds sooner."""

    steering_steps: Annotated[int, Field(ge=0)] = 20
    """Steps of Adam for each latent, at most."""

    steering_learning_rate: Annotated[float, Field(ge=0)] = 0.05
    """Learning rate of those steps."""

    steering_noise_scale: Annotated[float, Field(ge=0)] = 0.1
    """Standard deviation of the noise added to a latent after each step."""

    steering_rounds: Annotated[int, Field(ge=0)] = 3
    """How often steering tries to make missing images; compat=original tries once."""

    compat: Literal["original"] | None = None
    """`original` for the original's order of steps and its quirks, listed above."""

    def check(self) -> None:
        """Refuse bounds of a class that exclude each other."""
        super().check()
        if self.max_per_class is not None and self.max_per_class < self.min_per_class:
            raise ValueError(
                "max_per_class is at least min_per_class; they are "
                f"{self.max_per_class} and {self.min_per_class}"
            )


def read_selection(config: Config) -> dict[str, Any]:
    """Return what the original's configuration says about the selection, by our names."""
    given = config.filtering.resolve()
    if "default_confidence_threshold" in given:
        given["confidence_threshold"] = given.pop("default_confidence_threshold")
    steering = config.latent_steering.model_dump(exclude_none=True)
    names = ("enabled", "steps", "learning_rate", "noise_scale")
    return given | {f"steering_{name}": steering[name] for name in names if name in steering}
