"""The command `datagen pate train-teachers`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from datagen_core.commands import count_of, json_option, print_json, say, tell
from datagen_pate.classifier.recipes import TEACHERS, choose_recipe
from datagen_pate.cli import device_option
from datagen_pate.errors import ArgumentError

if TYPE_CHECKING:
    from datagen_pate.labelled import Labelled
    from datagen_pate.teachers import Progress

_EXAMPLES = """\b
Examples:
  datagen pate train-teachers --num-models 250 --njobs 8 -o trained_teachers
  datagen pate train-teachers --data private.npz --num-models 20 --evaluate others.npz
  datagen pate train-teachers --recipe original --epochs 20 --augment true
  datagen pate train-teachers --start-id 0 --end-id 10      # one of 25 jobs of an array
  datagen pate train-teachers --import trained_nets_gpu --data-dir MNIST -o imported
  datagen pate train-teachers --export tree -o trained_teachers"""

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FOLDER = click.Path(file_okay=False, path_type=Path)
_BASE = click.Path(exists=True, file_okay=False, path_type=Path)
_TRUTHS = {"true": "original", "false": "none"}


@click.command("train-teachers", epilog=_EXAMPLES)
@click.option(
    "-o",
    "--output-dir",
    default="trained_teachers",
    show_default=True,
    type=_FOLDER,
    help="The folder of the teachers; those in it already are not trained again.",
)
@click.option("--data", type=_FILE, help="Private images: .npz with x and y, or .csv.")
@click.option("--data-dir", type=_FOLDER, help="Folder of MNIST.  [default: $DATAGEN_IMAGES]")
@click.option("--num-models", type=click.IntRange(1), default=250, show_default=True)
@click.option("--recipe", type=click.Choice(list(TEACHERS)), default="strong", show_default=True)
@click.option(
    "--epochs", type=click.IntRange(1), help="This option and those below change the recipe."
)
@click.option("--batch-size", type=click.IntRange(1))
@click.option("--optimizer", type=click.Choice(["sgd", "adam"]))
@click.option("--lr", type=float)
@click.option("--momentum", type=float)
@click.option("--weight-decay", type=float)
@click.option("--lr-decay-epoch", type=click.IntRange(1))
@click.option("--lr-gamma", type=float)
@click.option(
    "--augment",
    type=click.Choice(["true", "false", "none", "original", "light", "strong", "sharp"]),
    help="Random deformations; true means original, false means none.",
)
@click.option("--precision", type=click.Choice(["float32", "bfloat16"]))
@click.option(
    "--seed", type=click.IntRange(0), default=42, show_default=True, help="Of shards and training."
)
@click.option(
    "--save-shards",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Also write the original's shard_indices.json.",
)
@click.option("--start-id", type=click.IntRange(0), help="The first teacher of this call.")
@click.option("--end-id", type=click.IntRange(1), help="The teacher after the last one.")
@click.option(
    "--njobs",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Processes, one thread each.",
)
@click.option(
    "--import",
    "source",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="Import the original's <id>/model.pth instead of training.",
)
@click.option("--shard-indices", type=_FILE, help="With --import: the images of each teacher.")
@click.option("--teacher-shard-base", type=_BASE, metavar="DIR",
              help="With --import: folder with teacher_<id>/shard.pt.")  # fmt: skip
@click.option("--shard-metadata-base", type=_BASE, metavar="DIR",
              help="With --import: folder with teacher_<id>/metadata.json.")  # fmt: skip
@click.option(
    "--export", "destination", type=_FOLDER, help="Write the original's files to this folder."
)
@click.option("--evaluate", type=_FILE, metavar="FILE", help="Report accuracies on these images.")
@device_option
@json_option
def train_teachers(*, output_dir: Path, as_json: bool, **options: Any) -> None:  # fmt: skip
    """Train teachers, each on its own shard of private images, or import the original's.

    MNIST is the private set unless --data names another. With --export or --evaluate, and without
    --data and --data-dir, a finished folder is used as it is. Only --evaluate looks at images that
    the teachers were not trained on; no choice depends on them.
    """
    report = _make(output_dir, options)
    if report is None:
        tell(f"{output_dir}: teachers of other jobs are still missing", prefix="")
        return
    if options["destination"] is not None:
        from datagen_pate.compat.teachers import export_teachers  # help must not pay for numpy

        written = export_teachers(output_dir, options["destination"])
        tell(f"{options['destination']}: {count_of(len(written), 'file')}", prefix="")
    assessed = _assess(output_dir, options)
    _tell(output_dir, {**report, **assessed}, as_json=as_json)


def _make(folder: Path, options: dict[str, Any]) -> dict[str, Any] | None:
    """Train or import what is missing; return the report, None while teachers are missing."""
    from datagen_pate.compat.teachers import import_teachers
    from datagen_pate.teachers import FILES, read_report

    is_used = options["destination"] is not None or options["evaluate"] is not None
    has_data = options["data"] is not None or options["data_dir"] is not None
    if options["source"] is not None:
        data = _load(options) if has_data else None
        return import_teachers(
            options["source"],
            folder,
            data=data,
            shard_indices=options["shard_indices"],
            shards=options["teacher_shard_base"],
            metadata=options["shard_metadata_base"],
        )
    if is_used and not has_data and (folder / FILES[2]).is_file():
        return read_report(folder)
    return _train(folder, options)


def _train(folder: Path, options: dict[str, Any]) -> dict[str, Any] | None:
    from datagen_pate import teachers
    from datagen_pate.classifier.devices import choose_device

    changes = {name: options[name] for name in _CHANGES}
    changes["augment"] = _TRUTHS.get(options["augment"], options["augment"])
    recipe = choose_recipe(TEACHERS, options["recipe"], **changes)
    plan = teachers.Plan(_load(options), options["num_models"], recipe, options["seed"])
    report = teachers.train_teachers(
        plan,
        folder,
        ids=_choose_ids(options),
        njobs=options["njobs"],
        device=choose_device(options["device"]),
        progress=_show,
    )
    if options["save_shards"] is not None:
        teachers.write_shard_indices(plan.divide(), options["save_shards"])
    return report


_CHANGES = (
    "epochs",
    "batch_size",
    "optimizer",
    "lr",
    "momentum",
    "weight_decay",
    "lr_decay_epoch",
    "lr_gamma",
    "precision",
)


def _load(options: dict[str, Any]) -> Labelled:
    from datagen_pate.labelled import load_real

    if options["data"] is not None and options["data_dir"] is not None:
        raise ArgumentError("--data and --data-dir both name the private images; give one of them")
    return load_real(options["data"], "mnist", options["data_dir"], "train")


def _choose_ids(options: dict[str, Any]) -> range:
    end = options["num_models"] if options["end_id"] is None else options["end_id"]
    return range(options["start_id"] or 0, end)


def _show(progress: Progress) -> None:
    tell(f"teacher {progress.teacher}: {progress.done} of {progress.total}", prefix="")


def _assess(folder: Path, options: dict[str, Any]) -> dict[str, Any]:
    if options["evaluate"] is None:
        return {}
    from datagen_pate.classifier.devices import choose_device
    from datagen_pate.labelled import load_file
    from datagen_pate.teachers import FILES, assess_teachers

    device = choose_device(options["device"])
    return {
        "evaluation": assess_teachers(folder / FILES[0], load_file(options["evaluate"]), device)
    }


def _tell(folder: Path, report: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(report)
        return
    say(
        f"{folder}: {count_of(len(report['teachers']), 'teacher')}, {report['weights_sha256'][:12]}"
    )
    found = report.get("evaluation")
    if found:
        say(
            f"accuracy on {found['data']['origin']}: mean {found['mean_accuracy']:.2f} % "
            f"({found['min_accuracy']:.2f} to {found['max_accuracy']:.2f}), "
            f"plurality {found['plurality_accuracy']:.2f} %"
        )
