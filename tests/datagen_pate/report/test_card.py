"""What cards say of labelled images: the sections of the report, and no secret."""

from __future__ import annotations

from datagen_core.cards.card import make_card
from planted_html import parse

SECTIONS = [
    "Privacy of labels",
    "Success criteria",
    "Classes",
    "Confidence and distance",
    "Labelled images",
]


def words_of(param_set):
    return " ".join(parse(make_card(param_set).page, {"svg"}).words)


def test_a_card_has_the_sections_of_the_report(images):
    card = make_card(images)
    words = words_of(images)

    assert [title for title in SECTIONS if title not in card.sections] == []
    assert "What follows is about all 2 samples in raw." in words
    assert "Distribution of the confidence" in card.page
    assert "epsilon is infinite" in words


def test_a_card_of_private_votes_keeps_seed_and_private_images(private, votes):
    words = words_of(private)

    assert str(private.seed) not in make_card(private).page
    assert str(votes.seed) in words_of(votes)
    assert "epsilon is" in words
    assert "The class counts of private images are unknown" in words
    assert "account does not cover" not in words
