"""Commands of plugins in `datagen --help`, without an import of any."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint

import pytest

from datagen_core.cli.plugin_commands import find_commands, summarize_command

DECORATED = '''
import click
raise RuntimeError("this module is imported")

@click.group(short_help={short!r})
@click.option("--tea", help="Which tea.")
def brew():
    """Brew tea, and
    pour it. Then drink it.

    More of it.
    """
'''


def summarize(tmp_path, monkeypatch, text, module="teapot_plugin.cli"):
    file = tmp_path / f"{module.replace('.', '/')}.py"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    if "." in module:
        (file.parent / "__init__.py").write_text("raise RuntimeError('this package is imported')")
    monkeypatch.syspath_prepend(tmp_path)
    return summarize_command(EntryPoint("brew", f"{module}:brew", "datagen.commands"))


@pytest.mark.parametrize(
    ("text", "summary"),
    [
        (DECORATED.format(short=None), "Brew tea, and pour it."),
        (DECORATED.format(short="Make tea."), "Make tea."),
        ('brew = LazyGroup(help="Tea from\\nthe pot.", members={})', "Tea from the pot."),
        ('"""Commands for tea."""\nfrom .pot import brew', "Commands for tea."),
        ('def brew():\n    """\x1b[31mTea."""', r"\x1b[31mTea."),
        ("def brew(:", "See `datagen brew --help`."),
        ("", "See `datagen brew --help`."),
        ("\0", "See `datagen brew --help`."),
    ],
)
@pytest.mark.parametrize("module", ["teapot_plugin.cli", "teapot_plugin"])
def test_a_summary_is_read_from_the_text_of_the_module(
    tmp_path, monkeypatch, text, summary, module
):
    assert summarize(tmp_path, monkeypatch, text, module) == summary
    assert module not in sys.modules


def test_a_plugin_without_files_is_named():
    point = EntryPoint("brew", "no_such_package.cli:brew", "datagen.commands")

    assert summarize_command(point) == "See `datagen brew --help`."


def test_all_commands_of_our_plugins_say_what_they_do(run_cli):
    lines = run_cli("--help").out.splitlines()
    shown = {line.split()[0]: line for line in lines if line.startswith("  ") and line.split()}

    assert {"federated", "leaf", "pate", "preview"} <= find_commands().keys() <= shown.keys()
    assert not any("See `" in shown[name] for name in find_commands())
