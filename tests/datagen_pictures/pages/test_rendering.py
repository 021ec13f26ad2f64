"""Pages: values are text, never markup, and templates that lack a value are errors."""

import sys

import jinja2
import pytest

from datagen_core import DatagenError
from datagen_pictures import BLUE, Bars, draw_bars, render_page

PAGE = """{% extends "base.html" %}
{% from "macros.html" import table, picture %}
{% block body %}{{ table(["&"], [[text]]) }}{{ picture(figure, text) }}{% endblock %}
"""


@pytest.fixture
def render(tmp_path):
    (tmp_path / "page.html").write_text(PAGE)
    figure = draw_bars([Bars([1], BLUE)], ["a"], ("x", "y"))

    def page(**values):
        return render_page(tmp_path / "page.html", {"figure": figure, **values})

    return page


def test_text_is_not_markup(render):
    page = render(title="<b>", text='"</td><script>')

    assert "<b>" not in page
    assert "<script>" not in page
    assert "&lt;/td&gt;&lt;script&gt;" in page
    assert 'alt="&#34;&lt;/td&gt;' in page
    assert '<img src="data:image/png;base64,iVBOR' in page
    assert page.startswith("<!DOCTYPE html>\n")
    assert page.endswith("</html>\n")


def test_a_value_that_is_missing_is_an_error(render):
    with pytest.raises(jinja2.UndefinedError, match="'text' is undefined"):
        render(title="a page")


def test_a_missing_jinja2_is_named_with_the_remedy(render, monkeypatch):
    monkeypatch.setitem(sys.modules, "jinja2", None)

    with pytest.raises(DatagenError, match=r"^jinja2 .*pip install 'datagen\[plots\]'"):
        render(title="a page", text="")
