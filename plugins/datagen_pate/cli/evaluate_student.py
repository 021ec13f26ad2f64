"""The command `datagen pate evaluate-student`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from datagen_core.commands import json_option, print_json, say
from datagen_pate.cli import device_option
from datagen_pate.errors import ArgumentError

_EXAMPLES = """\b
Examples:
  datagen pate evaluate-student --model student_models/student_model_final.pth
  datagen pate evaluate-student --model a.pth --model b.pth --data digits.npz --json
  datagen pate evaluate-student --model a.pth --mnist-dir MNIST --output report.json"""

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("evaluate-student", epilog=_EXAMPLES)
@click.option(
    "--model",
    "models",
    type=_FILE,
    multiple=True,
    required=True,
    help="The student's .pth; several also give mean and spread.",
)
@click.option(
    "--mnist-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the image data set.  [default: $DATAGEN_IMAGES]",
)
@click.option("--data", type=_FILE, help="Other real digits: .npz with x and y, or .csv.")
@click.option(
    "--source",
    type=click.Choice(["mnist", "emnist", "fashion_mnist", "kmnist"]),
    default="mnist",
    show_default=True,
    help="The image data set.",
)
@click.option("--part", type=click.Choice(["test", "train"]), default="test", show_default=True)
@click.option("--batch-size", type=click.IntRange(1), default=128, show_default=True)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the report to this file, as JSON.",
)
@device_option
@click.option("--no-cuda", is_flag=True, help="Short for --device cpu.")
@json_option
def evaluate_student(*, models: tuple[Path, ...], **options: Any) -> None:  # fmt: skip
    """Report how well students read real digits: MNIST's test images, or others."""
    from datagen_pate.classifier.devices import choose_device  # help must not pay for torch
    from datagen_pate.files.writing import write_json
    from datagen_pate.labelled import load_real
    from datagen_pate.student import evaluate_students

    if options["data"] is not None and options["mnist_dir"] is not None:
        raise ArgumentError("--data and --mnist-dir both name the images; give one of them")
    data = load_real(options["data"], options["source"], options["mnist_dir"], options["part"])
    device = choose_device("cpu" if options["no_cuda"] else options["device"])
    report = evaluate_students(models, data, batch=options["batch_size"], device=device)
    if options["output"] is not None:
        write_json(options["output"], report)
    if options["as_json"]:
        print_json(report)
    else:
        _show(report)


def _show(report: dict[str, Any]) -> None:
    for one in report.get("models", [report]):
        say(
            f"{one['model_path']}: {one['overall_accuracy']:.2f} % of {one['total_samples']}, "
            f"loss {one['average_loss']:.4f}"
        )
        shares = [v for v in one["per_class_accuracy"].items() if v[1] is not None]
        say("  " + "  ".join(f"{digit}: {share:.1f} %" for digit, share in shares))
    if "models" in report:
        found = report["overall_accuracy"]
        say(f"mean {found['mean']:.2f} %, spread {found['spread']:.2f}")
