"""What commands print on a terminal of 80 columns."""

from __future__ import annotations

from pathlib import Path

import pytest

from datagen_core import Params, generate, generator

CONDITIONS = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]


class PendulumParams(Params):
    material_of_the_rod: str = "steel"
    initial_conditions: tuple[float, ...] = (0.0,)


@generator(10, PendulumParams)
def double_pendulum_with_friction(size):
    yield from ({"x": 0.0} for _ in range(size))


@pytest.fixture
def pendulum(cache):
    for rod in ("carbon fibre, woven", "木材の棒"):
        params = {"material_of_the_rod": rod, "initial_conditions": CONDITIONS}
        made = generate(
            double_pendulum_with_friction, 1, params, seed=20261122, executor="inline", cache=cache
        )
    return made


def test_sets_of_long_names_are_a_table_for_each_data_set(on_terminal, pendulum):
    first, *lines = on_terminal("list")

    assert first == "double_pendulum_with_friction"
    assert [line[:50].rstrip() for line in lines[1:7]] == [
        "  0  material_of_the_rod=carbon fibre, woven",
        "     initial_conditions=[0.1,0.2,0.3,0.4,0.5,0.6]",
        "     seed=20261122",
        "  1  material_of_the_rod=木材の棒",
        "     initial_conditions=[0.1,0.2,0.3,0.4,0.5,0.6]",
        "     seed=20261122",
    ]


def test_seeds_have_no_separators(run_cli, pendulum):
    assert " 20261122 " in run_cli("list").out
    assert "20,261" not in run_cli("list").out


def test_a_path_is_a_line_of_its_own(on_terminal, pendulum):
    lines = on_terminal("show", "double_pendulum_with_friction", "-p", 0)

    assert Path(lines[lines.index("path") + 1]).parent == pendulum.paths.root.parent
    assert "seed        20261122" in lines


def test_choices_and_meanings_of_parameters_are_shown(on_terminal):
    lines = on_terminal("show", "image_partition")
    place = next(at for at, line in enumerate(lines) if line.startswith("  scheme:"))

    assert lines[place : place + 5] == [
        "  scheme: iid | quantity_skew | dirichlet | shard | label_per_client |",
        "      custom | biased | labels | sizes | linear | square | exponential |",
        "      inner_dirichlet | pathological | distribution | continuous | natural_id |",
        "      grouped_natural_id = iid",
        "      The scheme of the division: iid is shuffled and dealt out evenly; with …",
    ]
    assert all(len(line) <= 80 for line in lines)


ODD = '''
import datetime, enum, typing
import datagen_core

class Day(enum.Enum):
    FIRST = datetime.date(2026, 1, 1)
    LAST = "the last day"

class OddParams(datagen_core.Params):
    """Odd."""
    n: int
    day: Day | None = None
    kind: typing.Literal["", "a"] = ""
    """Which kind: \\x07 one of the two that are known so far to all that have looked for more."""

@datagen_core.generator(5, OddParams)
def odd(size):
    yield from ({"x": 1.0} for _ in range(size))

@datagen_core.generator(5)
def bare(size):
    yield from ({"x": 1.0} for _ in range(size))
'''


def test_odd_choices_and_parameters_without_defaults_are_shown(on_terminal, run_cli, tmp_path):
    (tmp_path / "odd.py").write_text(ODD)
    name = f"{tmp_path / 'odd.py'}:odd"
    lines = on_terminal("show", name)

    assert lines[lines.index("parameters") + 1 :] == [
        "  n: int (required)",
        "  day: 2026-01-01 | the last day = null",
        '  kind: "" | a = ""',
        r"      Which kind: \x07 one of the two that are known so far to all that have …",
    ]
    assert len(on_terminal("show", name, "--full")) == len(lines) + 1
    choices = [each["choices"] for each in run_cli("show", name, "--json").json["params"]]
    assert choices == [None, ["2026-01-01", "the last day"], ["", "a"]]
    assert "parameters  none" in on_terminal("show", f"{tmp_path / 'odd.py'}:bare")


def test_disk_usage_leaves_out_what_has_no_room(on_terminal, pendulum):
    header, row, *_ = on_terminal("du", "--by", "set")

    assert header.split("  ")[0] == "data set"
    assert {"folder", "runs"}.isdisjoint(header.split())
    assert header.split()[-3:] == ["on", "disk", "apparent"]
    assert row.split()[:2] == ["double_pendulum_with_friction", "0"]
    assert max(map(len, (header, row))) <= 80
