"""The original's folders of teachers, written and read."""

import json
import shutil

import numpy as np
import pytest
import torch

from datagen_pate.compat.teachers import export_teachers, import_teachers
from datagen_pate.errors import PateError
from datagen_pate.teachers import (
    Plan,
    read_report,
    read_shard,
    read_teacher,
    train_teachers,
)
from pate_digits import QUICK, label_digits

DATA = label_digits(41)


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ours")
    train_teachers(Plan(DATA, 2, QUICK), folder)
    return folder


@pytest.fixture(scope="module")
def tree(ours, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tree")
    export_teachers(ours, folder)
    return folder


def test_tree_is_that_of_the_original(ours, tree):
    shard = torch.load(tree / "teachers" / "teacher_1" / "shard.pt", weights_only=True)
    metadata = json.loads((tree / "teachers" / "teacher_1" / "metadata.json").read_text())
    indices = json.loads((tree / "shard_indices.json").read_text())

    known = read_shard(ours / "shards.npz", 1)
    assert (shard.dtype, tuple(shard.shape)) == (torch.float32, (21, 1, 28, 28))
    assert (np.rint(shard.numpy()[:, 0] * 255) == known.images).all()
    assert list(metadata) == ["teacher_id", "shard_size", "class_distribution", "shard_path"]
    assert metadata["class_distribution"] == {
        str(c): int(n) for c, n in enumerate(known.class_counts)
    }
    assert indices["1"] == known.indices.tolist()


def test_import_of_models_alone_knows_no_shard(ours, tree, tmp_path):
    import_teachers(tree / "trained_nets_gpu", tmp_path / "new", shards=tmp_path)

    shard = read_shard(tmp_path / "new" / "shards.npz", 1)
    assert not shard.is_known
    assert shard.class_counts is None
    report = read_report(tmp_path / "new")
    assert report["weights_sha256"] == read_report(ours)["weights_sha256"]
    assert report["teachers"][0]["shard_size"] is None


def test_import_takes_shards_beside_the_models(ours, tree, tmp_path):
    import_teachers(tree, tmp_path / "new")

    shard, known = (read_shard(folder / "shards.npz", 1) for folder in (tmp_path / "new", ours))
    assert (shard.images == known.images).all()
    assert (shard.class_counts == known.class_counts).all()
    assert set(shard.labels) == set(shard.indices) == {-1}


def test_import_with_private_data_knows_all(ours, tree, tmp_path):
    report = import_teachers(tree, tmp_path / "new", data=DATA)

    assert report["shards_sha256"] == read_report(ours)["shards_sha256"]
    assert report["data"]["sha256"] == DATA.sha256
    teacher = read_teacher(tmp_path / "new" / "weights.npy", 1)
    known = read_teacher(ours / "weights.npy", 1)
    assert torch.equal(teacher.fc1.weight, known.fc1.weight)


def test_shard_in_bytes_of_the_original_is_scaled(ours, tree, tmp_path):
    where = tmp_path / "teacher_0"
    where.mkdir()
    images = read_shard(ours / "shards.npz", 0).images
    torch.save(torch.from_numpy(images[:, None]).float(), where / "shard.pt")

    import_teachers(tree / "trained_nets_gpu", tmp_path / "new", shards=tmp_path)

    assert (read_shard(tmp_path / "new" / "shards.npz", 0).images == images).all()
    assert not read_shard(tmp_path / "new" / "shards.npz", 1).is_known


def test_imported_teachers_are_neither_replaced_nor_trained_on(tree, tmp_path):
    import_teachers(tree, tmp_path / "new")

    with pytest.raises(PateError, match="holds teachers"):
        import_teachers(tree, tmp_path / "new")
    with pytest.raises(PateError, match="imported"):
        train_teachers(Plan(DATA, 2, QUICK), tmp_path / "new")


def test_tree_without_a_teacher_is_refused(tmp_path):
    with pytest.raises(PateError, match=r"no <id>/model\.pth"):
        import_teachers(tmp_path, tmp_path / "new")


def test_gap_among_the_teachers_is_told(tmp_path):
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "model.pth").touch()

    with pytest.raises(PateError, match=r"has no 0/model\.pth"):
        import_teachers(tmp_path, tmp_path / "new")


def test_model_of_another_network_is_refused(tmp_path):
    (tmp_path / "0").mkdir()
    torch.save({"weight": torch.zeros(1)}, tmp_path / "0" / "model.pth")

    with pytest.raises(PateError, match="another network"):
        import_teachers(tmp_path, tmp_path / "new")
    assert not (tmp_path / "new" / "teachers.json").exists()


def test_data_without_indices_is_refused(tree, tmp_path):
    alone = tmp_path / "nets"
    (tree / "trained_nets_gpu").rename(alone)
    try:
        with pytest.raises(PateError, match=r"shard_indices\.json"):
            import_teachers(alone, tmp_path / "new", data=DATA)
    finally:
        alone.rename(tree / "trained_nets_gpu")


@pytest.mark.parametrize("text", ["{", "[]", '{"class_distribution": {"0": "x"}}',
                                  '{"class_distribution": {"0": -1}}'])  # fmt: skip
def test_other_metadata_is_refused(tree, tmp_path, text):
    (tmp_path / "teacher_0").mkdir()
    (tmp_path / "teacher_0" / "metadata.json").write_text(text)

    with pytest.raises(PateError, match=r"metadata\.json"):
        import_teachers(tree / "trained_nets_gpu", tmp_path / "new", shards=tmp_path)


@pytest.mark.parametrize(
    "named", [".", "wp3_d3.2_saferlearn", "wp3_d3.2_saferlearn/trained_nets_gpu"]
)
def test_the_originals_own_folder_is_known(tree, tmp_path, named):
    inner = tmp_path / "wp3_d3.2_saferlearn"
    shutil.copytree(tree / "trained_nets_gpu", inner / "trained_nets_gpu")
    shutil.copytree(tree / "teachers", tmp_path / "teachers")

    import_teachers(tmp_path / named, tmp_path / "new")

    assert read_shard(tmp_path / "new" / "shards.npz", 1).is_known


def test_shards_and_metadata_may_lie_elsewhere(tree, tmp_path):
    shutil.copytree(tree / "trained_nets_gpu", tmp_path / "nets")
    shutil.copytree(tree / "teachers", tmp_path / "private")
    options = {"shards": tmp_path / "private", "metadata": tmp_path}

    import_teachers(tmp_path / "nets", tmp_path / "new", **options)

    shard = read_shard(tmp_path / "new" / "shards.npz", 1)
    assert shard.is_known
    assert shard.class_counts is None


def test_teachers_in_folders_of_their_sets_are_imported(tree, tmp_path):
    for k in range(2):
        shutil.copytree(tree / "teachers" / f"teacher_{k}", tmp_path / "teachers" / f"teacher_{k}")
        shutil.copy(
            tree / "trained_nets_gpu" / str(k) / "model.pth", tmp_path / "teachers" / f"teacher_{k}"
        )

    import_teachers(tmp_path / "teachers", tmp_path / "new")

    assert read_shard(tmp_path / "new" / "shards.npz", 1).is_known


def test_models_of_another_network_leave_nothing_behind(tree, tmp_path):
    shutil.copytree(tree / "trained_nets_gpu", tmp_path / "nets")
    torch.save({"fc.weight": torch.zeros(1)}, tmp_path / "nets" / "1" / "model.pth")
    with pytest.raises(PateError, match="of another network"):
        import_teachers(tmp_path / "nets", tmp_path / "new")

    assert not (tmp_path / "new").exists()
