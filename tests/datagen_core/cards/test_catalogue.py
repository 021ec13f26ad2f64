"""Catalogues: a line and a card for each set, and whatever cannot be read is a line."""

from __future__ import annotations

from urllib.parse import unquote

import pytest

from datagen_core import Cache, ConfigurationError, generate
from datagen_core.cards.catalogue import write_catalogue
from generators_for_tests import count, sine
from planted_html import PLANTED, parse


@pytest.fixture
def made(cache):
    generate(count, 5, executor="inline", cache=cache)
    for label in ("a", PLANTED):
        made = generate(sine, 10, {"label": label}, executor="inline", cache=cache)
    return made


def links(page):
    return [unquote(part.split('"')[0]) for part in page.split('href="')[1:]]


def test_each_set_has_a_line_that_leads_to_its_card(made, cache, tmp_path):
    folder, told = tmp_path / "catalogue", []

    done = write_catalogue(Cache(cache), folder, lambda *each: told.append(each))
    page = (folder / "index.html").read_text()

    assert (done.sets, done.left_out, told[-1]) == (3, [], (3, 3))
    assert PLANTED in " ".join(parse(page, {"script"}).words)
    assert len(links(page)) == 3
    assert all("<h1>" in (folder / link).read_text() for link in links(page))


def test_sets_that_are_damaged_or_closed_cost_a_line(made, cache, tmp_path):
    made.paths.params.write_text(PLANTED)

    done = write_catalogue(Cache(cache), tmp_path / "catalogue")
    words = parse((tmp_path / "catalogue" / "index.html").read_text(), {"script"}).words

    assert done.sets == 2
    assert [name for name, _ in done.left_out] == ["sine 1"]
    assert any("is damaged" in word for word in words)


def test_an_earlier_catalogue_is_replaced_and_nothing_else(made, cache, tmp_path):
    write_catalogue(Cache(cache), tmp_path / "catalogue")
    write_catalogue(Cache(cache), tmp_path / "catalogue")
    (tmp_path / "catalogue" / "thesis.tex").touch()

    with pytest.raises(ConfigurationError, match=r"'thesis.tex', which is not part of a catalogue"):
        write_catalogue(Cache(cache), tmp_path / "catalogue")
    assert (tmp_path / "catalogue" / "index.html").exists()


def test_a_page_of_others_and_a_place_in_the_cache_are_refused(made, cache, tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "index.html").write_text("<h1>My home page</h1>")

    with pytest.raises(ConfigurationError, match=r"'index.html', which is not part of a catalogue"):
        write_catalogue(Cache(cache), tmp_path / "home")
    with pytest.raises(ConfigurationError, match="is in the cache"):
        write_catalogue(Cache(cache), cache / "catalogue")


def test_a_cache_that_is_not_there_replaces_no_catalogue(tmp_path):
    with pytest.raises(ConfigurationError, match=r"there is no cache .*/typo; name one with --cac"):
        write_catalogue(Cache(tmp_path / "typo"), tmp_path / "catalogue")


def test_an_empty_cache_has_an_empty_catalogue(cache, tmp_path):
    cache.mkdir()
    assert write_catalogue(Cache(cache), tmp_path / "catalogue").sets == 0
    assert not list((tmp_path / "catalogue" / "sets").iterdir())
