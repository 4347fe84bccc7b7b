"""Prints the report's page as a PDF: with WeasyPrint (the extra `pdf`), else with a Chromium.

The page carries everything it shows. Nothing it might name besides is ever fetched.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from integration.foundation.errors import InvalidInput
from integration.foundation.wording import templates_folder

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
PRINT_TIMEOUT_S = 60


def pdf(page: bytes) -> bytes:
    """Return the page as a PDF.

    Raises:
        InvalidInput: there is nothing on this machine that prints.
    """
    made = _by_weasyprint(page)
    return _by_browser(page) if made is None else made


def _by_weasyprint(page: bytes) -> bytes | None:
    try:
        import weasyprint
        from weasyprint.urls import URLFetcher
    except (ImportError, OSError):  # Not installed, or without the libraries that it draws with.
        return None
    looks = (templates_folder() / "reports" / "pdf.css").read_text(encoding="utf-8")
    carried = URLFetcher(allowed_protocols=("data",))
    document = weasyprint.HTML(string=page.decode(), url_fetcher=carried)
    drawn: bytes = document.write_pdf(
        stylesheets=[weasyprint.CSS(string=looks, url_fetcher=carried)]
    )
    return drawn


def _by_browser(page: bytes) -> bytes:
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        raise InvalidInput(
            "A PDF needs the extra `pdf` (pip install 'storymeter[pdf]') with the Pango library, "
            "or a Chromium on this machine; or write html and print that"
        )
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "report.html", Path(folder) / "report.pdf"
        source.write_bytes(page)
        subprocess.run(
            [
                browser, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
                "--disable-background-networking", "--disable-sync", "--no-pdf-header-footer",
                f"--user-data-dir={folder}/profile", f"--print-to-pdf={target}", source.as_uri(),
            ],
            check=True, capture_output=True, timeout=PRINT_TIMEOUT_S,
        )  # fmt: skip
        return target.read_bytes()
