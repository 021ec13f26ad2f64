"""Which private set is continued, when one is begun, and how it is shown."""

from __future__ import annotations

import json
import shutil

import pytest

import datagen_core
from datagen_core import Cache, GeneratorError
from datagen_core.errors import CacheError, ConfigurationError
from datagen_core.executors.inline import InlineExecutor
from datagen_core.generators.registry import load_generator
from datagen_core.scheduling.plan import Settings
from datagen_core.scheduling.run import begin
from demands import demand_for
from private_sets import SOURCE


def test_a_private_set_is_continued(make, calls):
    make()

    assert make(total=True, n=20).counts == {"raw": 20}
    assert make(seed=1).counts == {"raw": 12}
    assert make().number == 0


def test_ordinary_sets_keep_their_digests(make, source):
    generator = load_generator(source).generator
    param_set = make(5, {"sigma": 0})

    assert param_set.record.digest == generator.digest_of(generator.params_type(sigma=0), 0)
    assert not param_set.record.private
    assert json.loads(param_set.paths.params.read_text())["format"] == "1.0"


def test_older_versions_do_not_add_to_private_sets(make):
    document = json.loads(make().paths.params.read_text())

    assert document["format"] == "1.2"
    assert document["owner"]["cache"] == str(make().paths.root.parent.parent)


def test_a_set_without_a_number_is_continued(make, cache):
    first = make().record.digest
    shutil.rmtree(cache / "votes" / "numbers")

    assert make().record.digest == first


def test_two_processes_at_once_do_not_begin_two_sets(source, cache):
    demands = [demand_for(source, cache, samples=5) for _ in range(2)]
    executor = InlineExecutor()
    begin(demands[:1], executor, Settings())

    with pytest.raises(CacheError, match=r"begun a private set of votes .* at the same moment"):
        begin(demands[1:], executor, Settings())

    assert len(Cache(cache)["votes"]) == 1


def test_a_generator_that_became_private_begins_a_new_set(tmp_path, make, source, run_cli):
    path = tmp_path / "votes.py"
    path.write_text(SOURCE.replace("params.sigma > 0)", "False)", 1))
    before = make()
    path.write_text(SOURCE)

    begun = run_cli("generate", source, "-n", 5, "--executor", "inline")
    assert "declares these parameters private now; this begins a new" in begun.err
    assert make().number == 1
    refused = run_cli("verify", "votes", "-p", before.number, "--resample", 1)
    assert "declares these parameters private now" in refused.err


def test_lists_mark_private_sets(make, run_cli):
    make()
    make(5, {"sigma": 0})

    assert "complete, private" in run_cli("list").out
    assert run_cli("list").out.count("private") == 1
    assert [row["private"] for row in run_cli("list", "--json").json] == [True, False]
    assert "owner" in run_cli("show", "votes", "-p", 0, "--json").json
    assert "owner" not in run_cli("show", "votes", "-p", 1, "--json").json


def test_a_secret_is_of_private_sets_only():
    with pytest.raises(GeneratorError, match="only private sets have a `secret`"):

        @datagen_core.generator()
        def open_votes(secret):
            yield {"x": 1}


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ("lambda params: None", "private of votes is None"),  # a forgotten `return`
        ("lambda params: params.sigm", "private of votes: AttributeError"),
    ],
)
def test_what_private_returns_is_checked_before_anything_is_begun(
    make, tmp_path, cache, declared, words
):
    text = SOURCE.replace("lambda params: params.sigma > 0", declared, 1)
    (tmp_path / "votes.py").write_text(text)

    with pytest.raises(ConfigurationError, match=words):
        make()
    assert not cache.exists()


def test_private_takes_a_bool_or_a_function():
    with pytest.raises(ConfigurationError, match="private is 'yes'"):
        datagen_core.generator(private="yes")
