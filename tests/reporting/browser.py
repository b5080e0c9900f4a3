"""Pages in a headless Chromium: run a script in a page and get back what it found."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")

HEADLESS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-sync",
    "--virtual-time-budget=10000",
)

_RESULT = re.compile(r'<pre id="rex-result">(.*?)</pre>', re.DOTALL)
_REPORT = """
<script>
window.addEventListener("load", () => {
  let found;
  try { found = (() => { %s })(); } catch (error) { found = {error: String(error)}; }
  const result = document.createElement("pre");
  result.id = "rex-result";
  result.textContent = JSON.stringify(found);
  document.body.append(result);
});
</script>
"""


def run_in_page(page: Path, script: str, *, width: int = 1200, folder: Path) -> Any:
    """Return what `script` (the body of a function) returns in the page `page`.

    Pages narrower than a desktop window (which Chromium refuses to make) are shown in a frame of
    that width; `document` and `window` are then those of the frame.
    """
    text = page.read_text(encoding="utf-8")
    if width < 500:
        framed = html.escape(text)
        script = f"""
          const frame = window.frames[0];
          return ((document, window) => {{ {script} }})(frame.document, frame);
        """
        text = (
            f'<body style="margin:0"><iframe style="border:0;width:{width}px;height:800px" '
            f'srcdoc="{framed}"></iframe></body>'
        )
    probed = folder / "probed.html"
    probed.write_text(text.replace("</body>", _REPORT % script + "</body>"), encoding="utf-8")
    written = _chromium(folder, "--dump-dom", f"--window-size={max(width, 500)},900", probed)
    result = _RESULT.search(written)
    assert result is not None, written[-2000:]
    return json.loads(html.unescape(result[1]))


def screenshot(page: Path, picture: Path, *, folder: Path) -> None:
    """Take a picture of a page."""
    _chromium(folder, f"--screenshot={picture}", "--window-size=1200,900", page)


def _chromium(folder: Path, *arguments: object) -> str:
    assert CHROMIUM is not None
    *options, page = arguments
    ended = subprocess.run(
        [
            CHROMIUM,
            *HEADLESS,
            f"--user-data-dir={folder / 'profile'}",
            *map(str, options),
            f"file://{page}",
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return ended.stdout
