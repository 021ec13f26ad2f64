"""From a parameter set to its page."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from datagen_core import DatagenError
from datagen_core.files import hash_file, require
from datagen_pate.errors import ArgumentError
from datagen_pate.evaluation.classes import name_classes
from datagen_pate.files.writing import writing
from datagen_pate.pools.params import PoolParams
from datagen_pate.report.document import Contents, write_page_text
from datagen_pate.report.gathering import Findings, gather
from datagen_pate.report.privacy import Privacy, read_privacy
from datagen_pate.report.private_images import PrivateImages
from datagen_pate.report.provenance import (
    INPUTS,
    find_input,
    find_inputs_folder,
    find_private,
    read_params,
)

if TYPE_CHECKING:
    from datagen_core import ParamSet, Samples

_LIMITS = {"confidence": "confidence_threshold", "distance": "min_memorization_distance"}


@dataclass(frozen=True)
class Request:
    """What to draw of a parameter set.

    Attributes
    ----------
    split
        Whose samples.
    sample
        The index of the only sample to draw; None for all.
    shards
        `shards.npz` to compare with: every sample is measured again. None: measures are those in
        the samples, and class counts those of the shards that the set was made with.
    most
        The first samples to draw, at most; None for all.
    compares
        Whether to compare with the private images of the set, if the cache keeps them.
    draws
        Whether to draw candidates again, which needs torch.
    """

    split: str = "raw"
    sample: int | None = None
    shards: Path | None = None
    most: int | None = None
    compares: bool = True
    draws: bool = True


def write_page(param_set: ParamSet, output: Path, request: Request) -> dict[str, Any]:
    """Write one HTML file about a parameter set, and return its figures in plain JSON types.

    The page needs no other file, and appears whole or not at all. The same samples, inputs and
    versions of packages give the same bytes. One sample is in memory at a time.

    Parameters
    ----------
    param_set
        One of `pate_images` or `pate_votes`.
    output
        The file, `.html`.

    Raises
    ------
    PateError
        When a sample does not exist, the set or the shards are of another kind, or the page cannot
        be written.
    MissingPackageError
        When matplotlib is not installed.
    """
    if output.suffix.lower() not in {".html", ".htm"}:
        raise ArgumentError(f"{output} is not the name of a page; give one that ends in .html")
    require("matplotlib.figure", "plots")  # before anything is read
    contents = collect(param_set, request)
    text = write_page_text(contents).encode()
    with writing(output) as file:
        file.write(text)
    written = {"output": str(output), "page_sha256": hashlib.sha256(text).hexdigest()}
    return {**written, **_report(contents)}


def collect(param_set: ParamSet, request: Request) -> Contents:
    """Return what a page shows; one sample is in memory at a time.

    Raises
    ------
    PateError
        As `write_page`.
    """
    params = read_params(param_set)
    samples = param_set[request.split]
    places = _find_places(samples, request)
    is_images = param_set.generator == "pate_images"
    private = _find_private(param_set, samples, places[0], request)
    measured = request.shards is not None
    findings = gather(samples, places, private, measured=measured)
    overall = findings.judge()
    privacy = read_privacy(param_set, params, compares=private is not None)
    facts = _describe(param_set, request, findings, privacy)
    return Contents(
        title=f"{param_set}, {_name_part(request, is_images=is_images)}",
        sample="teacher" if is_images else "block",
        facts=facts,
        changed=_list_changed(param_set),
        inputs=_list_inputs(param_set, request),
        limits={name: param_set.params.get(option) for name, option in _LIMITS.items()},
        privacy=privacy,
        findings=findings,
        overall=overall,
        not_checked=say_why_not(overall, findings, has_shards=private is not None),
        candidates=(
            draw_candidates(param_set, params, findings.lines[0].index)
            if request.draws
            else "nobody has asked for them"
        ),
    )


def _name_part(request: Request, *, is_images: bool) -> str:
    if request.sample is None:
        return f"split {request.split}"
    return f"{'teacher' if is_images else 'block'} {request.sample}"


def _find_places(samples: Samples, request: Request) -> list[int]:
    """Return the places of the samples to draw.

    Raises
    ------
    PateError
        When there are no samples, or not the one that is asked for.
    """
    indices = samples.indices.tolist()
    where = samples.title
    if not indices:
        raise ArgumentError(f"{where} has no samples; choose another with --split")
    if request.sample is None:
        return list(range(len(indices)))[: request.most]
    if request.sample not in indices:
        raise ArgumentError(
            f"{where} has no sample {request.sample}; it has {len(indices)}, "
            f"from {min(indices)} to {max(indices)}"
        )
    return [indices.index(request.sample)]


def _find_private(
    param_set: ParamSet, samples: Samples, first: int, request: Request
) -> PrivateImages | None:
    """Return the private images of samples; None where their file is missing."""
    shards = request.shards or (find_private(param_set) if request.compares else None)
    if shards is None:
        return None
    if param_set.generator == "pate_images":
        return PrivateImages(shards)
    return PrivateImages(shards, json.loads(samples[first]["report"])["teachers"])


def _describe(
    param_set: ParamSet, request: Request, findings: Findings, privacy: Privacy
) -> dict[str, str]:
    """Return facts about the set. The seed of a private one is left out, since it is a secret."""
    record = param_set.record
    seed = "secret" if privacy.is_finite or param_set.has_secret else str(record.seed)
    return {
        "parameter set": param_set.public_digest or str(param_set),
        "generator": f"{record.generator}, version {record.version}",
        "seed": seed,
        "split": request.split,
        "samples": f"{len(findings.lines)} ({findings.empty} without images)",
        "images": str(findings.size),
    }


def _list_changed(param_set: ParamSet) -> dict[str, Any]:
    """Return the parameters that differ from their defaults, besides files."""
    changed = param_set.record.changed
    return {name: value for name, value in changed.items() if name not in INPUTS}


def _list_inputs(param_set: ParamSet, request: Request) -> dict[str, str | None]:
    params = param_set.params
    inputs = {name: params.get(name) for name in INPUTS if name in params}
    if request.shards is not None:
        inputs["shards of this page"] = f"sha256:{hash_file(request.shards)}"
    return inputs


def _report(contents: Contents) -> dict[str, Any]:
    findings, private = contents.findings, contents.findings.private_counts
    drawn = contents.candidates
    return {
        "parameter_set": contents.facts["parameter set"],
        "samples": len(findings.lines),
        "empty_samples": findings.empty,
        "images": findings.size,
        "steered": int(findings.steered.sum()),
        "class_distribution": name_classes(findings.counts),
        "private_class_distribution": None if private is None else name_classes(private),
        "privacy": {**contents.privacy.account, "notes": contents.privacy.notes},
        "success_criteria": {
            "overall": dict(contents.overall),
            "samples": {str(line.index): line.criteria for line in findings.lines},
        },
        "not_checked": dict(contents.not_checked),
        "candidates": drawn if isinstance(drawn, str) else len(drawn),
        "inputs": dict(contents.inputs),
    }


SHOWN = 64


def draw_candidates(param_set: ParamSet, params: PoolParams, index: int) -> NDArray[np.uint8] | str:
    """Return the first candidates of a sample's pool, uint8 `(n, 28, 28)`, or the reason why not.

    Parameters
    ----------
    index
        The sample's index. Where each teacher has a pool of its own, the pool is this teacher's.
    """
    if (missing := _find_missing(param_set, params)) is not None:
        return missing
    try:
        return _draw(params, param_set.seed, index)
    except DatagenError as error:
        # The page must not depend on where the cache is.
        return str(error).replace(f"{find_inputs_folder(param_set)}/", "inputs/")


def _find_missing(param_set: ParamSet, params: PoolParams) -> str | None:
    """Return what the cache lacks; None when it keeps decoder and prior as they were."""
    for name in ("decoder", "prior"):
        reference = param_set.params.get(name)
        if reference and find_input(param_set, name) is None:
            return f"the {name} is not in the cache"
        if getattr(params, name) != reference:
            return f"the {name} in the cache was changed since the set was made"
    return None


def _draw(params: PoolParams, seed: int, index: int) -> NDArray[np.uint8]:
    require("torch", "torch")
    from datagen_pate.classifier.devices import computing_on  # both import torch
    from datagen_pate.pools.labelling import Pool

    own = not getattr(params, "shared_pool", True)  # one block of votes is of one pool for all
    pool = Pool(params)
    with computing_on(pool.device, 0):
        _, _, images = next(iter(pool.blocks(seed, [0], owner=(index,) if own else ())))
    shown: NDArray[np.uint8] = images[:SHOWN]
    return shown


_NO_SHARDS = "the file of shards is missing; name it with --shards"
_PARTS = {
    "average_confidence": "samples hold no confidence, which would reveal private images",
    "diversity_ratio": "the shards lack the images of some teachers, or there are too few images",
    "min_nn_distance": "the distances of some images to private ones are unknown",
    "histogram_l1_distance": "the class counts of some shards are unknown",
}


def say_why_not(
    overall: Mapping[str, Any], findings: Findings, *, has_shards: bool
) -> dict[str, str]:
    """Return a reason for each criterion that was not checked over all, by its name.

    Parameters
    ----------
    has_shards
        Whether the file of shards is there.
    """
    names = [name for name, each in overall["criteria"].items() if each["result"] == "not_checked"]
    if not findings.size:
        return dict.fromkeys(names, "there are no images")
    lacking = {name for name in names if name != "average_confidence" and not has_shards}
    return {name: _NO_SHARDS if name in lacking else _PARTS[name] for name in names}
