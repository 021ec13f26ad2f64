"""Cards of parameter sets: what they say, and what they keep to themselves."""

from __future__ import annotations

import re

import numpy as np
import pytest

import datagen_core
from datagen_core import Cache, SelectionError, generate
from datagen_core.cards import Paragraph, Section, card
from datagen_core.cards.card import make_card
from generators_for_tests import images, sine, walks
from planted_html import PLANTED, parse


@pytest.fixture
def made(cache):
    generate(sine, 10, {"left": -3}, executor="inline", cache=cache)
    made = generate(sine, 40, {"left": 0}, seed=7, executor="inline", cache=cache)
    made.move(30, "train")
    return made


def words_of(page):
    found = parse(page, {"svg"})
    assert found.elements >= {"title", "style", "section", "pre"}
    return " ".join(" ".join(found.words).split())


def test_a_card_says_what_a_set_is_and_what_is_in_it(made):
    made.exclude([3], "the solver diverged")
    made["train"].freeze("a paper")
    x, _ = made.samples.get()

    page = make_card(made).page
    words = words_of(page)

    assert "Draw pairs from a noisy sine wave." in words
    assert "left 0 -1 changed, differs among sets" in words
    assert "noise 0.1 0.1 float" in words
    assert "raw 10 train 29" in words
    assert f"{x.min():.4g} to {x.max():.4g}, mean {x.mean():.4g}" in words
    assert "Ranges and charts are of all 39 samples" in words
    assert "the solver diverged" in words
    assert made.frozen[0].digest in words
    assert "seed 7" in words


def test_what_it_says_of_reading_works(made):
    page = make_card(made).page
    code = re.search(r"<pre[^>]*><code>(from datagen_core.*?)</code>", page, re.DOTALL)[1]
    lines = code.replace("&#x27;", "'").splitlines()
    found = {}

    exec("\n".join(line for line in lines if "torch" not in line), found)

    assert np.array_equal(found["X"], made["train"].get()[0])


def test_provenance_is_told_by_run(made, cache):
    made = generate(sine, 10, {"left": 0}, seed=7, executor="inline", cache=cache)

    words = words_of(make_card(made).page)

    assert "0-39" in words
    assert "40-49" in words
    assert "inline" in words
    assert f"numpy {np.__version__}" in words


class Odd(datagen_core.Params):
    """A parameter that is any text."""

    label: str = ""


def test_whatever_a_set_holds_stays_text(cache, tmp_path):
    @datagen_core.generator(5, Odd)
    def odd(size, start):
        return {"text": np.array([PLANTED] * size, object), "x": np.zeros((size, 2))}

    odd.function.__doc__ = PLANTED
    odd = generate(odd, 12, {"label": PLANTED}, executor="inline", cache=tmp_path / PLANTED[:8])
    odd.exclude([3], PLANTED)

    words = words_of(make_card(odd).page)

    assert words.count(" ".join(PLANTED.split())) >= 3


def test_ragged_records_text_and_images_have_ranges(cache):
    walked = words_of(make_card(generate(walks, 30, executor="inline", cache=cache)).page)
    page = make_card(generate(images, 20, executor="inline", cache=cache)).page

    assert "0 to 5 rows" in walked
    assert "6 to 7 characters, 30 different" in walked
    assert len(re.findall(r'<img [^>]*alt="image of sample \d+"', page)) >= 16
    assert "<img" in page
    assert not re.search(r"<img(?![^>]*\balt=)", page)


def test_cards_keep_secrets(cache, monkeypatch):
    """Whoever knows the seed, or the command that has it, can take away the noise."""
    made = generate(sine, 10, seed=987654321, executor="inline", cache=cache)
    before = make_card(made).page
    monkeypatch.setattr(type(made), "has_secret", property(lambda _: True))

    page = make_card(made).page

    assert "987654321" in before
    assert "987654321" not in page
    assert "not shown, since privacy depends on it" in page


def test_a_set_without_samples_has_no_card(cache, made):
    for path in made.paths.shards.iterdir():
        path.unlink()
    made.paths.schema.unlink()

    with pytest.raises(SelectionError, match="has no samples yet"):
        make_card(Cache(made.paths.root.parents[1])["sine"][1])


def test_damaged_samples_cost_a_line(made):
    for path in made.paths.shards.iterdir():
        path.write_bytes(b"no shard")

    assert "Not looked at: DamagedFileError" in make_card(made).page


class Point:
    """An entry point."""

    name = "sine"

    def __init__(self, function):
        self.load = lambda: function


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda made: [Section("Mine", [Paragraph(PLANTED)])], "Mine"),
        (lambda made: [3], "adds nothing more"),
        (lambda made: 1 / 0, "ZeroDivisionError: division by zero"),
    ],
)
def test_plugins_add_sections_or_one_line_of_excuse(made, monkeypatch, function, said):
    monkeypatch.setattr(card, "entry_points", lambda *_: [Point(function)])

    assert said in words_of(make_card(made).page)
