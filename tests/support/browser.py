"""A headless Chromium that tells what a page did: its console, its requests, its layout."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

PHONE = {"width": 360, "height": 640, "deviceScaleFactor": 2, "mobile": True}
OFFLINE = "MAP * ~NOTFOUND"


class Browser:
    """One window."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def open(self, page: Path, *, phone: bool = False) -> None:
        """Opens a file; what was logged before is forgotten."""
        if phone:
            self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
        else:
            self.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        self.driver.get_log("browser")
        self.driver.get_log("performance")
        self.driver.get(page.as_uri())

    @property
    def console(self) -> list[str]:
        """What the page complained of since it was opened."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    @property
    def requests(self) -> list[str]:
        """Every address the page asked for since it was opened, but for its own content."""
        messages = [json.loads(e["message"])["message"] for e in self.driver.get_log("performance")]
        sent = [m["params"] for m in messages if m["method"] == "Network.requestWillBeSent"]
        return [p["request"]["url"] for p in sent if not p["request"]["url"].startswith("data:")]

    def ask(self, script: str) -> Any:
        """Returns what JavaScript says."""
        return self.driver.execute_script(f"return {script}")


@contextmanager
def chromium() -> Iterator[Browser]:
    """Yields a browser; in CI it must be there, elsewhere the test is skipped without one."""
    program, control = shutil.which("chromium"), shutil.which("chromedriver")
    if not (program and control):
        tell = pytest.fail if os.environ.get("CI") else pytest.skip
        tell("needs chromium and chromedriver (Debian: apt-get install chromium chromium-driver)")
    from selenium.webdriver import Chrome, ChromeOptions, ChromeService

    options = ChromeOptions()
    options.binary_location = program
    for flag in ("headless=new", "no-sandbox", "disable-dev-shm-usage", "window-size=1100,900",
                 "disable-background-networking", f"host-resolver-rules={OFFLINE}"):  # fmt: skip
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = Chrome(options=options, service=ChromeService(executable_path=control))
    try:
        yield Browser(driver)
    finally:
        driver.quit()
