"""The image data sets: their files, classes, shapes and checksums, without opening a file.

Class names are those of torchvision. Known checksums keep two machines from holding different data
under one name: SHA-256 of the decompressed files of MNIST and Fashion-MNIST, and torchvision's MD5
sums of CIFAR-10's python version. Downloads are checked by torchvision's MD5 sums. Of files of
KMNIST, EMNIST and CIFAR-10's binary version that lie in a folder, sizes and labels are checked.
"""

from __future__ import annotations

import hashlib
import string
from dataclasses import dataclass
from typing import Literal, get_args

from datagen_images.errors import ImagesError
from datagen_images.sources.downloads import Download

Source = Literal["emnist", "fashion_mnist", "kmnist", "mnist"]
"""The data sets of grey images of 28 x 28 pixels, all of which fit one schema."""

AnySource = Literal[Source, "cifar10"]
"""All data sets by name."""

Part = Literal["train", "test"]
"""The two parts in which every data set was published."""

Variant = Literal["balanced", "byclass", "bymerge", "digits", "letters", "mnist"]
"""The selections of one collection in which EMNIST was published."""

_DIGITS = tuple(string.digits)
# 15 letters look alike in both cases; where classes are merged, only these keep two.
_MERGED = tuple(string.digits + string.ascii_uppercase + "abdefghnqrt")

_EMNIST_CLASSES: dict[str, tuple[str, ...]] = {
    "balanced": _MERGED,
    "byclass": tuple(string.digits + string.ascii_uppercase + string.ascii_lowercase),
    "bymerge": _MERGED,
    "digits": _DIGITS,
    "letters": ("N/A", *string.ascii_lowercase),  # its labels start at 1
    "mnist": _DIGITS,
}

_CLASSES: dict[str, tuple[str, ...]] = {
    "cifar10": ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship",
                "truck"),
    "fashion_mnist": ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt",
                      "Sneaker", "Bag", "Ankle boot"),
    "kmnist": ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
    "mnist": _DIGITS,
}  # fmt: skip

_FOLDERS = {
    "cifar10": ".",
    "emnist": "EMNIST/raw",
    "fashion_mnist": "FashionMNIST/raw",
    "kmnist": "KMNIST/raw",
    "mnist": "MNIST/raw",
}

_ARCHIVES = {
    "cifar10": Download(
        ("https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",),
        "c58f30108f718f92721af3b95e74349a",
    ),
    "emnist": Download(
        ("https://biometrics.nist.gov/cs_links/EMNIST/gzip.zip",),
        "58c8d27c78d21e728a6bc7b3cc06412e",
    ),
}
_MIRRORS = {
    "fashion_mnist": ("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",),
    "kmnist": ("http://codh.rois.ac.jp/kmnist/dataset/kmnist/",),
    "mnist": (
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "http://yann.lecun.com/exdb/mnist/",
    ),
}
_FILES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)
_FILE_MD5 = {
    "fashion_mnist": (
        "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "25c81989df183df01b3e8a0aad5dffbe",
        "bef4ecab320f06d8554ea6380940ec79",
        "bb300cfdad3c16e7a12a480ee83cd310",
    ),
    "kmnist": (
        "bdb82020997e1d708af4cf47b453dcf7",
        "e144d726b3acfaa3e44228e80efcd344",
        "5c965bf0a639b31b8f53240b1b52f4d7",
        "7320c461ea6c1c855c0b718fb2a4b134",
    ),
    "mnist": (
        "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "d53e105ee54ea40749a09fcbcd1e9432",
        "9fb629c4189551a2d022fa330f9573f3",
        "ec29112dd5afa0611ce80d1b7f02629c",
    ),
}

_SHA256 = {
    "fashion_mnist": {
        "train-images": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "train-labels": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "t10k-images": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "t10k-labels": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    },
    "mnist": {
        "train-images": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "train-labels": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "t10k-images": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "t10k-labels": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    },
}
_CIFAR_MD5 = {
    "data_batch_1": "c99cafc152244af753f735de768cd75f",
    "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
    "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
    "data_batch_4": "634d18415352ddfa80567beed471001a",
    "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
    "test_batch": "40351d587109b95175f43aff81a1287e",
}
_OWNERS = {digest: source for source, sums in _SHA256.items() for digest in sums.values()}


@dataclass(frozen=True)
class Form:
    """One way in which a part of a data set was published.

    Attributes
    ----------
    format
        `idx`: two files, images and labels. `cifar-bin`, `cifar-py`: batches of both.
    files
        The names of the files in order, without `.gz`.
    folder
        The folder that the published archive has them in; empty for no folder.
    """

    format: Literal["idx", "cifar-bin", "cifar-py"]
    files: tuple[str, ...]
    folder: str = ""


@dataclass(frozen=True)
class Publication:
    """One part of one data set, as it was published.

    Attributes
    ----------
    source, part, variant
        Data set, part, and variant of EMNIST.
    forms
        The ways in which it was published, the preferred one first; the last is downloaded.
    classes
        The name of each label.
    """

    source: AnySource
    part: Part
    variant: Variant | None
    forms: tuple[Form, ...]
    classes: tuple[str, ...]

    @property
    def folder(self) -> str:
        """The folder of downloads, below their root, where torchvision looks for them as well."""
        return _FOLDERS[self.source]

    @property
    def downloads(self) -> tuple[Download, ...]:
        """The published files or archives with all parts of the data set."""
        if self.source in _ARCHIVES:
            return (_ARCHIVES[self.source],)
        mirrors = _MIRRORS[self.source]
        return tuple(
            Download(tuple(mirror + name for mirror in mirrors), md5)
            for name, md5 in zip(_FILES, _FILE_MD5[self.source], strict=True)
        )

    @property
    def image_shape(self) -> tuple[int, ...]:
        """The shape of one image: rows, columns and, in colour, channels."""
        return (32, 32, 3) if self.source == "cifar10" else (28, 28)

    @property
    def is_transposed(self) -> bool:
        """Whether rows and columns are swapped in the files, as in all of EMNIST."""
        return self.source == "emnist"

    def check_content(self, name: str, content: bytes) -> None:
        """Refuse the content of a decompressed file that is known to be wrong.

        Raises
        ------
        ValueError
            When its checksum is that of another data set, or not the known one.
        """
        if self.source == "cifar10":
            _check_md5(name, content)
            return
        found = hashlib.sha256(content).hexdigest()
        expected = _SHA256.get(self.source, {}).get(name.partition("-idx")[0])
        owner = _OWNERS.get(found)
        if owner not in {None, self.source}:
            raise ValueError(f"it belongs to {owner}")
        if expected not in {None, found}:
            raise ValueError(f"its decompressed content has SHA-256 {found}, not {expected}")

    def __str__(self) -> str:
        return " ".join(word for word in (self.source, self.variant, self.part) if word)


def _check_md5(name: str, content: bytes) -> None:
    found = hashlib.md5(content, usedforsecurity=False).hexdigest()
    expected = _CIFAR_MD5.get(name)
    if expected not in {None, found}:
        raise ValueError(f"it has MD5 {found}, not {expected}")


def find_publication(
    source: AnySource, part: Part = "train", variant: Variant | None = None
) -> Publication:
    """Return the files and classes of one part of a data set.

    Raises
    ------
    ImagesError
        When there is no such data set, part or variant.
    """
    _check(source, part, variant)
    return Publication(
        source=source,
        part=part,
        variant=variant,
        forms=_cifar_forms(part) if source == "cifar10" else (_idx_form(part, variant),),
        classes=_CLASSES[source] if variant is None else _EMNIST_CLASSES[variant],
    )


def _idx_form(part: Part, variant: Variant | None) -> Form:
    prefix = {"train": "train", "test": "t10k"}[part]
    if variant is not None:
        prefix = f"emnist-{variant}-{part}"
    return Form("idx", (f"{prefix}-images-idx3-ubyte", f"{prefix}-labels-idx1-ubyte"))


def _cifar_forms(part: Part) -> tuple[Form, Form]:
    names = tuple(name for name in _CIFAR_MD5 if name.startswith("test") == (part == "test"))
    return (
        Form("cifar-bin", tuple(f"{name}.bin" for name in names), "cifar-10-batches-bin"),
        Form("cifar-py", names, "cifar-10-batches-py"),
    )


def check_variant(source: str, variant: str | None) -> None:
    """Refuse emnist without a variant, and any other data set with one.

    Raises
    ------
    ValueError
        When `variant` does not go with `source`.
    """
    if source == "emnist" and variant is None:
        raise ValueError(f"emnist needs a variant: {', '.join(get_args(Variant))}")
    if source != "emnist" and variant is not None:
        raise ValueError(f"only emnist has variants; leave variant out for {source}")


def _check(source: str, part: str, variant: str | None) -> None:
    for word, value, known in (
        ("image data set", source, sorted(get_args(AnySource))),
        ("part", part, get_args(Part)),
        ("variant", variant, (None, *get_args(Variant))),
    ):
        if value not in known:
            names = ", ".join(filter(None, known))
            raise ImagesError(f"there is no {word} {value!r}; use one of {names}")
    try:
        check_variant(source, variant)
    except ValueError as error:
        raise ImagesError(str(error)) from None
