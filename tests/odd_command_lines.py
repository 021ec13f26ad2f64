"""Odd command lines for `fuzzing.py`: what works, with odd values of any option or argument."""

from __future__ import annotations

import os
import random
import shutil
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from damaged_caches import copy_cache
from datagen_core.cli import datagen
from fuzzing import Input

LINES = (
    "list", "list lines", "generators --check", "show lines", "show lines -p 0",
    "show ../made/recipes.py:pairs", "status lines", "cancel lines -p 0", "move lines -p 0 1 test",
    "exclude lines -p 0 --indices 1 --reason bad", "freeze lines -p 0 train", "compact lines",
    "preprocess ../made/recipes.py:lines doubled train 4 -p 0", "verify lines -p 0",
    "export lines -p 0 out.csv --format csv", "export pairs -p 0 out.npz --format npz",
    "export pairs out.parquet --format parquet", "export lines out --format leaf -p 0",
    "export pairs out --format declearn", "export pairs out --format pate",
    "generate ../made/recipes.py:lines --dry-run --executor inline -n 3",
    "generate ../made/recipes.py:pairs --executor inline -n 1 -p number=1",
    "generate ../made/recipes.py:pairs --executor inline --total 2", "rm lines -p 0 -y",
    "resume lines -p 0 --executor inline", "leaf sample lines -p 0", "leaf split lines -p 0",
    "repair lines -p 0 --executor inline", "du lines --by set", "list -p seed=0 --sort size",
    "publish lines -p 0 public", "logs lines -p 0 -n 5",
    "estimate lines -n 5 -p seed=0", "prune --older-than 9d --dry-run",
    "leaf stats lines -p 0", "leaf preprocess lines -p 0 -k 1", "leaf remove-users lines -p 0",
    "preview pairs -o out.png", "federated merge missing.csv -o out.csv", "federated plot",
    "federated weights", "federated autogen --runs 1 --space {} --dry-run", "pate combine",
    "pate candidates --decoder-path missing", "pate evaluate --samples missing",
    "pate train-student --data missing.npz", "pate evaluate-student --model missing.pth",
    "pate train-teachers --data missing.npz", "pate report pate_votes -o out.html",
    "federated client a missing", "federated server 2 --certificate missing",
)  # fmt: skip
"""Command lines in good form; those of plugins find nothing to train with."""

NUMBERS = (
    "-1", "0", "-0", "1", "2", "3", "1e400", "-1e400", "1e15", "1e999999999", "1e-999999999",
    "9" * 5000, "-" + "9" * 5000,
    "0x10", "nan", "inf", "-inf", "Infinity", "1_000", "1__0", " 3 ", "1.5", "\u0663", "\u00b2",
    "\u00bd", "1,2", "2-1", "1-" + "9" * 400, "9" * 14, "3-5,4-9", "0-0", "-", "4300", "1" * 4301,
)  # fmt: skip

TEXTS = (
    "", " ", "=", "==", "a=", "=1", "@", "@@", "-", "--", "---", ".", "..", "../..", "a/b", "~",
    "\x1b[31mred\x1b[0m", "\x9b31m", "\u202e", "\udcff\udc80", "\n", "a\nb", "\r", "\t", "\x7f",
    "\U0001d11e", "a" * 5000, "\u00e9" * 255, "%s%n", "{}", "{0}", "[red]x[/red]", "$(true)",
    "<script>", "'", '"', "\\", "\\0", "\u2400", "%00", "null", "None", "true", "*", "?", "lines",
    "LINES", "lines:lines", ":", "a:b:c", "recipes.py:", ":lines", "os:system", "os.path:join",
    "0123456789abcdef", "sha256:" + "0" * 64, "sha256:0", "/", "//", "/nowhere/at/all", "a b",
)  # fmt: skip

VALUES = (
    "{", "[", "{}", "[]", "[" * 1000, "[" * 100_000, '{"a":' * 100_000, "(" * 1000,
    "-" * 5000 + "1",
    "[" * 900 + "]" * 900, '{"number": NaN}', '{"number": 1e999}', '{"count": ' + "9" * 5000 + "}",
    '{"text": "\\u0000"}', '{"text": "\\ud800"}', '{"": 1}', '{"number": {"a": 1}}', "{1: 2}",
    "{'number': 1}", "{'number': __import__('os')}", "1 if 1 else 2", '{"a": 1, "a": 2}',
    "[1, 2", '"', "number=", "number=nan", "number=1e999", "number=" + "9" * 5000, "number=[]",
    "count=" + "9" * 5000, "count=1e3", "count=true", "count=1.5", "text=\x1b[2J", "text=null",
    "text=" + "a" * 5000, "text=\udcff", 'text="\\u0000"', "items=" + "[" * 5000, "items=[1,[2]]",
    "items=1", "items=[" + "1," * 4000 + "1]", "file=", "file=.", "file=missing", "file=/dev/full",
    "file=fifo", "file=loop", "file=deep.json", "unknown=1", "seed=1", "seed=-1", "version=1",
    "number=1,2,3", "number=[1,2]", "number=[]", "number=1,,2", "number=" + ",".join("1" * 500),
    "__class__=1", "number.a=1", "a" * 5000 + "=1", "number=1,number=2", "items=[[1],[2]]",
)  # fmt: skip

FILES = (
    "missing", "folder", "fifo", "binary", "deep.json", "huge.json", "empty", "utf16", "full",
    "loop", "dangling", "list.json", "points.json", "indices.txt", "long.csv", "zero", "null",
    "folder/", "empty/below", "a" * 255, "a" * 300, "x/" * 2500, "made/secret", "cache",
    "cache/lines", "numbers.json", "zip.npz", "missing/below", "mark.json",
    "~nobody-of-this-name/file",
)  # fmt: skip

CACHES = ("missing", "empty", "loop", "dangling", "full", "fifo", "", "\0", "a" * 300, "binary/x",
          "\udcff", "\x1b[31m", "cache/lines", "folder")  # fmt: skip


def _make_files(folder: Path) -> None:
    """Make the files that odd values name."""
    contents = {
        "binary": bytes(range(256)) * 40,
        "deep.json": b'{"number": ' + b"[" * 200_000,
        "huge.json": b'{"count": ' + b"9" * 3_000_000 + b"}",
        "empty": b"",
        "utf16": '{"number": 1}'.encode("utf-16"),
        "list.json": b"[1, 2]",
        "points.json": b'[{"number": 1}, {"number": "\\ud800"}, {"count": 1e999}]',
        "indices.txt": b"1-" + b"9" * 100_000,
        "long.csv": b"a,b\n" + b"1," * 50_000,
        "numbers.json": b"[0, 1, 1e400, -1, null]",
        "zip.npz": b"PK\x03\x04" + bytes(100),
        "mark.json": b'\xef\xbb\xbf{"number": 1}',
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    (folder / "folder").mkdir()
    (folder / "loop").symlink_to("loop")
    (folder / "dangling").symlink_to("nowhere")
    os.mkfifo(folder / "fifo")
    for name, minor in (("null", 3), ("zero", 5), ("full", 7)):
        _make_device(folder / name, minor)


def _make_device(path: Path, minor: int) -> None:
    """Make a device of our own, which may be replaced: the system's may not, and root would."""
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, minor))
    except PermissionError:
        os.mkfifo(path)


def _options_of(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the options of a command that take a value, and its flags."""
    command: click.Command | None = datagen
    context = click.Context(datagen)
    for word in words:
        if not isinstance(command, click.Group):
            break
        command = command.get_command(context, word)
    assert command is not None, words
    options = [each for each in command.params if isinstance(each, click.Option)]
    return (
        [each.opts[0] for each in options if not each.is_flag],
        [name for each in options if each.is_flag for name in (*each.opts, *each.secondary_opts)],
    )


def _odd_value(option: str, rng: random.Random) -> str:
    if option == "--cache":
        return rng.choice(CACHES)
    if option == "--executor":  # others start processes
        return rng.choice(("inline", *TEXTS))
    kind = rng.choice((NUMBERS, NUMBERS, TEXTS, VALUES, FILES))
    value = rng.choice(kind)
    return f"@{value}" if kind is FILES and rng.random() < 0.5 else value


def odd_line(rng: random.Random) -> list[str]:
    """Return a command line in which one to three words are odd."""
    words = rng.choice(LINES).split()
    depth = 2 if words[0] in {"leaf", "pate", "federated"} else 1
    options, flags = _options_of(words[:depth])
    for _ in range(rng.choice((1, 1, 2, 3))):
        chance = rng.random()
        place = rng.randrange(depth, len(words) + 1)
        if chance < 0.2 and place < len(words) and words[place] != "inline":
            words[place] = _odd_value(words[place - 1], rng)
        elif chance < 0.9 and options:
            option = rng.choice(options)
            words += [option, _odd_value(option, rng)]
        elif chance < 0.95 and flags:
            words.append(rng.choice(flags))
        else:
            words.insert(place, rng.choice(TEXTS))
    return words


def _is_safe(words: Sequence[str]) -> bool:
    """Whether a line keeps to this process and to its folder."""
    endless = words[:1] == ["generate"] and "lines" in words[1] and "--dry-run" not in words
    return not endless


def odd_inputs(made: Path, rng: random.Random, count: int) -> Iterator[Input]:
    """Yield odd command lines, each called beside a copy of the cache, which is then removed."""
    for number in range(count):
        folder = made.parents[1] / f"odd-{number}" / "here"
        folder.mkdir(parents=True)
        copy_cache(made, folder)
        (folder.parent / "made").symlink_to(made.parent)
        _make_files(folder)
        words = odd_line(rng)
        while not _is_safe(words):
            words = odd_line(rng)
        yield Input("command line", folder, words, lambda _: "")
        shutil.rmtree(folder.parent)
