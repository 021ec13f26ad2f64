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
