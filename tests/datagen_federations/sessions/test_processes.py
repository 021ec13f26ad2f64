"""A plan is looked at before anybody works."""

import pytest

from datagen_federations.errors import TrainingError
from datagen_federations.sessions.plans import make_plan
from datagen_federations.sessions.processes import check_plan

pytest.importorskip("declearn")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


def test_a_plan_that_can_be_followed_passes():
    check_plan(make_plan(shape=(4,), classes=2))


@pytest.mark.parametrize(
    ("section", "change", "words"),
    [
        ("optim", {"client_opt": {"lrate": 0.1, "modules": ["adm"]}}, "adm"),
        ("model", {"layers": [{"type": "Liner"}]}, "torch.nn has no layer 'Liner'"),
    ],
)
def test_a_plan_that_cannot_be_followed_is_one_line(section, change, words):
    plan = make_plan(shape=(4,), classes=2)
    plan[section] |= change
    with pytest.raises(TrainingError, match=words) as caught:
        check_plan(plan)

    assert "\n" not in str(caught.value)
