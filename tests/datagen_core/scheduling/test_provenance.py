"""Where a parameter set came from is recorded, and is no part of what it is."""

from __future__ import annotations

import getpass
import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from datagen_core import generate
from datagen_core.generators.code import code_of_generator
from datagen_core.generators.registry import Loaded, load_generator
from datagen_core.scheduling import provenance
from datagen_core.scheduling.history import list_attempts
from datagen_core.scheduling.provenance import gather_provenance
from distributions import write_distribution, write_module
from generators_for_tests import sine

SOURCE = "import datagen_core\n@datagen_core.generator()\ndef walk(size):\n    yield 1, 2\n"


@pytest.fixture
def file(tmp_path: Path):
    (tmp_path / "generators.py").write_text(SOURCE)
    return tmp_path / "generators.py"


def git(folder, *words):
    options = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main"]
    subprocess.run(["git", "-C", folder, *options, *words], check=True, capture_output=True)


def facts_of(loaded):
    return gather_provenance(loaded, code_of_generator(loaded.generator))


def test_facts_are_plain_json():
    facts = facts_of(Loaded(sine, "sine"))

    assert json.loads(json.dumps(facts)) == facts
    assert datetime.fromisoformat(facts["created"]).tzinfo is not None
    assert {"host", "user", "command", "python"} <= set(facts)
    assert {"datagen", "numpy", "h5py"} <= set(facts["packages"])


def test_a_folder_without_git_has_no_commit(file):
    assert facts_of(load_generator(f"{file}:walk"))["commit"] is None


def test_a_commit_says_when_it_was_changed(file):
    git(file.parent, "init")
    git(file.parent, "add", "generators.py")
    git(file.parent, "commit", "-m", "first")
    loaded = load_generator(f"{file}:walk")
    clean = facts_of(loaded)["commit"]
    file.write_text(SOURCE + "# changed\n")

    assert len(clean) == 40
    assert facts_of(loaded)["commit"] == f"{clean}-dirty"


def test_a_user_without_a_name_is_unknown(monkeypatch):
    def nobody():
        raise KeyError

    monkeypatch.setattr(getpass, "getuser", nobody)
    assert facts_of(Loaded(sine, "sine"))["user"] == "unknown"


def test_where_a_set_was_begun_does_not_matter(tmp_path, monkeypatch):
    digests = set()
    for host in ("here", "there"):
        monkeypatch.setattr(provenance.socket, "gethostname", lambda host=host: host)
        made = generate(sine, 5, executor="inline", cache=tmp_path / host)
        assert made.record.provenance["host"] == host
        digests.add(made.record.digest)

    assert len(digests) == 1


@pytest.mark.parametrize("editable", [True, False])
def test_a_plugin_is_named_with_its_version(tmp_path, monkeypatch, editable):
    write_module(tmp_path, "stroll_plugin", name="stroll")
    write_distribution(tmp_path, "datagen-stroll", "[datagen]\nstroll = stroll_plugin\n")
    if editable:
        origin = {"url": "file:///x", "dir_info": {"editable": True}}
        (tmp_path / "datagen_stroll-1.dist-info/direct_url.json").write_text(json.dumps(origin))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "stroll_plugin", raising=False)
    made = generate("stroll", 5, executor="inline", cache=tmp_path / "cache")

    plugin = {"name": "datagen-stroll", "version": "1", "editable": editable}
    assert made.record.provenance["plugin"] == plugin
    assert [run["plugin"] for run in list_attempts(made.paths)] == [plugin]


def test_a_generator_of_a_file_has_no_plugin(file):
    assert "plugin" not in facts_of(load_generator(f"{file}:walk"))
