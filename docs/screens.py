"""Screens and pictures of pages, made while the site is built: two directives for MyST pages.

A *screen* runs commands and shows what a terminal of 80 columns shows of those behind `$`:

    ```{screen}
    datagen generate noisy_sine -n 1000 -p left=0 --generators example_datasets
    $ datagen list
    ```

A *picture* runs commands and shows the file that they draw, which is named first:

    ```{picture} clients.png
    :alt: Ten rows of small images, one for each client

    datagen generate image_partition --total 10 -p scheme=labels
    datagen preview image_partition -o clients.png
    ```

- All screens and pictures of a page share one folder, which begins empty but for a copy of
  `example_datasets/`; they run in the order of the page. Code blocks of the page do not run there.
- `$DATAGEN_CACHE` is `cache` in this folder, and the executor is `inline`, by a profile. Nothing of
  the person's own settings counts. A line that ends with a backslash goes on in the next one.
- A command that fails fails the build; where it should, write `|| echo "exit code $?"`.
- `:as: text` shows a screen as text to copy, without colours, instead of a drawing of a terminal;
  `:width: 100` is another number of columns.
- Commands must need neither Slurm nor the internet, and should take a second or two each.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import os
import pty
import re
import shlex
import shutil
import struct
import subprocess
import sysconfig
import tempfile
import termios
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from docutils import nodes
from docutils.parsers.rst import directives
from rich.console import Console
from rich.text import Text
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

ROOT = Path(__file__).parents[1]
PROFILE = '[profiles.page]\nhosts = ["*"]\nexecutor = "inline"\n'
FONTS = re.compile(r"@font-face\s*\{[^}]*\}")  # rich's come from another site
WIDTH = 80
LIMIT = 300
"""Seconds that one command may take."""

_FOLDER = "screens_folder"


class Shown(NamedTuple):
    """A command of a screen and what it printed."""

    command: str
    printed: str


def commands_of(lines: list[str]) -> list[str]:
    """Return the commands of a block; those that are to be shown begin with `$ `."""
    text = "\n".join(lines).replace("\\\n", "\\\0")
    return [line.replace("\0", "\n") for line in text.splitlines() if line.strip()]


def make_folder() -> Path:
    """Make the folder of a page, with what its commands may use."""
    folder = Path(tempfile.mkdtemp(prefix="datagen-page-"))
    shutil.copytree(ROOT / "example_datasets", folder / "example_datasets")
    profiles = folder / "config" / "datagen" / "datagen.toml"
    profiles.parent.mkdir(parents=True)
    profiles.write_text(PROFILE)
    return folder


def environment(folder: Path, width: int) -> dict[str, str]:
    """Return the variables that commands see: our programs first, and nothing of the person's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DATAGEN_")}
    return kept | {
        "PATH": os.pathsep.join([sysconfig.get_path("scripts"), kept["PATH"]]),
        "HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "DATAGEN_CACHE": "cache",
        "COLUMNS": str(width),
        "TERM": "xterm-256color",
    }


def run_in_terminal(command: str, folder: Path, width: int = WIDTH) -> str:
    """Run a command with a terminal as its standard output; return what it printed, with colours.

    What it wrote to standard error comes last, since bars of progress would be drawn over.

    Raises
    ------
    ExtensionError
        If it fails; with all that it printed.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, width, 0, 0))
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            ["bash", "-euo", "pipefail", "-c", command],
            cwd=folder, env=environment(folder, width), stdin=subprocess.DEVNULL,
            stdout=theirs, stderr=errors,
        )  # fmt: skip
        os.close(theirs)
        printed = _read_all(ours)
        code = process.wait(LIMIT)
        errors.seek(0)
        text = (printed + errors.read()).decode(errors="replace").replace("\r\n", "\n")
    text = text.replace(str(folder), "~").replace(str(ROOT), "~/datagen")
    if code:
        raise ExtensionError(f"{command!r} ends with exit code {code}:\n{text}")
    return text


def _read_all(terminal: int) -> bytes:
    chunks = []
    with open(terminal, "rb", buffering=0) as file:
        while chunk := _read_some(file):
            chunks.append(chunk)
    return b"".join(chunks)


def _read_some(file: io.FileIO) -> bytes:
    try:
        return file.read(65536) or b""
    except OSError:  # how Linux says that the other side is closed
        return b""


def plain(shown: list[Shown]) -> str:
    """Return commands and what they printed as text without colours."""
    return "".join(f"$ {each.command}\n{Text.from_ansi(each.printed).plain}\n" for each in shown)


def draw(shown: list[Shown], width: int = WIDTH) -> str:
    """Return the drawing of a terminal as SVG that loads nothing from elsewhere."""
    console = Console(record=True, width=width, file=io.StringIO(), force_terminal=True)
    for each in shown:
        console.print(Text(f"$ {each.command}", style="bold"))
        console.print(Text.from_ansi(each.printed))
    name = hashlib.sha256(repr(shown).encode()).hexdigest()[:8]
    drawing = console.export_svg(title="", unique_id=f"screen-{name}")
    return FONTS.sub("", drawing).replace("Fira Code", "ui-monospace")


class _Running(SphinxDirective):
    """What runs the commands of its content in the folder of the page."""

    has_content = True

    @property
    def folder(self) -> Path:
        if _FOLDER not in self.env.temp_data:
            self.env.temp_data[_FOLDER] = make_folder()
        folder: Path = self.env.temp_data[_FOLDER]
        return folder

    def run_commands(self, width: int = WIDTH) -> list[Shown]:
        shown = []
        for line in commands_of(list(self.content)):
            command = line.removeprefix("$ ")
            printed = run_in_terminal(command, self.folder, width)
            if command != line:
                shown.append(Shown(command, printed))
        return shown


class ScreenDirective(_Running):
    """`{screen}`: what a terminal shows of commands."""

    option_spec: ClassVar[dict[str, Any]] = {
        "as": lambda value: directives.choice(value, ("drawing", "text")),
        "width": directives.positive_int,
    }

    def run(self) -> list[nodes.Node]:
        """Run the commands; return the drawing of a terminal, or text."""
        width = self.options.get("width", WIDTH)
        shown = self.run_commands(width)
        if self.options.get("as") == "text" or self.env.app.builder.format != "html":
            return [nodes.literal_block(text := plain(shown), text, language="text")]
        label = "Terminal: " + "; ".join(each.command for each in shown)
        figure = f'<div class="screen" role="group" aria-label={shlex.quote(_escape(label))}>'
        return [nodes.raw("", f"{figure}{draw(shown, width)}</div>", format="html")]


class PictureDirective(_Running):
    """`{picture} FILE`: a file that commands draw."""

    required_arguments = 1
    option_spec: ClassVar[dict[str, Any]] = {
        "alt": directives.unchanged_required,
        "width": directives.length_or_percentage_or_unitless,
    }

    def run(self) -> list[nodes.Node]:
        """Run the commands; return the picture."""
        if not self.options.get("alt"):
            raise self.error("a picture needs `:alt:`, a text in its place")
        self.run_commands()
        drawn = self.folder / self.arguments[0]
        if not drawn.is_file():
            raise self.error(f"no command has drawn {self.arguments[0]}")
        page = self.env.docname.replace("/", "-")
        kept = Path(self.env.srcdir) / "_made" / f"{page}-{drawn.name}"
        kept.parent.mkdir(exist_ok=True)
        shutil.copyfile(drawn, kept)
        return [nodes.image(uri=f"/_made/{kept.name}", **self.options)]


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("'", "&#39;")


def _remove_folder(app: Sphinx, _: nodes.document) -> None:
    folder = app.env.temp_data.pop(_FOLDER, None)
    if folder is not None:
        shutil.rmtree(folder)


def setup(app: Sphinx) -> dict[str, Any]:
    """Tell Sphinx of the directives; pages may be read by several processes."""
    app.add_directive("screen", ScreenDirective)
    app.add_directive("picture", PictureDirective)
    app.connect("doctree-read", _remove_folder)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
