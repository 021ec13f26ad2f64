"""The original's way to one teacher's set, written plainly from a description of what it does.

`python -m benchmarks.pate_teacher_plain STEP FOLDER`, with decoder.pth, weights.npy and shards.npz
there; a step is `pool` or `select`, each a process of its own as in the original. A float pool in a
file; labels in batches of 128; Python loops over candidates; steering one at a time with gradients
of all weights; the diversity filter candidate by candidate; all distances at once.
"""

from __future__ import annotations

import csv
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from benchmarks.pate_selection import copy_plainly, filter_plainly, steer_plainly
from datagen_pate.classifier.files import load_classifier
from datagen_pate.classifier.network import Classifier, normalize
from datagen_pate.decoder.files import load_decoder

POOL, DRAWN, LABELLED = 20_000, 256, 128
MIXED, NOISE = 0.3, 0.1
CONFIDENCE, RARE_CONFIDENCE, RARE = 0.9, 0.7, (1, 8)
LEAST, MOST, FLEXIBILITY = 150, 500, 0.1
NEAREST, DIVERSITY = 2.0, 3.0


class PlainClassifier(Classifier):
    """The same network, with its layers in the original's order."""

    def forward(self, images: Tensor) -> Tensor:
        """Return log-probabilities."""
        hidden = functional.relu(self.conv2(functional.relu(self.conv1(images))))
        hidden = torch.flatten(self.dropout1(functional.max_pool2d(hidden, 2)), 1)
        hidden = self.dropout2(functional.relu(self.fc1(hidden)))
        return functional.log_softmax(self.fc2(hidden), dim=1)


def main(step: str, folder: Path) -> None:
    """Write the pool, or select from it."""
    torch.set_num_threads(1)
    torch.manual_seed(123)
    decoder = copy_plainly(load_decoder(folder / "decoder.pth"))
    if step == "pool":
        write_pool(decoder, folder / "pool.pt")
        return
    trained = load_classifier(np.load(folder / "weights.npy")[0])
    teacher = PlainClassifier()
    teacher.load_state_dict(trained.state_dict())
    arrays = np.load(folder / "shards.npz")
    shard = torch.from_numpy(arrays["images"])[:, None].float() / 255
    labels = torch.from_numpy(arrays["labels"])
    select(decoder, copy_plainly(teacher), shard, labels, folder)


def write_pool(decoder: Any, path: Path) -> None:
    """Draw the candidates into a file, as a program of its own does."""
    parts = []
    for start in range(0, POOL, DRAWN):
        z = torch.randn(min(DRAWN, POOL - start), decoder.latent_dim)
        if start:
            count = int(len(z) * MIXED)
            share = torch.rand(count, 1) * 0.4 + 0.6
            first, second = (torch.randn(count, decoder.latent_dim) for _ in range(2))
            z[:count] = share * first + (1 - share) * second
        z = z + NOISE * torch.randn_like(z)
        with torch.no_grad():
            parts.append(decoder(z).clamp(0, 1))
    torch.save(torch.cat(parts), path)
    path.with_suffix(".json").write_text(json.dumps({"pool_size": POOL, "hash": hash_file(path)}))


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def label(teacher: Any, images: Tensor) -> tuple[Tensor, Tensor]:
    """Return labels and confidences."""
    with torch.no_grad():
        parts = [torch.softmax(teacher(part), dim=1) for part in normalize(images).split(LABELLED)]
    confidence, labels = torch.cat(parts).max(dim=1)
    return labels, confidence


def is_far(images: Tensor, shard: Tensor) -> Tensor:
    """Return which images have no near one in the shard."""
    return torch.cdist(images.flatten(1), shard.flatten(1)).min(dim=1).values >= NEAREST


def select(decoder: Any, teacher: Any, shard: Tensor, classes: Tensor, folder: Path) -> None:
    """Choose from the pool in the original's order, and write the set with its report."""
    pool = torch.load(folder / "pool.pt", weights_only=True)
    labels, confidence = label(teacher, pool)
    sure = []
    for place in range(len(pool)):
        rare = labels[place].item() in RARE
        if confidence[place].item() >= (RARE_CONFIDENCE if rare else CONFIDENCE):
            sure.append(place)
    far = is_far(pool[sure], shard)
    held = [place for place, fine in zip(sure, far.tolist(), strict=True) if fine]
    chosen = take_quota(held, labels, confidence, torch.bincount(classes, minlength=10))
    found = (pool[chosen], labels[chosen], confidence[chosen])
    images, labels, confidence = add_steered(decoder, teacher, shard, found)
    order = torch.argsort(confidence, descending=True)
    kept = order[filter_plainly(images[order].flatten(1), DIVERSITY)]
    write_set(images[kept], labels[kept], confidence[kept], shard, folder)


def take_quota(held: list[int], labels: Tensor, confidence: Tensor, shares: Tensor) -> list[int]:
    """Return the most confident of each class, as many as the shard's shares ask for."""
    chosen = []
    for number in range(10):
        own = [place for place in held if labels[place].item() == number]
        own.sort(key=lambda place: confidence[place].item(), reverse=True)
        target = round((shares[number] / shares.sum()).item() * len(held))
        target = min(max(target, LEAST), MOST)
        chosen += own[: min(int(target * (1 + FLEXIBILITY)), MOST)]
    return chosen


def add_steered(
    decoder: Any, teacher: Any, shard: Tensor, found: tuple[Tensor, Tensor, Tensor]
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the set with what steering made of classes that are below their least number."""
    parts = [found]
    for number in range(10):
        missing = LEAST - int((found[1] == number).sum())
        if missing <= 0:
            continue
        latents = [steer_plainly(decoder, teacher, number) for _ in range(missing)]
        with torch.no_grad():
            images = torch.cat([decoder(latent) for latent in latents])
        labels, confidence = label(teacher, images)
        fine = (confidence >= RARE_CONFIDENCE) & is_far(images, shard)
        parts.append((images[fine], labels[fine], confidence[fine]))
        print(f"class {number}: {missing} steered, {int(fine.sum())} kept")
    images, labels, confidence = (torch.cat(part) for part in zip(*parts, strict=True))
    return images, labels, confidence


def average_distance(images: Tensor) -> float:
    """Return the mean distance of two images."""
    count = len(images)
    flat = images.flatten(1)
    return (torch.cdist(flat, flat).sum() / (count * (count - 1))).item()


def write_set(
    images: Tensor, labels: Tensor, confidence: Tensor, shard: Tensor, folder: Path
) -> None:
    """Write images, labels and report."""
    torch.save(images, folder / "synthetic_samples.pt")
    with (folder / "labels.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["index", "label", "confidence"])
        for place in range(len(labels)):
            writer.writerow([place, labels[place].item(), confidence[place].item()])
    report = {
        "num_selected": len(images),
        "class_distribution": torch.bincount(labels, minlength=10).tolist(),
        "average_confidence": confidence.mean().item(),
        "diversity_ratio": average_distance(images) / average_distance(shard),
        "samples_hash": hash_file(folder / "synthetic_samples.pt"),
    }
    (folder / "selection_report.json").write_text(json.dumps(report))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
