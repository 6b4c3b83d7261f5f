"""Makes the folder of images that `mnist-longtail.yaml` reads: MNIST with a long tail.

MNIST (LeCun, Cortes and Burges) is 60,000 handwritten digits in two idx files. Of the digit c the
first `round(largest * ratio ** (c / 9))` images are taken: 5421 zeros, but only 54 nines.
"""

import argparse
import gzip
import struct
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
UNSIGNED_BYTES = 8
"""How an idx file calls the type of its numbers."""
DIGITS = 10
LARGEST = 5421
"""MNIST has no digit less often."""

Bytes = npt.NDArray[np.uint8]


def main(arguments: Sequence[str] | None = None) -> None:
    """Makes the folder that the command line asks for."""
    parser = argparse.ArgumentParser(description="Make an image folder from MNIST's idx files.")
    parser.add_argument("source", type=Path, help=f"has {IMAGES} and {LABELS}, .gz or not")
    parser.add_argument("target", type=Path, help="the folder to make, such as data/mnist-longtail")
    parser.add_argument("--largest", type=int, default=LARGEST, help="zeros (default: %(default)s)")
    parser.add_argument("--ratio", type=float, default=0.01, help="nines / zeros (%(default)s)")
    given = parser.parse_args(arguments)
    try:
        written = write_folder(given.source, given.target, largest=given.largest, ratio=given.ratio)
    except (OSError, ValueError) as error:
        raise SystemExit(f"error: {error}") from None
    print(f"{given.target}: {sum(written):,} images; of each digit {written}")


def write_folder(source: Path, target: Path, *, largest: int, ratio: float) -> list[int]:
    """Writes `<target>/<digit>/<place in MNIST>.png` and returns how many there are of each digit.

    Args:
        source: The folder of the two idx files, as they are or with gzip.
        target: Is made; there must be nothing in it.
        largest: How many zeros, at least 1.
        ratio: Nines / zeros, in (0, 1].

    Raises:
        OSError: If a file cannot be read or written.
        ValueError: If an argument is out of range, `target` is not empty or a file is no idx file.
    """
    if not (largest >= 1 and 0 < ratio <= 1):
        raise ValueError(f"largest must be >= 1 and ratio in (0, 1], got {largest} and {ratio}.")
    if target.exists() and any(target.iterdir()):
        raise ValueError(f"{str(target)!r} is not empty. Name another folder or remove it.")
    images, labels = read_idx(_file(source, IMAGES)), read_idx(_file(source, LABELS))
    chosen = list(_long_tail(labels, largest=largest, ratio=ratio))
    for digit, places in enumerate(chosen):
        folder = target / str(digit)
        folder.mkdir(parents=True)
        for place in places:
            (folder / f"{place:05d}.png").write_bytes(png(images[place]))
    return [len(places) for places in chosen]


def _long_tail(labels: Bytes, *, largest: int, ratio: float) -> Iterator[npt.NDArray[np.int64]]:
    """Yields the places of the images of each digit that are taken."""
    for digit in range(DIGITS):
        wanted = round(largest * ratio ** (digit / (DIGITS - 1)))
        places = np.flatnonzero(labels == digit)
        if len(places) < wanted:
            raise ValueError(f"{wanted} of the digit {digit} are wanted, {len(places)} are there.")
        yield places[:wanted]


def _file(folder: Path, name: str) -> Path:
    packed = folder / f"{name}.gz"
    return packed if packed.exists() else folder / name


def read_idx(path: Path) -> Bytes:
    """Returns the numbers of an idx file, plain or with gzip, in the shape it says.

    Raises:
        OSError: If it cannot be read.
        ValueError: If it is no idx file of unsigned bytes, or not whole.
    """
    content = path.read_bytes()
    if path.suffix == ".gz":
        content = gzip.decompress(content)
    if len(content) < 4 or content[:3] != bytes([0, 0, UNSIGNED_BYTES]):
        raise ValueError(f"{str(path)!r} is no idx file of unsigned bytes.")
    head = 4 + 4 * content[3]
    shape = struct.unpack(f">{content[3]}I", content[4:head])
    numbers = np.frombuffer(content, np.uint8, offset=head)
    if len(numbers) != np.prod(shape):
        raise ValueError(f"{str(path)!r} holds {len(numbers)} numbers, its head says {shape}.")
    return numbers.reshape(shape)


def png(image: Bytes) -> bytes:
    """Returns a grey image, (height, width), as a PNG file (PNG specification, third edition)."""
    height, width = image.shape
    # 8 bits a pixel, grey, no interlacing; before each row stands that it is not filtered.
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = np.hstack([np.zeros((height, 1), np.uint8), image]).tobytes()
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in chunks)


def _chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


if __name__ == "__main__":
    main()
