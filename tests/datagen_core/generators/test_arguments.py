"""What is typed for a parameter is JSON where that fits its type, and else text."""

from __future__ import annotations

import os
from enum import Enum
from pathlib import Path
from threading import Thread
from typing import Annotated, Literal

import pydantic
import pytest

from datagen_core import Params, ParamsError
from datagen_core.generators.arguments import Argument, read_typed


class Colour(Enum):
    ONE = "1"
    RED = "red"


class Inner(Params):
    s: str = ""
    n: int = 0


class Many(Params):
    s: str = "a"
    short: Annotated[str, pydantic.Field(max_length=4)] = "a"
    maybe: str | None = None
    either: str | int = 0
    digit: Literal["1", "2"] = "1"
    colour: Colour = Colour.RED
    path: Path = Path()
    texts: tuple[str, ...] = ()
    x: float = 0
    n: int = 0
    flag: bool = False
    inner: Inner = Inner()

    def check(self):
        if self.s == "bad":
            raise ValueError("s is bad")


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", 1), ("-0.5", -0.5), ("true", True), ("True", True), ("None", None), ("null", None),
     ("abc", "abc"), ('"1"', "1"), ("[1, 2]", [1, 2]), ('{"a": 1}', {"a": 1}), ("", ""),
     ("1e3", 1000.0), ("[" * 100_000, "[" * 100_000)],
    ids=lambda value: str(value)[:8],
)  # fmt: skip
def test_the_value_is_json_or_text(text, value):
    assert Argument(text).value == value
    assert type(Argument(text).value) is type(value)


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        *(("s", text, text) for text in ["1", "true", "null", "1.0", "1e5", "[1]", "{}", "0x1"]),
        *(("s", text, text) for text in ["-0", "None", "NaN", "", "1,2", " 1", '{"a": 1}', "é"]),
        ("s", '"1"', "1"),
        ("s", '"quoted"', "quoted"),
        ("short", "1.00", "1.00"),
        ("maybe", "1", "1"),
        ("maybe", "null", None),
        ("either", "1", 1),
        ("either", '"1"', "1"),
        ("either", "x", "x"),
        ("digit", "2", "2"),
        ("colour", "1", Colour.ONE),
        ("path", "1", Path("1")),
        ("texts", '["1"]', ("1",)),
        ("x", "1e5", 1e5),
        ("x", "-0", 0.0),
        ("n", "1", 1),
        ("flag", "true", True),
        ("inner", '{"s": "1", "n": 2}', Inner(s="1", n=2)),
    ],
)
def test_an_argument_becomes_what_fits(key, text, value):
    bound = getattr(Many.bind({key: Argument(text)}, "many"), key)

    assert bound == value
    assert type(bound) is type(value)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"texts": "[1]"}, r"parameter texts.0: input should be a valid string, not 1"),
        ({"s": "1", "x": "two"}, "parameter x: .* not 'two'"),
        ({"x": "two", "s": "1"}, "parameter x: .* not 'two'"),
        ({"s": "1", "inner": '{"n": "x"}'}, "parameter inner.n: .* not 'x'"),
        ({"x": "NaN"}, "parameter x: input should be a finite number, not nan"),
        ({"n": "1.5"}, "parameter n: .*, not 1.5"),
        ({"digit": "3"}, "parameter digit: input should be '1' or '2', not 3"),
        ({"short": "12345"}, "parameter short: .* at most 4 characters"),
        ({"s": "bad", "maybe": "1"}, "^many: s is bad$"),
    ],
)
def test_what_fits_in_neither_way_is_named(given, words):
    with pytest.raises(ParamsError, match=words):
        Many.bind({key: Argument(text) for key, text in given.items()}, "many")


def test_values_of_python_are_not_changed():
    with pytest.raises(ParamsError, match="parameter s: input should be a valid string, not 1"):
        Many.bind({"s": 1}, "many")


def test_texts_of_ascii_locales_are_utf8(monkeypatch):
    monkeypatch.setattr("os.fsencode", lambda text: text.encode("ascii", "surrogateescape"))

    assert Argument.typed("\udcc3\udca9").text == "é"
    assert Argument.typed("\udcff").text == "\udcff"


def test_a_text_in_a_file_is_read_without_its_mark(tmp_path):
    (tmp_path / "file").write_bytes(b"\xef\xbb\xbf{}")

    assert read_typed(f"@{tmp_path / 'file'}") == "{}"


def test_a_pipe_is_read_to_its_end():
    out, into = os.pipe()
    thread = Thread(target=lambda: (os.write(into, b"3,10-19"), os.close(into)))
    thread.start()

    assert read_typed(f"@/dev/fd/{out}") == "3,10-19"
    thread.join()
    os.close(out)


def test_a_pipe_without_a_writer_keeps_nobody_waiting(tmp_path):
    os.mkfifo(tmp_path / "fifo")

    assert not read_typed(f"@{tmp_path / 'fifo'}")


@pytest.mark.parametrize(
    ("name", "why"),
    [("/dev/zero", "longer than 64 MiB"), ("a\0", "null (byte|character)"), (".", "Is a directory"),
     ("a" * 300, "File name too long")],
)  # fmt: skip
def test_what_is_no_text_is_refused(name, why):
    with pytest.raises(ParamsError, match=why):
        read_typed(f"@{name}")
