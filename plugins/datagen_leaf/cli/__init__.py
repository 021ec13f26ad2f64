"""The commands `datagen leaf …`: LEAF's preprocessing as views, and its statistics."""

from __future__ import annotations

import click

from datagen_core.commands import LazyGroup

_COMMANDS = {
    "sample": (".sample:sample", "Take a fraction of the samples, by user or mixed (iid)."),
    "remove-users": (".remove_users:remove_users", "Keep the users with enough samples."),
    "split": (".split:split", "Divide users or samples into the parts train and test."),
    "preprocess": (".preprocess:preprocess", "All three, with the options of preprocess.sh."),
    "stats": (".stats:stats", "Sum up how many samples users have, in figures and a histogram."),
}


@click.group(cls=LazyGroup, package=__name__, members=_COMMANDS)
def leaf() -> None:
    """Preprocess tasks as LEAF does, without copies, and sum up their sizes.

    Each stage makes a view, which is kept beside the samples under a readable name and a digest of
    its recipe. Nothing is overwritten: other options make another view. A stage starts from all
    samples of the parameter set, whatever their splits, or from an earlier view; it changes no
    split.
    """
