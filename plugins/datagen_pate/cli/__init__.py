"""The commands `datagen pate …`, each imported when it is called."""

from __future__ import annotations

import click

from datagen_core.commands import LazyGroup

_COMMANDS = {
    "pretrain-decoder": (".pretrain_decoder:pretrain_decoder", "Train the public decoder, a VAE."),
    "train-teachers": (
        ".train_teachers:train_teachers",
        "Train teachers on shards of private images, or import them.",
    ),
    "candidates": (".candidates:candidates", "Draw a pool of candidate images from the decoder."),
    "combine": (".combine:combine", "Join the synthetic sets of all teachers."),
    "train-student": (".train_student:train_student", "Train a student on synthetic images."),
    "evaluate-student": (".evaluate_student:evaluate_student", "Measure a student on real images."),
    "evaluate": (
        ".evaluate:evaluate",
        "Measure a synthetic set: diversity, memorization, success criteria.",
    ),
    "report": (".report:report", "Draw one page of pictures and checks of a parameter set."),
}

device_option = click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda"]),
    default="auto",
    show_default=True,
    help="Where torch computes.",
)


@click.group(cls=LazyGroup, package=__name__, members=_COMMANDS)
def pate() -> None:
    """Synthetic images from public data, labelled by private teachers (PATE).

    Public images make a decoder, private shards make teachers; `datagen generate pate_images` and
    `datagen generate pate_votes` make labelled images from both, which train a student.
    """
