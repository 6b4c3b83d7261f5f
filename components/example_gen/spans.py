"""Which files of a dated or numbered pattern are read: the newest spans, or those of a day.

The patterns are those of TFX's file-based ExampleGen (`tfx.components.example_gen.utils`): one
`{SPAN}`, or one each of `{YYYY}`, `{MM}` and `{DD}`, and with either one `{VERSION}`; `{SPAN:4}`
and `{VERSION:2}` are padded with zeros to that width. A day's span is its days since 1970-01-01.
"""

import datetime
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from tfx_rebalance.errors import DataError

EPOCH = datetime.date(1970, 1, 1)
DATE_SPECS = ("{YYYY}", "{MM}", "{DD}")

_NUMBER = re.compile(r"\{(SPAN|VERSION)(?::(\d+))?\}")
_SPEC = re.compile(r"\{(?:SPAN|VERSION)(?::[^}]*)?\}|\{YYYY\}|\{MM\}|\{DD\}")
_WILDCARD = re.compile(r"(\*|\?|\[[^\]/]+\])")
_WILDCARDS = {"*": "[^/]*", "?": "[^/]"}
_DATE_DIGITS = {"{YYYY}": ("year", 4), "{MM}": ("month", 2), "{DD}": ("day", 2)}

Glob = Callable[[str], Collection[str]]


@dataclass(frozen=True)
class File:
    """A file to read."""

    path: str
    split: str
    """The split it is for; "" where its rows are shared out."""
    span: int


@dataclass(frozen=True)
class Window:
    """What the patterns stand for in this run."""

    files: tuple[File, ...]
    span: int
    """The newest one; 0 without spans."""
    version: int
    """The newest span's; 0 without versions."""
    before: tuple[File, ...] = ()
    """The files of the span right before the window, if there are any: the last window had it."""


def is_dated(pattern: str) -> bool:
    """Returns whether a pattern holds a date."""
    return any(spec in pattern for spec in DATE_SPECS)


def has_spans(pattern: str) -> bool:
    """Returns whether a pattern holds a date or the number of a span."""
    return is_dated(pattern) or "{SPAN" in pattern


def span_of(day: datetime.date) -> int:
    """Returns a day's number, counted from 1970-01-01."""
    return (day - EPOCH).days


def resolve(
    patterns: Mapping[str, str],
    *,
    glob: Glob,
    newest: int | None = None,
    window: int = 1,
) -> Window:
    """Returns the files of the last `window` spans.

    Args:
        patterns: By split; all with the same kind of spans.
        glob: Lists the files that a pattern of `*` and `?` stands for.
        newest: The newest span to take; None: the newest that every pattern has.
        window: How many spans.

    Raises:
        DataError: If a pattern is wrong, a span is missing, or nothing is there.
    """
    kinds = {split: _check(pattern) for split, pattern in patterns.items()}
    if len(set(kinds.values())) > 1:
        raise DataError(
            f"the patterns {', '.join(map(repr, patterns.values()))} do not have the same of "
            "{SPAN}, {YYYY}-{MM}-{DD} and {VERSION}. Give all of them the same."
        )
    if not any(kinds.values()):
        files = [f for s, p in patterns.items() for f in _plain(p, s, glob)]
        return Window(tuple(files), span=0, version=0)
    found = {split: _by_span(pattern, glob) for split, pattern in patterns.items()}
    if newest is None:
        newest = _newest(patterns, found)
    spans = range(newest - window + 1, newest + 1)
    _check_complete(patterns, found, spans)
    files = [f for span in spans for split in patterns for f in _files(found[split], span, split)]
    earlier = newest - window
    before = [f for split in patterns for f in _files(found[split], earlier, split)]
    version = max(max(versions[newest]) for versions in found.values())
    return Window(tuple(files), span=newest, version=version, before=tuple(before))


Versions = Mapping[int, Sequence[str]]
Spans = Mapping[int, Versions]


def _files(spans: Spans, span: int, split: str) -> list[File]:
    """Returns the files of a span's newest version; none if the span is not there."""
    versions = spans.get(span)
    return [File(path, split, span) for path in versions[max(versions)]] if versions else []


def _plain(pattern: str, split: str, glob: Glob) -> list[File]:
    paths = sorted(glob(pattern))
    if not paths:
        raise DataError(f"no file matches {pattern!r}. Correct the path, or bring the data.")
    return [File(path, split, span=0) for path in paths]


def _by_span(pattern: str, glob: Glob) -> dict[int, dict[int, list[str]]]:
    expression = _expression(pattern)
    spans: dict[int, dict[int, list[str]]] = {}
    for path in sorted(glob(_SPEC.sub("*", pattern))):
        match = expression.fullmatch(path)
        if match is None:
            continue  # `*` also matches what is no number.
        span = _span_of(match, path)
        version = int(match.groupdict().get("VERSION") or 0)
        spans.setdefault(span, {}).setdefault(version, []).append(path)
    return spans


def _span_of(match: re.Match[str], path: str) -> int:
    parts = match.groupdict()
    if "SPAN" in parts:
        return int(parts["SPAN"])
    try:
        day = datetime.date(int(parts["year"]), int(parts["month"]), int(parts["day"]))
    except ValueError:
        raise DataError(
            f"{path!r} has no day of the calendar where the pattern has one. Rename the file."
        ) from None
    return span_of(day)


def _expression(pattern: str) -> re.Pattern[str]:
    parts, end = [], 0
    for spec in _SPEC.finditer(pattern):
        parts += [_wildcards(pattern[end : spec.start()]), _group(spec[0])]
        end = spec.end()
    return re.compile("".join([*parts, _wildcards(pattern[end:])]))


def _wildcards(text: str) -> str:
    """Returns text with `*`, `?` and `[abc]` as an expression that matches what the glob does."""
    parts = _WILDCARD.split(text)
    return "".join(
        _WILDCARDS.get(part, part) if i % 2 else re.escape(part) for i, part in enumerate(parts)
    )


def _group(spec: str) -> str:
    if spec in _DATE_DIGITS:
        name, digits = _DATE_DIGITS[spec]
        return rf"(?P<{name}>\d{{{digits}}})"
    [(name, width)] = _NUMBER.findall(spec)
    return rf"(?P<{name}>\d{{{width}}})" if width else rf"(?P<{name}>\d+)"


def _check(pattern: str) -> frozenset[str]:
    """Returns which specs a pattern has.

    Raises:
        DataError: If they do not go together.
    """
    found = _SPEC.findall(pattern)
    kinds = [re.sub(r":.*\}", "}", spec) for spec in found]
    dates = [kind for kind in kinds if kind in DATE_SPECS]
    wrong = ""
    if len(set(kinds)) < len(kinds):
        wrong = "has one of its specs twice"
    elif any(spec not in DATE_SPECS and not _NUMBER.fullmatch(spec) for spec in found):
        wrong = "has a width that is no number"
    elif dates and len(dates) < len(DATE_SPECS):
        wrong = "has only a part of a date"
    elif dates and "{SPAN}" in kinds:
        wrong = "has both a span and a date"
    elif kinds == ["{VERSION}"]:
        wrong = "has a version without a span or a date"
    if wrong:
        raise DataError(
            f"{pattern!r} {wrong}. Allowed are one {{SPAN}}, or one each of {{YYYY}}, {{MM}} and "
            "{DD}, and with either one {VERSION}; {SPAN:4} has four digits."
        )
    return frozenset(kinds)


def _newest(patterns: Mapping[str, str], found: Mapping[str, Spans]) -> int:
    common = set.intersection(*(set(spans) for spans in found.values()))
    if not common:
        names = ", ".join(map(repr, patterns.values()))
        raise DataError(f"no file matches {names}. Correct the path, or bring the data.")
    return max(common)


def _check_complete(
    patterns: Mapping[str, str], found: Mapping[str, Spans], spans: Sequence[int]
) -> None:
    for split, pattern in patterns.items():
        there = [_name(pattern, span) for span in sorted(found[split])]
        gone = [_name(pattern, span) for span in spans if span not in found[split]]
        if gone:
            known = f"from {there[0]} to {there[-1]}" if there else "nothing at all"
            raise DataError(
                f"{pattern!r} has no file for {', '.join(gone)}; there is {known}. Bring the "
                "data, or change data.run_date, data.span or data.window."
            )


def _name(pattern: str, span: int) -> str:
    if not is_dated(pattern):
        return f"span {span}"
    return (EPOCH + datetime.timedelta(days=span)).isoformat()
