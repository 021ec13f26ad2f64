"""A browser without a window, and what is to hold of every page in it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

# The least contrast of text and what is behind it, by the luminances of WCAG 2.2, and where it is.
CONTRAST = """
const parse = (text) => text.match(/[\\d.]+/g).map(Number);
const light = (rgb) => {
  const [r, g, b] = rgb.map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const behind = (element) => {
  for (let each = element; each; each = each.parentElement) {
    const [r, g, b, a = 1] = parse(getComputedStyle(each).backgroundColor);
    if (a > 0) return [r, g, b];
  }
  return [255, 255, 255];
};
let least = [21, "nothing"];
for (const element of document.querySelectorAll("body *")) {
  const words = [...element.childNodes].filter((n) => n.nodeType === 3 && n.textContent.trim());
  if (!words.length || !element.getClientRects().length) continue;
  const ink = light(parse(getComputedStyle(element).color).slice(0, 3));
  const paper = light(behind(element));
  const ratio = (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
  if (ratio < least[0]) least = [ratio, element.outerHTML.slice(0, 80)];
}
return least;
"""


def find_browser() -> tuple[str, str]:
    """Return chromium and chromedriver; without them tests are skipped, and in CI they fail."""
    found = shutil.which("chromium"), shutil.which("chromedriver")
    if None not in found:
        return found[0] or "", found[1] or ""
    reason = "chromium and chromedriver are not installed; see .ci/system-packages"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def browsing() -> Iterator[Any]:
    """Start a browser that writes down what pages load and say, and end it with the block."""
    webdriver = pytest.importorskip("selenium.webdriver")
    program, driver = find_browser()
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for each in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(each)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    try:
        yield browser
    finally:
        browser.quit()


def visit(browser: Any, url: str, width: int, scheme: str) -> None:
    """Open a page of some width in a colour scheme, `light` or `dark`."""
    browser.get_log("performance")
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get(url)


def list_requests(browser: Any) -> list[str]:
    """Return what was loaded since the last look, but for what pages have in them."""
    messages = [json.loads(each["message"])["message"] for each in browser.get_log("performance")]
    sent = (each["params"] for each in messages if each["method"] == "Network.requestWillBeSent")
    return [
        each["request"]["url"] for each in sent if not each["request"]["url"].startswith("data:")
    ]


def check_page(browser: Any, url: str) -> None:
    """Check the page that is open: it loads and reports nothing, fits, and can be read."""
    assert list_requests(browser) == [url]
    assert browser.get_log("browser") == []
    wide, room = browser.execute_script(
        "return [document.documentElement.scrollWidth, window.innerWidth]"
    )
    assert wide <= room
    assert (
        browser.execute_script(
            "return [...document.images].filter((i) => !i.alt || !i.naturalWidth).map((i) => i.alt)"
        )
        == []
    )
    ratio, where = browser.execute_script(CONTRAST)
    assert ratio >= 4.5, where
