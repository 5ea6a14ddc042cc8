"""Timelines and a headless browser for the tests of the report page."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from runtime.program import Kernel, Program

FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Debian's Chromium, driven by Selenium; without it the test is skipped, except in continuous integration."""
    programs = [shutil.which(name) for name in ("chromium", "chromedriver")]
    if None in programs:
        missing = "chromium and chromium-driver are not installed"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(missing)
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service

    options = Options()
    options.binary_location, driver = programs
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        for flag in (*FLAGS, f"--user-data-dir={profile}", "--window-size=1400,1000"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        running = webdriver.Chrome(options=options, service=Service(driver))
        try:
            yield running
        finally:
            running.quit()


@pytest.fixture
def opened(browser: Any) -> Any:
    """Open a page, wait until it is ready, and see that nothing went wrong."""
    from selenium.webdriver.support.ui import WebDriverWait

    def open_page(path: Path) -> Any:
        browser.get(path.as_uri())
        WebDriverWait(browser, 60).until(lambda page: page.execute_script("return document.body.dataset.ready"))
        assert errors(browser) == []
        return browser

    return open_page


def errors(browser: Any) -> list[str]:
    return [entry["message"] for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]


@pytest.fixture
def browser_errors() -> Any:
    return errors


@pytest.fixture
def single_kernel() -> Any:
    """A program that has one kernel, launched once, on buffers that are given as (name, kind, key)."""

    def make(buffers: list[Any], launches: list[Any]) -> Program:
        kernel = Kernel("k", "vector", 1, [], vector=np.zeros(0))
        return Program("tiny", [kernel], buffers, launches)

    return make
