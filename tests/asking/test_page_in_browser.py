"""The page in a headless Chromium: what a person does, done by a script."""

from __future__ import annotations

import html
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import HTMLResponse
from starlette.types import Receive, Scope, Send

from rex.asking.server import AskServer
from tests.reporting.browser import CHROMIUM, HEADLESS

from .parrot import served

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium"),
]

_PROBE = """<!DOCTYPE html><body style="margin:0">
<iframe style="border:0;width:%dpx;height:800px" src="/%s"></iframe>
<script>
const frame = document.querySelector("iframe");
frame.addEventListener("load", async () => {
  const page = frame.contentDocument;
  const at = (id) => page.getElementById(id);
  const wait = () => new Promise((done) => setTimeout(done, 20));
  const until = async (test) => {
    for (let i = 0; i < 300; i++) { if (test()) return; await wait(); }
    throw new Error(`never: ${test}`);
  };
  const upload = (content, name) => {
    const files = new frame.contentWindow.DataTransfer();
    files.items.add(new frame.contentWindow.File([content], name));
    at("file").files = files.files;
    at("file").dispatchEvent(new Event("change"));
  };
  const ask = async (text) => {
    at("question").value = text;
    at("send").click();
    await until(() => at("busy").hidden);
  };
  let found;
  try { found = await (async () => { %s })(); } catch (error) { found = {error: String(error)}; }
  const result = document.createElement("pre");
  result.id = "rex-result";
  result.textContent = JSON.stringify(found);
  document.body.append(result);
}, {once: true});
</script>"""

_RESULT = re.compile(r'<pre id="rex-result">(.*?)</pre>', re.DOTALL)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[AskServer]:
    with served(tmp_path) as made:
        yield made


def do(server: AskServer, folder: Path, script: str, *, width: int = 1100, path: str = "") -> Any:
    """Return what `script` returns in the page, shown in a window of this width."""
    probe = HTMLResponse(_PROBE % (width, path, script))
    uvicorn = server._server.config
    page = uvicorn.loaded_app

    async def probing(scope: Scope, receive: Receive, send: Send) -> None:
        """Also serve the page in a frame, with a script beside it."""
        await (probe if scope["path"] == "/probe" else page)(scope, receive, send)

    uvicorn.loaded_app = probing
    ended = subprocess.run(
        [
            str(CHROMIUM),
            *HEADLESS,
            f"--user-data-dir={folder / 'profile'}",
            "--dump-dom",
            "--window-size=1200,900",
            f"http://127.0.0.1:{server.server_address[1]}/probe",
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    result = _RESULT.search(ended.stdout)
    assert result is not None, ended.stdout[-2000:]
    return json.loads(html.unescape(result[1]))


def test_an_image_of_the_folder_is_asked_about(server: AskServer, tmp_path: Path) -> None:
    found = do(
        server,
        tmp_path,
        """
        await until(() => page.querySelector("#thumbnails button"));
        page.querySelector("#thumbnails button").click();
        await ask("What?");
        const [region, cell] = page.querySelectorAll(".points");
        const box = page.querySelector(".box:not(.cell)");
        const pointed = () => [...page.querySelectorAll(".pointed")].map((one) => one.textContent);
        const lit = [];
        for (const [element, event] of [[region, "pointerenter"], [region, "pointerleave"],
          [cell, "focus"], [cell, "blur"], [box, "pointerenter"]]) {
          element.dispatchEvent(new Event(event));
          lit.push(pointed());
        }
        return {
          answer: at("answer").textContent, sure: at("sure").textContent,
          explanation: at("explanation").textContent.trim(),
          sentence: at("sentence").textContent, bold: page.querySelectorAll("#result b").length,
          box: [box.style.left, box.style.top, box.style.width, box.style.height],
          focusable: [region.tabIndex, cell.tabIndex], lit,
          address: frame.contentWindow.location.search,
          chosen: page.querySelector("#thumbnails button").getAttribute("aria-pressed"),
        };
        """,
    )
    assert found == {
        "answer": "red",
        "sure": "88 % sure",
        "explanation": "#3 car is <b>red</b> @2",
        "sentence": "The car is <b>red</b> the top middle-left of the image.",
        "bold": 0,  # text, not markup
        "box": ["2.5%", "8.33333%", "72.5%", "75%"],
        "focusable": [0, 0],
        "lit": [["#3 car", "#3 car"], [], ["@2", "@2"], [], ["#3 car", "#3 car"]],
        "address": "?question=What%3F&image=a+car.png",
        "chosen": "true",
    }


def test_a_file_is_uploaded_on_a_phone(server: AskServer, tmp_path: Path) -> None:
    found = do(
        server,
        tmp_path,
        """
        const canvas = page.createElement("canvas");
        [canvas.width, canvas.height] = [50, 20];
        upload(await new Promise((done) => canvas.toBlob(done)), "my <photo>.png");
        await until(() => at("picture").naturalWidth === 50);
        await ask("What?");
        const root = page.documentElement;
        const image = at("picture").getBoundingClientRect();
        frame.contentWindow.scrollTo(0, 10000);
        await wait();
        return {
          answer: at("answer").textContent, chosen: at("chosen").textContent,
          overflow: root.scrollWidth - root.clientWidth,
          full: Math.round(image.width) === root.clientWidth - 24,
          labels: [...page.querySelectorAll(".box span")].filter((label) => {
            const [one, all] = [label, at("boxes")].map((part) => part.getBoundingClientRect());
            return one.left < all.left || one.right > all.right || one.top < all.top;
          }).length,
          insight: at("picture").getBoundingClientRect().top >= 0,
        };
        """,
        width=390,
    )
    assert found == {
        "answer": "red",
        "chosen": "my <photo>.png",
        "overflow": 0,
        "full": True,  # a small image fills the width, for its boxes to be seen
        "labels": 0,  # none is cut off by the image's edge
        "insight": True,
    }


def test_what_goes_wrong_is_said(server: AskServer, tmp_path: Path) -> None:
    found = do(
        server,
        tmp_path,
        """
        const said = [];
        const note = () => said.push(at("problem").hidden ? "" : at("problem").textContent);
        await ask("What?"); note();
        upload("hello", "text.png");
        await until(() => at("problem").textContent.startsWith("“text"));
        note();
        upload(new Uint8Array(11e6), "big.png"); note();
        await until(() => page.querySelector("#thumbnails button"));
        page.querySelector("#thumbnails button").click(); note();
        await ask("broken?"); note();
        await ask("boom?"); note();
        await ask("mute?"); note();
        const notes = at("notes").textContent, why = at("why").hidden;
        await ask("why?"); note();
        return {said, notes, why, answer: at("answer").textContent, sure: at("sure").textContent};
        """,
    )
    assert found == {
        "said": [
            "Choose an image first.",
            "“text.png” cannot be shown as an image: choose a JPEG, PNG or WebP file.",
            "“big.png” is larger than 10 MiB: choose a smaller image.",
            "",
            "The image is broken; mend it.",
            "Failed.",
            "",
            "",
        ],
        "notes": "a <i>note</i>this run gives no explanation",
        "why": True,
        "answer": "–",
        "sure": "this run gives no answer",
    }


def test_an_address_may_hold_a_question(server: AskServer, tmp_path: Path) -> None:
    script = 'await until(() => !at("result").hidden); return at("asked").textContent;'
    path = "?image=a+car.png&question=What%3F"
    assert do(server, tmp_path, script, path=path) == "What?"
