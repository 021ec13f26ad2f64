"""Who may take part: as many clients as there are to be, whose names are names."""

import asyncio

import pytest

pytest.importorskip("declearn")

from declearn.communication.api.backend.actions import Accept, Join, Reject
from declearn.version import VERSION

from datagen_federations.roles.watching import _Registrar


def knock(*names):
    """Let clients ask a server for two at the same moment; return the answers."""

    async def ask():
        registrar = _Registrar(1.0, clients=2)
        registrar.open_clients_registration()
        joins = [Join(name, VERSION).serialize() for name in names]
        answers = [await registrar.handle_message(join, join) for join in joins]
        return registrar, answers

    return asyncio.run(ask())


def test_no_more_clients_are_taken_than_there_are_to_be():
    registrar, answers = knock("a", "b", "c")

    assert [type(answer) for answer in answers] == [Accept, Accept, Reject]
    assert registrar.client_names == {"a", "b"}


@pytest.mark.parametrize("name", ["a/b", "..", "a.1", "", "server", "a\nb", "x" * 65])
def test_a_client_without_a_proper_name_is_refused(name):
    registrar, answers = knock(name, "good-Name_0")

    assert [type(answer) for answer in answers] == [Reject, Accept]
    assert registrar.client_names == {"good-Name_0"}
