from __future__ import annotations

import html.parser
import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

from rex.cli import main
from rex.evaluation.entailment import NOT_ENTAILED
from rex.images import ImageFolder
from rex.reporting.examples import read_examples
from rex.reporting.picture import explaining, telling_examples, write_picture
from tests.evaluation.small_split import SmallSplit, true_answers, true_texts


def gallery(split: SmallSplit, predictions: list[Path], *extra: str) -> int:
    arguments = ["gallery", "--questions", str(split.questions), "--images", str(split.images)]
    arguments += ["--regions", str(split.regions), "--explanations", str(split.explanations)]
    arguments += ["--scene-graphs", str(split.scene_graphs)]
    arguments += ["--predictions", *map(str, predictions)]
    return main([*arguments, "--out", str(split.folder / "index.html"), *extra])


class Page(html.parser.HTMLParser):
    """Collects the elements of a page, and checks that they nest."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in {"meta", "img", "input"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self.open.pop() in {"option"} - {tag}:  # HTML closes options by itself
            pass

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def test_page(split: SmallSplit, predictions: list[Path]) -> None:
    assert gallery(split, predictions) == 0
    text = (split.folder / "index.html").read_text()
    page = Page(text)
    assert page.open == []
    assert len(page.all("article")) == 5
    # whole in itself: no address but of what lies in the page
    sources = [a[key] for _, a in page.elements for key in ("src", "href") if a.get(key)]
    assert all(str(source).startswith("data:image/jpeg;base64,") for source in sources)
    assert "://" not in text
    methods = {a.get("data-method") for a in page.all("section")} - {None}
    assert methods == {"REX", "Backbone"}
    verdicts = [a.get("data-verdict") for a in page.all("section") if a.get("data-method")]
    assert verdicts.count("wrong") == 1


@pytest.mark.parametrize("explanation", [None, ""])
def test_what_explains_nothing_is_said_to(split: SmallSplit, explanation: str | None) -> None:
    said = split.predict(true_answers(), dict.fromkeys(true_texts(), explanation))
    assert gallery(split, [said]) == 0
    page = (split.folder / "index.html").read_text()
    assert page.count("gives no explanation") == page.count("<article") > 0


def test_an_explanation_that_does_not_entail_the_answer_is_marked(split: SmallSplit) -> None:
    true = true_texts()
    marked = []
    for texts in (true, dict.fromkeys(true, "there is no zebra")):
        assert gallery(split, [split.predict(true_answers(), texts)]) == 0
        page = (split.folder / "index.html").read_text()
        marked.append(page.count(NOT_ENTAILED))
    assert marked[0] < marked[1] == page.count("<article")


def test_text_from_data_is_escaped(split: SmallSplit, predictions: list[Path]) -> None:
    assert gallery(split, predictions) == 0
    text = (split.folder / "index.html").read_text()
    assert "<b>cat" not in text
    assert "&lt;b&gt;cat&lt;/b&gt;" in text


def test_words_match_boxes_in_key_and_color(split: SmallSplit, predictions: list[Path]) -> None:
    assert gallery(split, predictions) == 0
    page = Page((split.folder / "index.html").read_text())
    words = {(a["data-key"], a["style"]) for a in page.all("span") if a.get("style")}
    boxes = {(a["data-key"], a["style"]) for a in page.all("rect") if a.get("style")}
    assert words == boxes
    assert len(words) >= 3


def test_same_bytes_twice(split: SmallSplit, predictions: list[Path]) -> None:
    contents = []
    picture = split.folder / "examples.png"
    for _ in range(2):
        assert gallery(split, predictions, "--picture", str(picture)) == 0
        contents.append(((split.folder / "index.html").read_bytes(), picture.read_bytes()))
    assert contents[0] == contents[1]
    with Image.open(picture) as image:
        assert image.width > 1000  # three columns
        # the colors of two boxes and of a word are there
        colors = {color for _, color in image.getcolors(1 << 24) or ()}
        assert {(0xD6, 0x27, 0x28), (0x1F, 0x77, 0xB4)} <= colors


def test_a_picture_shows_what_each_method_explains(split: SmallSplit) -> None:
    rex = split.predict(true_answers(), true_texts())
    texts = true_texts() | {"q2": "#2 is not on #1"}
    reader = split.predict(true_answers() | {"q2": "no"}, texts, method="reader")
    silent = split.predict(true_answers(), {}, setting="answer-only", method="backbone")
    heights = []
    for said in ([rex], [rex, reader], [rex, reader, silent]):
        examples = read_examples(
            questions=split.questions,
            explanations=split.explanations,
            regions=split.regions,
            predictions=said,
            count=5,
            seed=1,
        )
        chosen = telling_examples(examples, 2)
        write_picture(split.folder / "examples.png", chosen, ImageFolder(split.images))
        with Image.open(split.folder / "examples.png") as image:
            heights.append(image.height)
    # the only wrong answer is shown, and what both say of it; who is silent takes no room
    last = chosen[-1]
    assert last.question_id == "q2"
    assert [(each.method, each.right) for each in explaining(last)] == [
        ("REX", True),
        ("Reader", False),
    ]
    assert heights[0] < heights[1] == heights[2]


def test_a_picture_needs_explanations(
    split: SmallSplit, predictions: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert gallery(split, predictions[1:], "--picture", str(split.folder / "p.png")) == 2
    assert "no example has an explanation" in capsys.readouterr().err


def test_missing_images_are_blank(
    split: SmallSplit, predictions: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    picture = split.folder / "examples.png"
    assert gallery(split, predictions, "--picture", str(picture)) == 0
    before = Page((split.folder / "index.html").read_text())
    drawn = picture.read_bytes()
    shutil.rmtree(split.images)  # as where they have not been fetched
    assert gallery(split, predictions, "--picture", str(picture)) == 0
    assert "2 of 2 images are missing" in capsys.readouterr().err
    page = Page((split.folder / "index.html").read_text())
    assert page.all("rect") == before.all("rect")
    for image, blank in zip(before.all("img"), page.all("img"), strict=True):
        assert image["src"] != blank["src"]
        assert (image["width"], image["height"]) == (blank["width"], blank["height"])
    assert picture.read_bytes() != drawn


def test_images_in_subfolders_and_as_png(split: SmallSplit, predictions: list[Path]) -> None:
    assert gallery(split, predictions) == 0
    pages = [(split.folder / "index.html").read_text()]
    image = split.images / "img1.jpg"
    (split.images / "more").mkdir()
    with Image.open(image) as opened:
        opened.save(split.images / "more" / "img1.png")
    image.unlink()
    assert gallery(split, predictions) == 0
    pages.append((split.folder / "index.html").read_text())
    assert pages[0] == pages[1]


def test_a_model_s_own_words_are_refused(
    split: SmallSplit, capsys: pytest.CaptureFixture[str]
) -> None:
    theirs = split.folder / "theirs.json"
    box = {"label": "dog", "bbox_2d": [0, 0, 20, 20]}
    said = {"answer": "brown", "explanation": "The dog is brown.", "boxes": [box]}
    rows = [{"question_id": name, **said} for name in true_answers()]
    theirs.write_text(json.dumps({"predictions": rows}))
    assert gallery(split, [theirs]) == 2
    assert "theirs.json: holds a model's answers in its own words" in capsys.readouterr().err
    assert not (split.folder / "index.html").exists()


def test_a_corrupt_image(
    split: SmallSplit, predictions: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    image = split.images / "img1.jpg"
    image.write_bytes(image.read_bytes()[:200])
    assert gallery(split, predictions) == 2
    assert "img1.jpg" in capsys.readouterr().err
    assert not (split.folder / "index.html").exists()
