"""The command `datagen pate train-student`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from datagen_core.commands import (
    cache_option,
    json_option,
    print_json,
    say,
    say_excluded,
    select_set,
    set_option,
    tell,
)
from datagen_pate.classifier.recipes import STUDENTS, choose_recipe
from datagen_pate.cli import device_option
from datagen_pate.errors import ArgumentError

if TYPE_CHECKING:
    from datagen_pate.labelled import Labelled

_EXAMPLES = """\b
Examples:
  datagen pate train-student --from pate_votes --repeats 3
  datagen pate train-student --from pate_images -p 2 --split train --output-dir students
  datagen pate train-student --samples combined_synthetic_samples.pt \\
      --labels combined_synthetic_labels.csv --recipe original --epochs 20
  datagen pate train-student --data synthetic.npz"""

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_CHANGES = {
    "epochs": "epochs",
    "batch_size": "batch_size",
    "learning_rate": "lr",
    "momentum": "momentum",
    "weight_decay": "weight_decay",
    "augment": "augment",
    "label_smoothing": "label_smoothing",
    "precision": "precision",
}


@click.command("train-student", epilog=_EXAMPLES)
@click.option("--samples", type=_FILE, help="The original's combined images, .pt; needs --labels.")
@click.option("--labels", type=_FILE, help="Their labels, .csv.")
@click.option("--data", type=_FILE, help="Synthetic images: .npz with x and y, or .csv.")
@click.option(
    "--from", "generator", metavar="NAME", help="pate_votes or pate_images, in the cache."
)
@set_option("With --from: number, key=value,… or digest.  [default: the only one]")
@click.option("--split", help="With --from: only these samples.  [default: all]")
@cache_option
@click.option(
    "-o",
    "--output-dir",
    default="student_models",
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
)
@click.option("--recipe", type=click.Choice(list(STUDENTS)), default="strong", show_default=True)
@click.option(
    "--epochs", type=click.IntRange(1), help="This option and those below change the recipe."
)
@click.option("--batch-size", type=click.IntRange(1))
@click.option("--learning-rate", type=float)
@click.option("--momentum", type=float)
@click.option("--weight-decay", type=float)
@click.option("--augment", type=click.Choice(["none", "light", "strong", "sharp"]))
@click.option("--label-smoothing", type=float)
@click.option("--precision", type=click.Choice(["float32", "bfloat16"]))
@click.option(
    "--train-split",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.8,
    show_default=True,
    help="Share of images to train on; the rest validates.",
)
@click.option("--seed", type=click.IntRange(0), default=42, show_default=True)
@click.option(
    "--repeats",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Number of students; each has the next seed.",
)
@click.option("--no-normalize", is_flag=True, help="The images are normalised already.")
@device_option
@click.option("--no-cuda", is_flag=True, help="Short for --device cpu.")
@json_option
def train_student(*, output_dir: Path, as_json: bool, **options: Any) -> None:  # fmt: skip
    """Train students on labelled synthetic images, and on nothing else.

    Validation, too, is on synthetic images and labels of teachers: it shows whether training works,
    not how well real digits are read, which `datagen pate evaluate-student` measures.
    """
    from datagen_pate.classifier.devices import choose_device  # help must not pay for torch
    from datagen_pate.student import train_students

    changes = {ours: options[name] for name, ours in _CHANGES.items()}
    changes["normalize"] = not options["no_normalize"]
    report = train_students(
        _load(options),
        choose_recipe(STUDENTS, options["recipe"], **changes),
        output_dir,
        seeds=range(options["seed"], options["seed"] + options["repeats"]),
        train_split=options["train_split"],
        device=choose_device("cpu" if options["no_cuda"] else options["device"]),
        progress=_show,
    )
    _tell(output_dir, report, as_json=as_json)


def _load(options: dict[str, Any]) -> Labelled:
    from datagen_pate import labelled

    has_pair = options["samples"] is not None or options["labels"] is not None
    given = [has_pair, options["data"] is not None, options["generator"] is not None]
    if sum(given) != 1 or (has_pair and None in (options["samples"], options["labels"])):
        raise ArgumentError("give one source of images: --samples with --labels, --data, or --from")
    if options["generator"] is None and (options["selector"] or options["split"] is not None):
        raise ArgumentError("-p and --split choose samples of a generator; name it with --from")
    if options["data"] is not None:
        return labelled.load_file(options["data"], normalized=options["no_normalize"])
    if has_pair:
        pair = (options["samples"], options["labels"])
        return labelled.load_combined(*pair, normalized=options["no_normalize"])
    param_set = select_set(options["generator"], options["selector"])
    say_excluded(param_set[options["split"]] if options["split"] else param_set.samples)
    return labelled.load_parameter_set(param_set, options["split"])


def _show(entry: dict[str, Any]) -> None:
    score = entry["synthetic_validation_accuracy"]
    validation = "" if score is None else f", synthetic validation {score:.2f} %"
    tell(f"epoch {entry['epoch']}: loss {entry['train_loss']:.4f}{validation}", prefix="")


def _tell(folder: Path, report: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(report)
        return
    for student in report["students"]:
        path = student["final_model"]["path"]
        say(f"{path}: seed {student['seed']}, {student['cpu_seconds']} CPU seconds")
    found = report["synthetic_validation_accuracy"]
    if found is not None:
        spread = "" if found["spread"] is None else f" (spread {found['spread']:.2f})"
        say(f"{folder}: synthetic validation accuracy {found['mean']:.2f} %{spread}")
