"""The conformance kit: what a plugin's own tests call. Public, and needs no test framework.

::

    import pytest
    from datagen_core import testing

    @pytest.mark.parametrize("check", testing.checks)
    def test_my_sim(check, tmp_path):
        check("my_sim", tmp_path, ignored={"label"})

`check_generator` makes all checks in one call; `check_executor` is the kit for executors.
"""

from datagen_core.executors.conformance import ConformanceError as ConformanceError
from datagen_core.executors.conformance import check_executor as check_executor
from datagen_core.testing.checks import Check as Check
from datagen_core.testing.checks import check_generator as check_generator
from datagen_core.testing.checks import checks as checks

__all__ = ["Check", "ConformanceError", "check_executor", "check_generator", "checks"]
