"""The hooks that a plugin may implement, and the markers for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from datagen_core.generators.generator import DatasetGenerator

PROJECT = "datagen"
"""Name of the entry-point group and of pluggy's project."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
"""Marks a plugin's implementation of a hook."""


@hookspec(firstresult=True)
def datagen_generator() -> DatasetGenerator:  # type: ignore[empty-body]
    """Return the generator that this plugin module provides."""


@hookspec(firstresult=True)
def datagen_executor() -> object:
    """Return the executor that this plugin module provides, a `datagen_core.Executor`."""
