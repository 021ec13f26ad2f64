"""The command `datagen pate evaluate`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from datagen_core.commands import (
    cache_option,
    count_of,
    json_option,
    print_json,
    say,
    say_excluded,
    select_set,
    set_option,
)
from datagen_pate.errors import ArgumentError

_EXAMPLES = """\b
Examples:
  datagen pate evaluate --samples teachers/teacher_0/synthetic_samples.pt \\
      --shard teachers/teacher_0/shard.pt --out teachers/teacher_0/evaluation_report.json
  datagen pate evaluate --samples teachers/teacher_0/synthetic_samples.pt --teacher-id 0 \\
      --shard-indices shard_indices.json --mnist-data-dir MNIST --out report.json
  datagen pate evaluate -p 0
  datagen pate evaluate -p 0 --sample 3 --out teacher_3.json

\b
Success criteria: average confidence >= 0.9, diversity ratio >= 0.75, least distance to the shard
>= 1.0, histogram L1 < 0.2. Criteria that need the shard are not checked without it, and do not
count as passed."""

_FILE = click.Path(dir_okay=False, path_type=Path)
_INDICES = Path("wp3_d3.2_saferlearn/shard_indices.json")
_MNIST = Path("wp3_d3.2_saferlearn/src/input-data/MNIST")


@click.command(epilog=_EXAMPLES)
@click.option("--samples", type=_FILE, metavar="PT", help="Tensor (n, 1, 28, 28) of images.")
@click.option("--labels", type=_FILE, metavar="CSV",
              help="Their labels.  [default: labels.csv beside the samples]")  # fmt: skip
@click.option("--shard", type=_FILE, metavar="PT",
              help="Images of the shard; metadata.json beside it has its classes.")  # fmt: skip
@click.option("--shard-labels", type=_FILE, metavar="CSV", help="Labels of the shard.")
@click.option("--teacher-id", type=click.IntRange(0),
              help="The teacher whose shard to take from --shard-indices.")  # fmt: skip
@click.option("--shard-indices", type=_FILE, metavar="JSON",
              help=f"The images of MNIST in each shard.  [default: {_INDICES}]")  # fmt: skip
@click.option("--mnist-data-dir", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
              help=f"Folder of MNIST.  [default: {_MNIST}, else $DATAGEN_IMAGES]")  # fmt: skip
@set_option("Evaluate a parameter set of pate_images instead of files.")
@click.option("--sample", type=click.IntRange(0), help="With -p: only this sample.  [default: all]")
@click.option("--shards", type=_FILE, metavar="NPZ",
              help="With -p: the shards of all teachers.  [default: those of the set]")  # fmt: skip
@click.option("--out", type=_FILE, metavar="JSON", help="Where to write the report.")
@cache_option
@json_option
def evaluate(*, as_json: bool, out: Path | None, **options: Any) -> None:
    """Measure a synthetic set: diversity, likeness to its shard, memorization, success criteria."""
    if (options["samples"] is None) == (not options["selector"]):
        raise click.UsageError("choose files with --samples, or a parameter set with -p")
    from datagen_pate.files.writing import write_json  # help must not pay for numpy

    reports = _evaluate_files(options) if options["samples"] else _evaluate_set(options)
    is_one = options["samples"] is not None or options["sample"] is not None
    content = next(iter(reports.values())) if is_one else {"samples": reports}
    if out is not None:
        write_json(out, content)
    if as_json:
        print_json(content)
        return
    for name, report in reports.items():
        say(f"{name}: {_describe(report)}")


def _evaluate_files(options: dict[str, Any]) -> dict[str, Any]:
    from datagen_pate.compat.evaluation import SetFiles, evaluate_files  # imports numpy

    indices = options["shard_indices"] or (_INDICES if _INDICES.exists() else None)
    mnist = options["mnist_data_dir"] or (_MNIST if _MNIST.exists() else None)
    files = SetFiles(
        options["samples"],
        options["labels"],
        options["shard"],
        options["shard_labels"],
        options["teacher_id"],
        indices,
        mnist,
    )
    return {str(options["samples"]): evaluate_files(files)}


def _evaluate_set(options: dict[str, Any]) -> dict[str, Any]:
    from datagen_pate.compat.trees import check_synthetic  # imports numpy
    from datagen_pate.evaluation.shard_facts import find_shards

    param_set = check_synthetic(select_set("pate_images", options["selector"]))
    shards, sample = options["shards"] or find_shards(param_set), options["sample"]
    samples = param_set.samples
    say_excluded(samples)
    numbers = samples.indices.tolist()
    if sample is not None and sample not in numbers:
        raise ArgumentError(f"{param_set} has no sample {sample}; it has {len(numbers)}")
    chosen = [(place, k) for place, k in enumerate(numbers) if sample in {None, k}]
    digest = param_set.record.digest
    return {
        str(k): {
            **_evaluate_sample(samples[place], k, shards),
            "inputs": {"parameter_set": digest, "sample": k},
        }
        for place, k in chosen
    }


def _evaluate_sample(sample: Mapping[str, Any], k: int, shards: Path | None) -> dict[str, Any]:
    """Return the evaluation of teacher k."""
    from datagen_pate.evaluation import evaluate as measure  # imports numpy
    from datagen_pate.evaluation.shard_facts import describe_shard
    from datagen_pate.teachers import read_shard

    facts = describe_shard(None if shards is None else read_shard(shards, k))
    return measure(sample["images"], sample["labels"], sample["confidence"], facts)


def _describe(report: dict[str, Any]) -> str:
    criteria = report["success_criteria"]["criteria"]
    parts = [
        f"{name} {'unknown' if each['value'] is None else format(each['value'], '.3g')} "
        f"({each['required']}): {each['result'].replace('_', ' ')}"
        for name, each in criteria.items()
    ]
    return f"{count_of(report['metadata']['num_synthetic_samples'], 'image')}; {'; '.join(parts)}"
