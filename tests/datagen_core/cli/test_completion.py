"""Completion in shells: values of parameters, by click's protocol and in a real bash."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from datagen_core.cli import main
from datagen_core.cli.completion import attach

FILE = """
from typing import Literal
import datagen_core

raise SystemExit("this file must not be run")

class MyParams(datagen_core.Params):
    mode: Literal["fast", "slow"] = "fast"
    left: float = 0

@datagen_core.generator(5, MyParams)
def mine(size):
    yield 1, 2
"""
PROGRAMS = Path(sys.executable).parent


@pytest.fixture
def offer(monkeypatch, capfd, tmp_path):
    """Return what a shell is offered behind a line."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "generators.py").write_text(FILE)

    def ask(line, shell="fish"):
        words = line.split(" ")
        monkeypatch.setenv("_DATAGEN_COMPLETE", f"{shell}_complete")
        monkeypatch.setenv("COMP_WORDS", line)
        monkeypatch.setenv("COMP_CWORD", words[-1] if shell == "fish" else str(len(words) - 1))
        monkeypatch.setenv("COMP_LINE", line)
        monkeypatch.setenv("COMP_BREAKS", " \t\n\"'@><=;|&(:")
        monkeypatch.setattr(sys, "argv", ["datagen"])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capfd.readouterr()
        assert (ended.value.code, err) == (0, "")
        return [each for each in out.splitlines() if each]

    return ask


@pytest.fixture
def values(offer):
    """Return the values alone."""
    return lambda line: [each.partition(",")[2].partition("\t")[0] for each in offer(line)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("datagen ge", ["generate", "generators"]),
        ("datagen generate mi", ["mine"]),
        ("datagen generate fed", ["federated_metrics", "federated_training", "fedprox_synthetic"]),
        ("datagen generate generators.py:", ["generators.py:mine"]),
        ("datagen generate mine -p ", ["mode=", "left="]),
        ("datagen generate mine --sweep mode=", ["mode=fast", "mode=slow"]),
        ("datagen generate mine --sweep mode=fast,s", ["mode=fast,slow"]),
        ("datagen generate generators.py:mine -p l", ["left="]),
        ("datagen generate federated_metrics -p strategy=d",
         ["strategy=dirichlet", "strategy=distribution"]),
        ("datagen generate mine --executor i", ["inline"]),
        ("datagen estimate mine -p l", ["left="]),
        ("datagen export x --format pa", ["parquet", "pate"]),
        ("datagen federated au", ["autogen"]),
        ("datagen move nothing tr", []),
        ("datagen generate nobody -p ", []),
        ("datagen generate mine --njobs ", []),
    ],
)  # fmt: skip
def test_words_are_completed(values, line, expected):
    assert values(line) == expected


def test_what_a_cache_has_is_completed(values, filled):
    assert values("datagen move s") == ["sine"]
    assert values("datagen list ") == ["count", "sine"]
    assert values("datagen move sine -p ")[:2] == ["0", "left="]
    assert {"1", "label=", "seed="} < set(values("datagen move sine -p "))
    assert values("datagen show sine -p label=") == ["label=none", "label=a b"]
    assert values("datagen freeze sine ") == ["train"]
    assert values("datagen export sine out --split ") == ["train", "raw"]


def test_sets_are_described_by_what_differs(offer, filled):
    assert "plain,1\tleft=0, label=a b" in offer("datagen move sine -p ")


def test_presets_are_completed(values, offer, tmp_path):
    (tmp_path / "fine.toml").touch()
    (tmp_path / "other.txt").touch()
    (tmp_path / "presets").mkdir()
    (tmp_path / "presets" / "wide.json").touch()

    assert values("datagen generate mine -p @") == ["@fine.toml", "@presets/"]
    assert values("datagen generate mine -p @presets/w") == ["@presets/wide.json"]
    assert offer("datagen generate mine -p @f", "bash") == ["plain,@fine.toml"]


def test_profiles_are_completed(values, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "config" / "datagen").mkdir(parents=True)
    file = tmp_path / "config" / "datagen" / "datagen.toml"
    file.write_text('[profiles.alpine]\nnjobs = 2\n[profiles.laptop]\nexecutor = "local"\n')

    assert values("datagen --profile a") == ["alpine"]
    file.write_text("[")
    assert not values("datagen --profile a")


def test_zsh_is_given_values_with_descriptions(offer, filled):
    lines = offer("datagen move sine -p ", "zsh")

    assert lines[lines.index("1") - 1 : lines.index("1") + 2] == ["plain", "1", "left=0, label=a b"]
    assert "generate" in offer("datagen gen", "zsh")


def test_bash_is_given_what_stands_behind_its_last_break(offer, filled):
    assert offer("datagen generate mine -p mode=f", "bash") == ["plain,fast"]
    assert offer("datagen generate generators.py:m", "bash") == ["plain,mine"]
    assert offer("datagen generate generators.py:mine -p mo", "bash") == ["open,mode="]
    assert offer('datagen show sine -p "label=a', "bash") == ["plain,a b"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_has_a_script(shell, monkeypatch, capsys):
    monkeypatch.setenv("_DATAGEN_COMPLETE", f"{shell}_source")
    monkeypatch.setattr(sys, "argv", ["datagen"])
    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 0
    assert f"_DATAGEN_COMPLETE={shell}_complete" in capsys.readouterr().out


@pytest.mark.parametrize("asked", ["tcsh_source", "bash", "", "bash_complete"])
def test_a_shell_is_never_told_an_error(asked, monkeypatch, capsys):
    monkeypatch.setenv("_DATAGEN_COMPLETE", asked)
    monkeypatch.setattr(sys, "argv", ["datagen", "list"])
    with pytest.raises(SystemExit):
        main()

    assert not capsys.readouterr().err


BASH = """
source <({datagen_source})
complete -p datagen
COMP_LINE={line!r}; COMP_POINT=${{#COMP_LINE}}
compopt() {{ echo "$2"; }}
_datagen_completion datagen "" ""
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_a_real_bash_completes(tmp_path):
    (tmp_path / "generators.py").write_text(FILE)
    environment = {**os.environ, "PATH": f"{PROGRAMS}:{os.environ['PATH']}"}

    def offered(line):
        script = BASH.format(datagen_source="_DATAGEN_COMPLETE=bash_source datagen", line=line)
        done = subprocess.run(
            ["bash", "--norc", "-c", script], cwd=tmp_path, env=environment, text=True,
            capture_output=True, check=True,
        )  # fmt: skip
        assert not done.stderr
        first, *others = done.stdout.splitlines()
        assert first == "complete -o nosort -F _datagen_completion datagen"
        return others

    assert offered("datagen generate mine -p mode=") == ["fast", "slow"]
    assert offered("datagen generate mine -p le") == ["nospace", "left="]


def test_completion_imports_no_plugin_and_no_numpy(tmp_path, cache):
    (tmp_path / "generators.py").write_text(FILE)
    program = (
        "import atexit, sys\n"
        "heavy = {'numpy', 'pydantic', 'h5py', 'torch', 'datagen_federated', 'datagen_leaf'}\n"
        "atexit.register(lambda: print(sorted(heavy & set(sys.modules))))\n"
        "from datagen_core.cli import main; main()"
    )
    for line in ("datagen generate ", "datagen generate federated_metrics -p ", "datagen move x "):
        asked = {"_DATAGEN_COMPLETE": "bash_complete", "COMP_LINE": line, "COMP_BREAKS": "="}
        done = subprocess.run(
            [sys.executable, "-c", program], env={**os.environ, **asked}, cwd=tmp_path, text=True,
            capture_output=True, check=False,
        )  # fmt: skip
        assert done.stdout.splitlines()[-1] == "[]"


def test_a_broken_cache_offers_nothing(values, cache):
    cache.mkdir(exist_ok=True)
    (cache / "sine").write_text("no folder")

    assert not values("datagen move sine -p ")


def test_a_group_finds_its_commands_as_before_however_often_it_completes():
    group = attach(click.Group("group"))
    once = group.get_command
    assert attach(group).get_command is once
