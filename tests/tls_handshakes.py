"""TLS handshakes of a server and a client over a pair of sockets, without threads."""

import socket
import ssl
from contextlib import ExitStack, suppress


def trust(authority, *, strict=True):
    """Return a client's context as declearn makes it, stricter on request."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(authority)
    context.hostname_checks_common_name = not strict
    if strict:
        context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


def shake_hands(certificate, private_key, client, host):
    """Let a client connect to a server of that name; the client's error is raised."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, private_key)
    with ExitStack() as stack:
        ends = [stack.enter_context(end) for end in socket.socketpair()]
        for end in ends:
            end.setblocking(False)
        calm = {"do_handshake_on_connect": False}
        sides = [
            client.wrap_socket(ends[0], server_hostname=host, **calm),
            server.wrap_socket(ends[1], server_side=True, **calm),
        ]
        for side in sides:
            stack.enter_context(side)
        for side in sides * 4:
            with suppress(ssl.SSLWantReadError):
                side.do_handshake()
        sides[0].send(b"hello")
        assert sides[1].recv(9) == b"hello"
