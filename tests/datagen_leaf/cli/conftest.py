"""What the tests of these commands share."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from datagen_core import DatagenError
from datagen_leaf.cli import leaf


@pytest.fixture
def refused(cache):
    """Return `refused("split", …)`: the one line that a refused command says."""

    def refused(*words):
        arguments = [words[0], "leaf_synthetic", "--cache", str(cache), *map(str, words[1:])]
        result = CliRunner().invoke(leaf, arguments)
        assert result.exit_code
        if isinstance(result.exception, DatagenError):
            assert "\n" not in str(result.exception)
            return str(result.exception)
        return result.output

    return refused
