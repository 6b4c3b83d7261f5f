"""What a worker reads at once."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from support.sources import touch

from tfx_rebalance.components.example_gen import parts
from tfx_rebalance.components.example_gen.parts import parts_of
from tfx_rebalance.components.example_gen.sources.source import Piece
from tfx_rebalance.components.example_gen.spans import File, Window

pytestmark = pytest.mark.tfx


@dataclass
class Reader:
    """Gives the files, or so many row groups of each."""

    groups: dict[str, int] = field(default_factory=dict)

    def pieces(self, paths: Sequence[str]) -> list[Piece]:
        """Returns a piece per file, or per row group."""
        found = [(path, self.groups.get(path)) for path in paths]
        whole = [Piece(path) for path, groups in found if groups is None]
        return [*whole, *(Piece(path, g) for path, groups in found for g in range(groups or 0))]


def names_of(found):
    return [[(piece.path.rpartition("/")[2], piece.row_group) for piece in p.pieces] for p in found]


@pytest.fixture
def file(tmp_path):
    """Returns a function that makes a file of some bytes."""

    def make(name, size=1, *, split="", span=0):
        touch(tmp_path, name)
        (tmp_path / name).write_bytes(b"x" * size)
        return File(str(tmp_path / name), split, span)

    return make


def window(files, before=()):
    return Window(tuple(files), span=0, version=0, before=tuple(before))


def test_small_files_are_read_together_and_a_large_one_alone(file, monkeypatch):
    monkeypatch.setattr(parts, "PART_BYTES", 10)
    sizes = {"a": 4, "b": 6, "c": 1, "d": 99, "e": 1}
    found = parts_of(window(file(name, size) for name, size in sizes.items()), Reader())
    assert names_of(found) == [
        [("a", None), ("b", None)],
        [("c", None)],
        [("d", None)],
        [("e", None)],
    ]
    assert [part.number for part in found] == [0, 1, 2, 3]


def test_row_groups_are_read_one_by_one_and_a_file_without_any_not_at_all(file):
    two, none = file("two"), file("none")
    found = parts_of(window([two, none]), Reader({two.path: 2, none.path: 0}))
    assert names_of(found) == [[("two", 0)], [("two", 1)]]


def test_files_of_other_splits_and_spans_are_never_read_together(file):
    files = [
        file("1t", split="train", span=1), file("1e", split="eval", span=1),
        file("2t", split="train", span=2), file("2u", split="train", span=2),
    ]  # fmt: skip
    found = parts_of(window(files), Reader())
    assert [(part.split, part.span, len(part.pieces)) for part in found] == [
        ("train", 1, 1), ("eval", 1, 1), ("train", 2, 2),
    ]  # fmt: skip


def test_the_span_that_left_the_window_comes_last_and_is_marked(file):
    found = parts_of(window([file("new", span=2)], [file("old", span=1)]), Reader())
    assert [(part.number, part.span, part.is_before) for part in found] == [
        (0, 2, False), (1, 1, True),
    ]  # fmt: skip


def test_one_file_need_not_be_there_to_be_a_part():
    assert names_of(parts_of(window([File("demo", "", 0)]), Reader())) == [[("demo", None)]]
    assert parts_of(window([]), Reader()) == []
