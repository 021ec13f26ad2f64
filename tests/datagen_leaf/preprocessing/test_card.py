"""What cards say of tasks: as many rows and users as `datagen leaf stats` and the views have."""

from __future__ import annotations

import json

from datagen_core.cards.card import make_card
from datagen_leaf.preprocessing import card
from planted_html import parse


def test_a_card_has_the_sizes_of_users_and_the_parts_of_views(tasks, datagen):
    options = ("-s", "niid", "--sf", "1.0", "-k", "5", "-t", "sample", "--tf", "0.6")
    datagen("leaf", "preprocess", "leaf_synthetic", "-p", "0", *options)
    told = json.loads(datagen("leaf", "stats", "leaf_synthetic", "--json"))

    words = " ".join(parse(make_card(tasks).page, {"svg"}).words)

    assert f"users {told['users']} rows {told['samples']:,} mean {told['mean']:.4g}" in words
    assert f"0-19 {told['counts'][0]} (" in words
    assert f"{tasks.views[-1]} train {len(tasks.view(tasks.views[-1])['train'])}" in words


def test_of_very_many_users_no_lengths_are_read(tasks, monkeypatch):
    monkeypatch.setattr(card, "_MOST", 10)

    assert "There are more than 10 users" in make_card(tasks).page
