"""What the tests of these commands share."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from datagen_core import DatagenError
from datagen_leaf.cli import leaf
from datagen_leaf.errors import ChecksumError


@pytest.fixture
def refused(cache):
    """Return `refused("split", …)`: the one line that a refused command says."""

    def refused(*words):
        arguments = [words[0], "leaf_synthetic", "--cache", str(cache), *map(str, words[1:])]
        result = CliRunner().invoke(leaf, arguments)
        code = getattr(result.exception, "exit_code", result.exit_code)
        assert code == (5 if isinstance(result.exception, ChecksumError) else 2)
        if isinstance(result.exception, DatagenError):
            assert "\n" not in str(result.exception)
            return str(result.exception)
        return result.output

    return refused
