"""Fake third-party distributions: a module and its entry points, as pip would install them."""

from __future__ import annotations

from pathlib import Path

GENERATOR = """
import datagen_core

@datagen_core.generator(name={name!r})
def made(size, start):
    for index in range(start, start + size):
        yield {{"value": index}}

{mark}
def {hook}():
    return {value}
"""


def write_module(
    folder: Path,
    module: str,
    *,
    name: str,
    hook: str = "datagen_generator",
    value: str = "made",
    mark: str = "@datagen_core.hookimpl",
) -> None:
    """Write a plugin module with a generator called `name`."""
    folder.mkdir(parents=True, exist_ok=True)
    text = GENERATOR.format(name=name, hook=hook, value=value, mark=mark)
    (folder / f"{module}.py").write_text(text)


def write_distribution(folder: Path, distribution: str, points: str) -> None:
    """Write the metadata of a distribution; `points` is its entry_points.txt."""
    info = folder / f"{distribution.replace('-', '_')}-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1\n")
    (info / "entry_points.txt").write_text(points)


def install_menagerie(folder: Path) -> Path:
    """Write plugins that work and plugins that are broken in every way that we know of."""
    write_module(folder, "good_plugin", name="good")
    write_module(folder, "other_plugin", name="twice")
    write_module(folder, "misspelt_plugin", name="misspelt", hook="datagen_generatr")
    write_module(folder, "renamed_plugin", name="another")
    write_module(folder, "wrong_plugin", name="wrong", value="42")
    write_module(folder, "raising_plugin", name="raising", value="1 / 0")
    (folder / "hookless_plugin.py").write_text("")
    write_module(folder, "empty_plugin", name="empty", value="None")
    write_module(folder, "unmarked_plugin", name="unmarked", mark="# no mark")
    (folder / "torn_plugin.py").write_text("def (:\n")
    (folder / "needy_plugin.py").write_text("import no_such_module_anywhere\n")
    points = [
        "good = good_plugin", "twice = other_plugin", "misspelt = misspelt_plugin",
        "renamed = renamed_plugin", "wrong = wrong_plugin", "raising = raising_plugin",
        "hookless = hookless_plugin", "torn = torn_plugin", "needy = needy_plugin",
        "absent = no_such_plugin_module", "empty = empty_plugin", "unmarked = unmarked_plugin",
    ]  # fmt: skip
    write_distribution(folder, "datagen-zoo", "\n".join(["[datagen]", *points, ""]))
    write_distribution(folder, "datagen-twin", "[datagen]\ntwice = other_plugin\n")
    return folder
