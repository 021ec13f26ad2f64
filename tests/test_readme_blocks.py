"""README.md becomes tests: the page is taken apart as its conventions say."""

from __future__ import annotations

import pytest

from readme_blocks import Block, UnknownBlockError, sections_of

PAGE = """# Title
```bash
echo zero
```
## One
Some words.
```bash
echo 1

## no heading, but a comment
```
<!-- tested by: tests/test_install.py -->

```bash
pip install .
```
```output
1
```
## Two
<!-- needs: slurm -->
```python
# code/generators.py
x = 1
```
"""


def test_blocks_stand_under_their_heading():
    sections = sections_of(PAGE)

    assert [section.title for section in sections] == ["", "One", "Two"]
    assert [len(section.blocks) for section in sections] == [1, 3, 1]


def test_block_keeps_its_lines_and_place():
    block = sections_of(PAGE)[1].blocks[0]

    assert block == Block("bash", "echo 1\n\n## no heading, but a comment\n", line=7)


def test_remark_belongs_to_the_next_block_only():
    _, one, two = sections_of(PAGE)

    assert [block.tested_by for block in one.blocks] == ["", "tests/test_install.py", ""]
    assert two.blocks[0].needs == "slurm"


def test_words_between_take_the_remark_away():
    page = "<!-- needs: internet -->\nBut then\n```bash\ntrue\n```\n"

    assert sections_of(page)[0].blocks[0].needs == ""


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("# code/generators.py\nx = 1\n", "code/generators.py"),
        ("# A remark. With dots.\nx = 1\n", ""),
        ("x = 1\n# generators.py\n", ""),
    ],
)
def test_first_line_may_name_a_file(text, name):
    assert Block("python", text, 1).file_name == name


@pytest.mark.parametrize(
    "page",
    [
        "```\nwhat is this\n```",
        "```console\n$ datagen list\n```",
        "<!-- needs: luck -->\n```bash\ntrue\n```",
        "```bash\ntrue\n",
    ],
)
def test_what_nothing_checks_is_refused(page):
    with pytest.raises(UnknownBlockError, match="line"):
        sections_of(page)
