"""Reports in a real browser: nothing fails, nothing is fetched, a phone shows them."""

import base64
from pathlib import Path

import pytest
from support.browser import chromium
from support.run_facts import CLASSES, VERDICTS, facts, gate, slice_cell

from tfx_rebalance.components.report.page import SECTIONS
from tfx_rebalance.pipeline.pages import write_report

pytestmark = pytest.mark.e2e

SCREENSHOTS = Path(__file__).resolve().parents[2] / "build" / "screenshots"
LONG = "/very/long/path/" + "without-any-break-" * 12
SENT_OUT = "http://elsewhere.invalid/pixel.png"


@pytest.fixture(scope="module")
def browser():
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Returns a root with a run of each ending and one of awkward names."""
    root = tmp_path_factory.mktemp("root")
    for kind in VERDICTS:
        _write(root, kind, facts(kind, run_id=kind))
    names = ("a" * 90, *(f"class {i}" for i in range(11)))
    cells = tuple(slice_cell(names[0], {"x" * 60: LONG, "b": str(i)}) for i in range(30))
    wide = gate(classes=names, slices=cells)
    _write(root, "wide", facts("released", run_id="wide", gate=wide, classes=names, model_uri=LONG,
                               next_command=f"tfx-rebalance predict {LONG} IN OUT",
                               reason=LONG, notes=(LONG,), config={"data": LONG}))  # fmt: skip
    return root


def _write(root, run_id, made):
    (root / "runs" / run_id).mkdir(parents=True)
    write_report(root, made)


def _page(root, kind):
    return root / "index.html" if kind == "index" else root / "runs" / kind / "report.html"


EVERY = pytest.mark.parametrize("kind", [*VERDICTS, "wide", "index"])


@EVERY
def test_a_page_opens_without_an_error_and_without_a_request(browser, root, kind):
    page = _page(root, kind)
    browser.open(page)

    assert browser.requests == [page.as_uri()]
    assert browser.console == []
    assert browser.ask("[...document.images].every(i => i.complete && i.naturalWidth > 50)")


def test_a_page_that_does_send_something_out_would_be_seen(browser, tmp_path):
    page = tmp_path / "bad.html"
    page.write_text(f"<img src='{SENT_OUT}'><script>undefined.x</script>")
    browser.open(page)

    assert SENT_OUT in browser.requests
    assert any("undefined" in text for text in browser.console)


@pytest.mark.parametrize("kind", [*VERDICTS, "wide"])
def test_every_section_is_shown(browser, root, kind):
    browser.open(_page(root, kind))

    shown = browser.ask(
        "Object.fromEntries([...document.querySelectorAll('section[id]')]"
        ".map(s => [s.id, s.getBoundingClientRect().height]))"
    )
    assert set(shown) == {"verdict", *SECTIONS}
    assert min(shown.values()) > 30
    assert browser.ask("document.querySelectorAll('#recall img').length") == (
        1 if facts(kind if kind != "wide" else "released").gate else 0
    )


@EVERY
def test_a_phone_shows_the_page_without_scrolling_sideways(browser, root, kind):
    browser.open(_page(root, kind), phone=True)

    assert browser.ask("innerWidth") == 360
    assert browser.ask("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("kind", VERDICTS)
def test_a_phone_shows_the_verdict_first(browser, root, kind):
    browser.open(_page(root, kind), phone=True)

    for part, letters in ((".title", 20), (".reason", 14)):
        element = f"document.querySelector('#verdict {part}')"
        box = browser.ask(f"{element}.getBoundingClientRect().toJSON()")
        assert 0 <= box["left"] < box["right"] <= 360
        assert 0 <= box["top"] < box["bottom"] <= 640
        assert float(browser.ask(f"getComputedStyle({element}).fontSize")[:-2]) >= letters


def test_tab_reaches_the_content_first_and_then_links_tables_and_details(browser, root):
    from selenium.webdriver import ActionChains
    from selenium.webdriver.common.keys import Keys

    browser.open(_page(root, "released"))
    reached = []
    for _ in range(60):
        ActionChains(browser.driver).send_keys(Keys.TAB).perform()
        reached.append(browser.ask("document.activeElement.className || "
                                   "document.activeElement.tagName"))  # fmt: skip
    assert reached[0] == "skip"
    assert {"A", "scroll", "SUMMARY"} <= set(reached)


def test_numbers_behind_a_chart_unfold(browser, root):
    browser.open(_page(root, "released"))
    folded = "document.querySelector('#ranking details')"
    shown = f"{folded}.querySelector('table').checkVisibility()"

    assert browser.ask(shown) is False
    browser.driver.execute_script(f"{folded}.querySelector('summary').click()")
    assert browser.ask(shown) is True


def test_a_page_prints_with_what_was_folded(browser, root):
    browser.open(_page(root, "released"))
    pdf = base64.b64decode(browser.driver.print_page())
    assert pdf.startswith(b"%PDF")

    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        hidden = browser.ask("document.querySelector('nav').getBoundingClientRect().height")
        unfolded = browser.ask("document.querySelector('#ranking details table').checkVisibility()")
    finally:
        browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    assert hidden == 0
    assert unfolded is True


@pytest.mark.parametrize("kind", ["released", "not_released", "failed", "index"])
@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_a_screenshot_is_kept(browser, root, kind, phone):
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    kept = SCREENSHOTS / f"report_{kind}_{'phone' if phone else 'desk'}.png"
    kept.unlink(missing_ok=True)
    browser.open(_page(root, kind), phone=phone)

    assert browser.driver.save_screenshot(str(kept))
    assert kept.stat().st_size > 5000


def test_classes_are_on_the_page_as_they_are_called(browser, root):
    browser.open(_page(root, "released"))

    heads = browser.ask("[...document.querySelectorAll('#recall tbody th')].map(e => e.innerText)")
    assert set(heads) == set(CLASSES)
