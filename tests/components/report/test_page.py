"""The page of a run: complete, well-formed, of one piece, readable by everybody."""

import base64
import itertools
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.run_facts import CLASSES, SLICES, VERDICTS, facts, gate, slice_cell

from tfx_rebalance.components.report import page as page_module
from tfx_rebalance.components.report.facts import Event
from tfx_rebalance.components.report.page import SECTIONS, link, page_of

GATE_SECTIONS = ("recall", "slices", "ranking", "reliability", "confusion", "attempts")
NAMES = st.text(
    st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30
).filter(lambda text: text == text.strip())  # fmt: skip


@pytest.fixture(scope="module")
def pages():
    """Returns the page of each ending, parsed: what is no well-formed XML fails here."""
    return {kind: ET.fromstring(page_of(facts(kind))) for kind in VERDICTS}


@pytest.fixture
def without_pictures(monkeypatch):
    """Leaves the drawing out: it has its own tests and takes most of the time."""
    monkeypatch.setattr(page_module, "_drawn", lambda _: dict.fromkeys(SECTIONS) | EMPTY)


EMPTY = {"ranking": {}, "reliability": {}}


def text_of(element):
    return re.sub(r"\s+", " ", " ".join(element.itertext())).strip()


def by_id(tree, wanted):
    [found] = [element for element in tree.iter() if element.get("id") == wanted]
    return found


@pytest.mark.parametrize(
    ("kind", "title", "tone"),
    [
        ("released", "Released", "good"),
        ("cold_start", "Released", "good"),
        ("not_released", "Not released", "bad"),
        ("insufficient", "Not released: too few rows to tell", "warn"),
        ("stopped_by_data", "Stopped by the data", "bad"),
        ("failed", "Failed in ExampleGen", "bad"),
    ],
)
def test_the_verdict_stands_on_top_with_its_reason(pages, kind, title, tone):
    verdict = by_id(pages[kind], "verdict")

    assert text_of(verdict[0]) == title
    assert tone in verdict.get("class")
    reasons = facts(kind).gate.reasons if facts(kind).gate else [facts(kind).reason]
    assert text_of(verdict[1]).startswith(reasons[0])


@pytest.mark.parametrize("kind", VERDICTS)
def test_every_section_is_there_whatever_the_end(pages, kind):
    for wanted, heading in SECTIONS.items():
        assert text_of(by_id(pages[kind], wanted)[0]) == heading


@pytest.mark.parametrize("kind", ["stopped_by_data", "failed"])
def test_what_was_not_reached_says_so_and_names_the_node(pages, kind):
    node = facts(kind).failed_node
    for section in GATE_SECTIONS:
        assert f"Not reached: the run ended in {node}." in text_of(by_id(pages[kind], section))
    states = text_of(by_id(pages[kind], "nodes"))
    assert f"{node} failed" in states
    assert "Pusher not reached" in states


@pytest.mark.parametrize("kind", ["stopped_by_data", "failed"])
def test_a_run_that_ended_early_shows_the_end_of_its_log_and_the_next_command(pages, kind):
    shown = text_of(pages[kind])

    for line in facts(kind).log_tail:
        assert line.replace("\x1b", "\ufffd") in shown
    assert facts(kind).next_command in shown


def test_a_cold_start_is_told(pages):
    assert "Cold start" in text_of(by_id(pages["cold_start"], "verdict"))
    assert "Cold start" not in text_of(by_id(pages["released"], "verdict"))


@pytest.mark.parametrize("kind", VERDICTS)
def test_nothing_is_fetched_from_elsewhere_and_nothing_runs(pages, kind):
    tags = {element.tag for element in pages[kind].iter()}
    assert not tags & {"script", "iframe", "object", "embed", "video", "audio", "form", "base"}
    for element in pages[kind].iter():
        for name, value in element.attrib.items():
            assert not re.match(r"\s*(https?:)?//", value), (element.tag, name, value)
            assert not name.startswith("on")
        if element.tag in {"img", "link"}:
            assert element.get("src", element.get("href")).startswith("data:")
    assert "url(" not in page_of(facts("failed"))
    assert "@import" not in page_of(facts("failed"))


def test_pictures_are_whole_svgs_with_a_description_and_a_table_behind_them(pages):
    images = list(pages["released"].iter("img"))
    assert len(images) == 3 + 2 * len(CLASSES)
    for image in images:
        kind, _, content = image.get("src").partition(",")
        assert kind == "data:image/svg+xml;base64"
        assert ET.fromstring(base64.b64decode(content)).tag.endswith("svg")
        assert "the table below has the numbers" in image.get("alt")
    for section in ("ranking", "reliability"):
        folded = list(by_id(pages["released"], section).iter("details"))
        assert [len(list(d.iter("table"))) for d in folded] == [1] * len(CLASSES)


@pytest.mark.parametrize("kind", VERDICTS)
def test_headings_are_in_order_tables_have_captions_and_ids_are_unique(pages, kind):
    levels = [int(e.tag[1]) for e in pages[kind].iter() if re.fullmatch("h[1-6]", e.tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels))
    for table in pages[kind].iter("table"):
        assert table[0].tag == "caption"
        assert all(cell.get("scope") for cell in table.iter("th"))
    ids = [e.get("id") for e in pages[kind].iter() if e.get("id")]
    assert len(ids) == len(set(ids))
    links = [a.get("href")[1:] for a in pages[kind].iter("a") if a.get("href").startswith("#")]
    assert set(links) <= set(ids)
    assert pages[kind].get("lang") == "en"


def test_every_text_colour_has_the_contrast_that_wcag_aa_asks_for():
    style = (Path(page_module.__file__).parent / "templates/style.css").read_text()
    colors = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", style))
    for paper in (colors["paper"], "#f5f5f5"):
        for ink in ("ink", "soft", "good", "warn", "bad", "link"):
            assert contrast(colors[ink], paper) >= 4.5, (ink, paper)


def contrast(first, second):
    """Returns the contrast ratio of WCAG 2.1 of two colours, in [1, 21]."""

    def luminance(color):
        channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    darker, lighter = sorted((luminance(first), luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)


def test_the_contrast_of_black_on_white_is_21():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


def test_slices_are_sorted_worst_first(pages):
    rows = [text_of(row) for row in by_id(pages["released"], "slices").iter("tr")][1:]
    assert len(rows) == len(SLICES)
    assert [word in row for word, row in zip(("FR", "IT", "DE"), rows, strict=True)] == [True] * 3
    assert "✗ FAIL blocks" in rows[0]


def test_hashes_versions_seeds_and_the_attempt_are_on_the_page():
    earlier = ("20261121-000000-000000", "20261121-000000-000001")
    shown = page_of(facts("not_released", attempt=3, earlier=earlier))

    for text in ("50c", "7a", "7b", "7c", "30de1", "c0de", "1.16.0", "trainer.seed", "attempt 3"):
        assert text in shown
    for run in earlier:
        assert f'href="../{run}/report.html"' in shown


@pytest.mark.parametrize(
    ("path", "address"),
    [
        ("/root/pipeline/Trainer/model/3", "../../pipeline/Trainer/model/3"),
        ("/root/runs/run-1/log.txt", "log.txt"),
        ("/else where/#1", "../../../else%20where/%231"),
        ("gs://bucket/model", None),
    ],
)
def test_a_file_is_linked_by_the_way_from_the_page(path, address):
    assert link(path, "/root/runs/run-1/log.txt") == address


def test_artifacts_are_links(pages):
    links = {a.get("href") for a in by_id(pages["released"], "nodes").iter("a")}
    assert links == {f"../../out/{node.name}" for node in facts("released").nodes}


def test_an_override_is_the_headline_and_is_listed():
    event = Event(kind="override", version="99", by="Ada", reason="the <old> one is worse",
                  at="2026-11-22T00:00:00+00:00", destination="serving")  # fmt: skip
    tree = ET.fromstring(page_of(facts("not_released", events=(event,))))

    assert text_of(by_id(tree, "verdict")[0]) == "Not blessed, released by Ada"
    assert "the <old> one is worse" in text_of(by_id(tree, "verdict")[1])
    assert "override 99 – Ada" in text_of(by_id(tree, "releases"))


def test_what_could_not_be_read_is_told():
    assert "Not read: training.json is gone" in page_of(
        facts("released", training=None, unread=("training.json is gone",))
    )


@pytest.mark.usefixtures("without_pictures")
@given(
    classes=st.lists(NAMES, min_size=2, max_size=6, unique=True),
    wheres=st.lists(st.dictionaries(NAMES, NAMES, min_size=1, max_size=2), max_size=6),
)
def test_every_class_and_every_slice_is_named(classes, wheres):
    cells = tuple(slice_cell(classes[0], where) for where in wheres)
    page = page_of(
        facts("released", classes=tuple(classes), gate=gate(classes=tuple(classes), slices=cells))
    )
    tree = ET.fromstring(page)

    heads = {"".join(cell.itertext()) for cell in by_id(tree, "recall").iter("th")}
    assert set(classes) <= heads
    sliced = ["".join(row[0].itertext()) for row in by_id(tree, "slices").iter("tr")][1:]
    told = [" and ".join(f"{k} is {v}" for k, v in where.items()) for where in wheres]
    assert sorted(sliced) == sorted(told)


@pytest.mark.usefixtures("without_pictures")
@given(text=st.text(max_size=60))
def test_whatever_the_log_and_the_reason_say_the_page_is_well_formed(text):
    page = page_of(facts("failed", reason=text, log_tail=(text,), next_command=text))
    ET.fromstring(page)
    assert page.encode()
