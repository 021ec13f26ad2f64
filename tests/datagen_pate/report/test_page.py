"""The page of a set: what it says, what it does not tell, and that it is one whole file."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import replace

import numpy as np
import PIL.Image
import pytest

from datagen_pate.errors import PateError
from datagen_pate.privacy.accounting import spend_gnmax
from datagen_pate.report import Request, write_page, writing
from datagen_pate.report.document import write_page_text
from planted_html import PLANTED, parse

CRITERIA = {"average_confidence", "diversity_ratio", "min_nn_distance", "histogram_l1_distance"}


@pytest.fixture
def draw(tmp_path):
    def run(param_set, **request):
        told = write_page(param_set, tmp_path / "page.html", Request(**request))
        return told, (tmp_path / "page.html").read_text(encoding="utf-8")

    return run


def read_pictures(page):
    found = re.findall(r'<img src="data:image/png;base64,([^"]*)" alt="([^"]*)">', page)
    return {name: PIL.Image.open(io.BytesIO(base64.b64decode(data))) for data, name in found}


def test_a_page_is_one_file_that_needs_no_other(images, draw):
    _, page = draw(images)
    rest = re.sub(r'src="data:image/png;base64,[^"]*"', "", page)

    assert len(read_pictures(page)) == 5
    assert not re.search(r"<script|<link|<iframe|https?:|src=|href=\"[^#]|url\(", rest)


def test_the_same_set_is_the_same_page(images, draw):
    assert draw(images) == draw(images)


def test_a_page_says_that_epsilon_is_infinite(bare, draw):
    told, page = draw(bare)

    assert told["privacy"]["epsilon"] == "inf"
    assert "epsilon is infinite" in page


def test_a_page_shows_what_a_set_was_made_of(bare, draw):
    told, page = draw(bare)

    assert {"min_per_class", "max_per_class"} <= set(re.findall(r"<td>(\w+)</td>", page))
    assert bare.params["decoder"] in page
    assert told["inputs"] == {
        name: bare.params[name] for name in ("decoder", "prior", "teachers", "shards")
    }


def test_criteria_are_those_of_the_samples(images, draw):
    told, page = draw(images)
    distances = np.concatenate([images.samples[k]["nn_distance"] for k in range(2)])
    overall = told["success_criteria"]["overall"]["criteria"]

    assert overall["min_nn_distance"]["value"] == pytest.approx(distances.min())
    assert overall["min_nn_distance"]["result"] == "pass"
    assert overall["average_confidence"]["result"] == "fail"
    assert told["private_class_distribution"] == {str(k): 1 for k in range(10)}
    assert "2 of 2" in page


def test_measuring_again_gives_what_samples_tell_of_themselves(images, draw, shards):
    known, again = draw(images)[0], draw(images, shards=shards)[0]
    for one, other in zip(_values(known), _values(again), strict=True):
        assert one == pytest.approx(other, rel=1e-5)


def _values(told):
    samples = told["success_criteria"]["samples"].values()
    return [each["value"] for sample in samples for each in sample["criteria"].values()]


def test_without_shards_what_needs_them_is_not_checked(bare, draw):
    told, page = draw(bare)
    overall = told["success_criteria"]["overall"]

    assert (overall["passed"], overall["failed"], overall["not_checked"]) == (0, 1, 3)
    assert set(told["not_checked"]) == {
        "diversity_ratio", "min_nn_distance", "histogram_l1_distance"
    }  # fmt: skip
    assert "is missing; name it with --shards" in page
    assert "The distance of images is unknown." in page


def test_samples_tell_of_themselves_where_shards_are_gone(images, draw, monkeypatch):
    known, _ = draw(images)
    monkeypatch.setattr("datagen_pate.report.writing.find_private", lambda _: None)
    told, page = draw(images)

    assert _values(told) == _values(known)
    assert told["success_criteria"]["overall"]["not_checked"] == 2
    assert "class counts of private images are unknown" in page


def test_shards_may_be_named_later(bare, draw, shards):
    told, page = draw(bare, shards=shards)

    assert told["success_criteria"]["overall"]["not_checked"] == 0
    assert told["inputs"]["shards of this page"].startswith("sha256:")
    assert "Distribution of the distance" in page


def test_one_sample_may_be_drawn_alone(images, draw):
    told, page = draw(images, sample=1)

    assert list(told["success_criteria"]["samples"]) == ["1"]
    assert told["images"] == len(images.samples[1]["images"])
    assert [told["private_class_distribution"][str(k)] for k in range(10)] == 5 * [0] + 5 * [1]
    assert "teacher 1</title>" in page


def test_the_first_candidates_are_drawn_again(votes, draw):
    told, page = draw(votes)
    grid = np.asarray(read_pictures(page)["First candidates"])

    assert told["candidates"] == 64
    assert np.array_equal(grid[4:60:2, 4:60:2, 0], votes.samples[0]["images"][0])


def test_candidates_of_a_teacher_are_those_of_its_own_pool(bare, draw):
    first, second = (draw(bare, sample=k)[1] for k in range(2))

    assert read_pictures(first)["First candidates"] != read_pictures(second)["First candidates"]


def test_without_the_decoder_there_are_no_candidates(make, draw, cache):
    made = make(cache, "pate_images", 1)
    (cache / "inputs" / made.params["decoder"].removeprefix("sha256:")).unlink()
    told, page = draw(made)

    assert told["candidates"] == "the decoder is not in the cache"
    assert "Not drawn: the decoder is not in the cache." in page


def test_with_another_decoder_there_are_no_candidates(make, draw, cache, inputs):
    made = make(cache, "pate_votes", 1)
    kept = cache / "inputs" / made.params["decoder"].removeprefix("sha256:")
    kept.unlink()
    kept.write_bytes((inputs / "decoder.pth").read_bytes() + b"more")

    assert draw(made)[0]["candidates"].startswith("the decoder in the cache was changed")


def test_empty_selections_have_a_page(make, draw, cache, shards):
    made = make(cache, "pate_images", shards=str(shards), confidence=1.0, rare_class_threshold=1.0)
    told, page = draw(made)

    assert (told["images"], told["empty_samples"]) == (0, 2)
    assert told["success_criteria"]["overall"]["not_checked"] == 4
    assert "There are no images." in page


def test_votes_are_told_with_all_private_images(votes, draw, shards):
    told, page = draw(votes, shards=shards)

    assert list(told["private_class_distribution"].values()) == 10 * [1]
    assert told["success_criteria"]["overall"]["not_checked"] == 0
    assert "labels of all teachers together, without noise: epsilon is infinite" in page


def test_the_account_of_private_votes_is_that_of_all_samples(private, draw):
    told, page = draw(private, sample=0)
    expected = (spend_gnmax(40) * 40).epsilon(1e-5)

    assert told["privacy"]["epsilon"] == pytest.approx(expected, rel=1e-3)
    assert f"epsilon is {expected:.4g} at delta 1e-05" in page
    assert told["success_criteria"]["overall"]["not_checked"] == 4


def test_the_seed_of_a_private_set_is_not_told(private, votes, draw):
    told, page = draw(private)
    _, plain = draw(votes)

    assert str(votes.seed) not in page + str(told)
    assert str(votes.seed) in plain


def test_a_private_set_beside_private_images_warns(private, draw, shards):
    assert "account does not cover" in draw(private, shards=shards)[1]
    assert "account does not cover" not in draw(private)[1]


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"sample": 7}, "has no sample 7; it has 2, from 0 to 1"),
        ({"shards": "nowhere.npz"}, "nowhere.npz cannot be read"),
    ],
)
def test_what_is_not_there_is_one_line(bare, draw, tmp_path, request_, message):
    given = {name: tmp_path / v if name == "shards" else v for name, v in request_.items()}
    with pytest.raises(PateError, match=message) as error:
        draw(bare, **given)

    assert "\n" not in str(error.value)
    assert not (tmp_path / "page.html").exists()


def test_a_split_without_samples_is_refused(make, draw, cache):
    made = make(cache, "pate_images", 1)
    made.move(1, "train")

    with pytest.raises(PateError, match="choose another with --split"):
        draw(made)
    assert draw(made, split="train")[0]["samples"] == 1


def test_a_page_has_the_name_of_one(bare, tmp_path):
    with pytest.raises(PateError, match=r"ends in \.html"):
        write_page(bare, tmp_path / "page.pdf", Request())


def test_a_page_that_cannot_be_written_is_one_line(bare, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(PateError, match="cannot be written"):
        write_page(bare, tmp_path / "file" / "page.html", Request())


def test_the_command_draws_the_only_set(make, run_cli, cache, tmp_path):
    make(cache, "pate_images", 1)
    answer = run_cli("pate", "report", "-o", tmp_path / "p.html", "--json")

    assert answer.code == 0
    assert answer.json["samples"] == 1
    assert (tmp_path / "p.html").read_text().endswith("</html>\n")


def test_of_several_sets_one_has_to_be_chosen(votes, private, run_cli, shared, tmp_path):
    words = ["pate", "report", "pate_votes", "-o", tmp_path / "p.html", "--cache", shared]

    assert "choose one with -p" in run_cli(*words).err
    answer = run_cli(*words, "-p", "aggregation=gnmax")
    assert "the seed of a private set is a secret" in answer.err
    assert "success criteria: 0 passed, 0 failed, 4 not checked" in answer.out


def _plant(value):
    """Return values with the planted text behind each text that data can give."""
    if isinstance(value, str):
        return value + PLANTED
    if isinstance(value, dict):
        return {key + PLANTED * (key not in CRITERIA): _plant(each) for key, each in value.items()}
    return type(value)(map(_plant, value)) if type(value) in {list, tuple} else value


def test_whatever_a_set_is_called_stays_text(images, draw, monkeypatch):
    def write(contents):
        texts = ("title", "sample", "facts", "changed", "inputs", "not_checked")
        planted = {name: _plant(getattr(contents, name)) for name in texts}
        privacy = contents.privacy._replace(notes=_plant(contents.privacy.notes))
        return write_page_text(
            replace(contents, **planted, privacy=privacy, candidates=PLANTED)
        )  # fmt: skip

    monkeypatch.setattr(writing, "write_page_text", write)
    found = parse(draw(images)[1])

    assert " ".join(found.words).count("<script>alert(1)</script>") > 20
    assert found.attributes <= {"lang", "charset", "http-equiv", "content", "name", "class", "id",
                                "src", "alt", "href", "scope", "tabindex"}  # fmt: skip
