"""The gallery, used in a real browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from rex.images import ImageFolder
from rex.reporting.examples import read_examples
from rex.reporting.gallery import write_gallery
from tests.evaluation.small_split import SmallSplit

from .browser import CHROMIUM, run_in_page, screenshot

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium"),
]

USE = """
  const select = (name, value) => {
    const field = document.querySelector(`[name=${name}]`);
    if (field.type === "checkbox") field.checked = value; else field.value = value;
    field.dispatchEvent(new window.Event("input", {bubbles: true}));
    return [...document.querySelectorAll(".example")]
      .filter((one) => !one.hidden).map((one) => one.id);
  };
"""


@pytest.fixture
def page(split: SmallSplit, predictions: list[Path]) -> Path:
    examples = read_examples(
        questions=split.questions,
        explanations=split.explanations,
        regions=split.regions,
        predictions=predictions,
        scene_graphs=split.scene_graphs,
        count=9,
        seed=1,
    )
    path = split.folder / "index.html"
    write_gallery(path, examples, ImageFolder(split.images))
    return path


def test_filters_and_hover(page: Path, tmp_path: Path) -> None:
    found: dict[str, Any] = run_in_page(
        page,
        USE
        + """
        const results = {};
        results.wrong = select("verdict", "wrong");
        results.count = document.getElementById("count").textContent;
        select("method", "Backbone");
        results.nothing = document.getElementById("nothing").hidden;
        select("method", ""); select("verdict", "");
        results.badly = select("grounded", "badly");
        select("grounded", "");
        results.relate = select("operation", "relate");
        results.all = select("operation", "");

        const example = document.getElementById("qq1");
        const word = example.querySelector("[data-method=REX] .points");
        word.dispatchEvent(new window.PointerEvent("pointerenter"));
        const lit = [...example.querySelectorAll("rect.pointed")];
        results.lit = lit.map((box) => box.dataset.key);
        results.word = word.dataset.key;
        results.shown = window.getComputedStyle(lit[0].parentElement).display;
        word.dispatchEvent(new window.PointerEvent("pointerleave"));
        results.after = example.querySelectorAll("rect.pointed").length;

        const gate = example.querySelector(".gate");
        results.gate_before = window.getComputedStyle(gate).display;
        select("gates", true);
        results.gate_after = window.getComputedStyle(gate).display;
        return results;
        """,
        folder=tmp_path,
    )
    assert "error" not in found, found
    assert found["wrong"] == ["qq1"]
    assert found["count"] == "1 of 5 examples"
    assert found["nothing"] is False
    assert sorted(found["badly"]) == ["qq1", "qq5"]
    assert found["relate"] == ["qq2"]
    assert len(found["all"]) == 5
    assert found["lit"] == [found["word"]] == ["r1"]
    assert found["shown"] != "none"
    assert found["after"] == 0
    assert (found["gate_before"], found["gate_after"]) == ("none", "block")


def test_phone_width(page: Path, tmp_path: Path) -> None:
    found = run_in_page(
        page,
        """
        const root = document.documentElement;
        const example = document.querySelector(".example");
        return {
          window: window.innerWidth,
          page: root.scrollWidth,
          columns: window.getComputedStyle(example).gridTemplateColumns.split(" ").length,
          picture: example.querySelector("img").getBoundingClientRect().width,
        };
        """,
        width=390,
        folder=tmp_path,
    )
    assert found["window"] == 390
    assert found["page"] <= 390  # nothing sticks out
    assert found["columns"] == 1
    assert found["picture"] > 300


def test_screenshot_shows_the_boxes(page: Path, tmp_path: Path) -> None:
    screenshot(page, tmp_path / "page.png", folder=tmp_path)
    with Image.open(tmp_path / "page.png") as image:
        colors = {color for _, color in image.convert("RGB").getcolors(1 << 24) or ()}
    assert {(0xD6, 0x27, 0x28), (0x1F, 0x77, 0xB4)} <= colors
