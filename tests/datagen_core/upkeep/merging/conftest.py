from __future__ import annotations

import pytest


@pytest.fixture
def other(tmp_path):
    return tmp_path / "other"
