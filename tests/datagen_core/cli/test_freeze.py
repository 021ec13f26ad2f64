"""`datagen freeze`, `datagen verify --against`, and what other commands say of frozen splits."""

from __future__ import annotations

import pytest


@pytest.fixture
def frozen(made):
    """Return a set whose split train was frozen with 10 samples."""
    made.move(10, "train")
    made["train"].freeze("table 2\nof \x1b[31mthe paper")
    return made


def test_a_digest_is_printed_and_kept(run_cli, made):
    made.move(10, "train")
    answer = run_cli("freeze", "sine", "train", "-p", 0, "--note", "table 2")

    assert (answer.code, answer.err) == (0, "")
    assert answer.out == f"froze sine 0 train, 10 samples\n{made['train'].digest}\n"
    assert made.frozen[0].note == "table 2"


def test_scripts_get_json(run_cli, made):
    made.move(10, "train")
    answer = run_cli("freeze", "sine", "train", "--json").json
    (kept,) = made.frozen

    assert answer == {
        "set": 0, "split": "train", "samples": [[0, 10]], "count": 10, "digest": kept.digest,
        "content": kept.content, "excluded": 0, "by": kept.by, "created": kept.created, "note": "",
    }  # fmt: skip


def test_a_second_time_says_that_it_is_the_same(run_cli, frozen):
    answer = run_cli("freeze", "sine", "train", "--note", "other")
    (kept,) = frozen.frozen

    assert answer.out.splitlines()[0].startswith(f"frozen since {kept.created} by {kept.by}")
    assert "its note stays 'table 2" in answer.err
    assert run_cli("freeze", "sine", "train").err == ""


def test_what_is_left_out_is_said(run_cli, frozen):
    frozen.exclude([3], "bad")

    assert "1 excluded sample is left out" in run_cli("freeze", "sine", "train").err
    assert len(frozen.frozen) == 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("sine", "raw"), "cannot be frozen, since samples leave it"),
        (("sine", "test"), "sine 0 has no split 'test'; it has raw"),
        (("cosine", "train"), "there is no data set 'cosine'"),
        (("sine",), "Missing argument 'SPLIT'"),
    ],
)
def test_what_is_refused_is_one_line(run_cli, made, words, message):
    answer = run_cli("freeze", *words)

    assert (answer.code, answer.err.count("\n")) == (2, 1)
    assert message in answer.err
    assert not made.frozen


def test_show_lists_what_was_frozen(run_cli, frozen):
    frozen.exclude([3, 20], "bad")
    (row,) = run_cli("show", "sine", "-p", 0, "--json").json["frozen"]
    lines = run_cli("show", "sine", "-p", 0).out.splitlines()

    assert (row["count"], row["excluded"]) == (10, 1)
    (line,) = [line for line in lines if row["digest"] in line]
    assert line.split()[:4] == ["train", "10", row["digest"], "1"]
    assert line.endswith("table 2 of [31mthe paper")


@pytest.mark.parametrize("digits", [12, 64])
def test_a_digest_is_compared_with(run_cli, frozen, digits):
    digest = frozen.frozen[0].digest[:digits].upper()
    answer = run_cli("verify", "--against", digest)
    frozen.move(5, "train")

    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith("sine 0 train: 10 samples are those frozen as ")
    assert "it has grown by 5 since" in run_cli("verify", "sine", "--against", digest).out


def test_scripts_get_comparisons(run_cli, frozen):
    (record,) = frozen.frozen
    answer = run_cli("verify", "--against", record.digest, "--json")

    assert answer.json == [
        {"generator": "sine", "set": 0, "split": "train", "samples": 10,
         "digest": record.digest, "problems": [],
         "frozen": {"by": record.by, "created": record.created, "note": record.note}, "grown": 0}
    ]  # fmt: skip


def test_a_difference_fails_verification(run_cli, frozen):
    frozen.exclude([3, 4], "bad")
    answer = run_cli("verify", "--against", frozen.frozen[0].digest)

    assert (answer.code, answer.out, answer.err.count("\n")) == (5, "", 1)
    assert answer.err.endswith("2 of its 10 samples (3-4) were excluded since\n")


def test_a_digest_of_another_cache_is_looked_for(run_cli, made):
    made.move(10, "train")
    digest = made["train"].digest
    answer = run_cli("verify", "sine", "-p", 0, "--against", digest)

    assert answer.out == f"sine 0 train: 10 samples have the digest {digest}\n"
    made.exclude([3], "bad")
    answer = run_cli("verify", "--against", digest)
    assert (answer.code, answer.err.count("\n")) == (5, 1)
    assert "sine 0 train: 1 of its 10 samples (3) was excluded since" in answer.err


def test_a_digest_that_nothing_has_fails(run_cli, made):
    answer = run_cli("verify", "--against", "0" * 64)

    assert (answer.code, answer.out, answer.err.count("\n")) == (5, "", 1)
    assert "no split of 1 parameter set has the digest 0000" in answer.err
    (found,) = run_cli("verify", "--against", "0" * 64, "--json").json
    assert (found["split"], found["digest"]) == ("raw", made["raw"].digest)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--against", "12345678901"), "'12345678901' is not a digest"),
        (("--against", "g" * 64), "is not a digest"),
        (("--against", "0" * 65), "is not a digest"),
        (
            ("--against", "0" * 12, "--resample", 3),
            "--resample, --probe and --against are different checks",
        ),
    ],
)
def test_wrong_usage_is_one_line(run_cli, made, words, message):
    answer = run_cli("verify", *words)

    assert (answer.code, answer.err.count("\n")) == (2, 1)
    assert message in answer.err


def test_exclude_says_which_frozen_splits_change(run_cli, frozen):
    (record,) = frozen.frozen
    words = ("--reason", "bad", "--json")
    answer = run_cli("exclude", "sine", "--indices", "3-4,20", *words)

    assert answer.code == 0
    assert answer.err == (
        f"train of sine 0, frozen as {record.digest[:12]} by {record.by}, will lose 2 of its "
        "10 samples, which changes its digest\n"
    )
    assert run_cli("exclude", "sine", "--indices", 21, *words).err == ""
    assert "frozen" not in run_cli("exclude", "sine", "--indices", 3, *words).err


def test_rm_asks_with_what_is_frozen(run_cli, frozen, type_in):
    type_in("n\n")
    answer = run_cli("rm", "sine")

    assert f"train 10; frozen: train as {frozen.frozen[0].digest[:12]}) for good?" in answer.err


def test_a_damaged_record_is_found(run_cli, frozen):
    (path,) = frozen.paths.frozen.iterdir()
    path.write_text(path.read_text().replace("table", "chair"))
    answer = run_cli("verify")

    assert answer.code == 5
    assert f"{path} is damaged" in answer.err
    answer = run_cli("exclude", "sine", "--indices", 3, "--reason", "bad")
    assert (answer.code, len(frozen.excluded)) == (0, 1)
    assert f"{path} is damaged" in answer.err
