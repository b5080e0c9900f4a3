"""Every format is written, and read back within what its numbers can tell."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rex.boxes import Box
from rex.exchange.formats import FORMATS, Format, smart_resize
from rex.exchange.marked import read_marked
from rex.exchange.record import spanned

WRITTEN = [one for one in FORMATS.values() if one.name not in ("jsonl", "datasets", "swift")]
"""The formats that write boxes into text."""

by_format = pytest.mark.parametrize("written", WRITTEN, ids=[one.name for one in WRITTEN])

SIZES = st.tuples(st.integers(28, 3000), st.integers(28, 3000)).filter(
    lambda size: max(size) <= 20 * min(size)
)


@st.composite
def boxes(draw: st.DrawFn, width: float, height: float) -> Box:
    across = sorted(draw(st.tuples(st.floats(0, width), st.floats(0, width))))
    down = sorted(draw(st.tuples(st.floats(0, height), st.floats(0, height))))
    return (across[0], down[0], across[1], down[1])


def half_quantum(one: Format, width: float, height: float) -> tuple[float, float]:
    """Return half of what a step of the format's numbers means in x and y, in pixels."""
    if one.grid:
        return width / one.grid / 2, height / one.grid / 2
    if one.space == "resized":
        down, across = smart_resize(height, width)
        return width / across / 2, height / down / 2
    quantum = 10.0 ** -int(one.number[1:-1]) if one.number.endswith("f") else 1.0
    if one.space == "square":
        side = max(width, height)
        return side * quantum / one.scale / 2, side * quantum / one.scale / 2
    return width * quantum / one.scale / 2, height * quantum / one.scale / 2


@by_format
@given(data=st.data(), size=SIZES)
def test_boxes_come_back_within_half_of_the_quantum(
    written: Format, data: st.DataObject, size: tuple[int, int]
) -> None:
    width, height = size
    box = data.draw(boxes(width, height))
    said = spanned("The dog is brown.", [(4, 7, ("a",))])
    marked = read_marked(
        written.text(said, {"a": box}, width, height),
        boxes_first=written.phrase.startswith("{boxes}"),
    )
    assert marked.text == said.text
    (numbers,) = marked.boxes()
    found = written.pixels(numbers, width, height)
    near = half_quantum(written, width, height)
    shared_line = written.grid and (
        int(numbers[0]) % written.grid == int(numbers[1]) % written.grid
        or int(numbers[0]) // written.grid == int(numbers[1]) // written.grid
    )
    for place, (ours, theirs) in enumerate(zip(found, box, strict=True)):
        # Kosmos-2 gives the edges of cells that share a row or a column, not their centres; the
        # last bin stands for the edge of the image, too
        at_edge = (
            written.bins is not None and numbers[written.order.index(place)] == written.bins - 1
        )
        slack = 2 if shared_line or at_edge else 1
        assert abs(ours - theirs) <= near[place % 2] * slack + 1e-6


@by_format
def test_several_boxes_of_several_phrases_come_back(written: Format) -> None:
    text = "Two of the animals are horses and the dog on the left is not a horse."
    places = [(0, 18, ("a", "b")), (38, 41, ("c",))]
    given = {"a": (10, 10, 90, 90), "b": (100, 10, 190, 90), "c": (20, 60, 120, 140)}
    said = spanned(text, places)
    boxes_first = written.phrase.startswith("{boxes}")
    marked = read_marked(written.text(said, given, 200, 150), boxes_first=boxes_first)
    assert marked.text == text
    assert [len(one.boxes) for one in marked.mentions] == [2, 1]
    for mention, (start, end, _) in zip(marked.mentions, places, strict=True):
        assert mention.start in (start, -1)
        assert mention.end in (end, -1)
    assert not marked.loose
    assert not marked.broken


@given(size=SIZES)
def test_resized_sides_are_those_of_transformers(size: tuple[int, int]) -> None:
    theirs = pytest.importorskip("transformers.models.qwen2_vl.image_processing_qwen2_vl")
    expected = theirs.smart_resize(*size, factor=28, min_pixels=3136, max_pixels=12845056)
    assert smart_resize(*size) == expected


@given(size=SIZES, data=st.data())
def test_kosmos_boxes_are_those_of_its_processor(
    size: tuple[int, int], data: st.DataObject
) -> None:
    theirs = pytest.importorskip("transformers.models.kosmos2.processing_kosmos2")
    width, height = size
    box = data.draw(
        boxes(width, height).filter(lambda one: one[2] >= one[0] + 1 and one[3] >= one[1] + 1)
    )
    sides = (width, height, width, height)
    shares = tuple(edge / side for edge, side in zip(box, sides, strict=True))
    numbers = FORMATS["kosmos2"].numbers(box, width, height)
    assert numbers == theirs.coordinate_to_patch_index(shares, 32)
    first, last = (int(one) for one in numbers)
    decoded = theirs.patch_index_to_coordinate(first, last, 32)
    expected = [share * side for share, side in zip(decoded, sides, strict=True)]
    assert FORMATS["kosmos2"].pixels(numbers, width, height) == pytest.approx(expected)


def test_florence_boxes_are_those_of_its_processor() -> None:
    torch = pytest.importorskip("torch")
    theirs = pytest.importorskip("transformers.models.florence2.processing_florence2")
    quantizer = theirs.Florence2PostProcessor.__new__(theirs.Florence2PostProcessor)
    quantizer.quantize_bins = (1000, 1000)
    box = (12.7, 3.1, 333.3, 240.0)
    numbers = FORMATS["florence2"].numbers(box, 640, 240)
    assert list(numbers) == quantizer.quantize(torch.tensor([box]), (640, 240))[0].tolist()
    expected = quantizer.dequantize(torch.tensor([numbers]), (640, 240))[0].tolist()
    # theirs are whole pixels
    assert [int(edge) for edge in FORMATS["florence2"].pixels(numbers, 640, 240)] == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("shikra", "The dog[0.100,0.350,0.500,0.700] is brown."),
        ("llava", "The dog [0.10, 0.35, 0.50, 0.70] is brown."),
        ("qwen-vl", "The <ref>dog</ref><box>(100,200),(500,900)</box> is brown."),
        (
            "qwen2-vl",
            "The <|object_ref_start|>dog<|object_ref_end|>"
            "<|box_start|>(100,200),(500,900)<|box_end|> is brown.",
        ),
        ("qwen2.5-vl", 'The dog {"bbox_2d": [20, 22, 98, 101]} is brown.'),
        ("qwen3-vl", 'The dog {"bbox_2d": [100, 200, 500, 900]} is brown.'),
        ("internvl", "The <ref>dog</ref><box>[[100, 200, 500, 900]]</box> is brown."),
        ("deepseek-vl2", "The <|ref|>dog<|/ref|><|det|>[[100, 200, 500, 899]]<|/det|> is brown."),
        (
            "kosmos2",
            "The <phrase>dog</phrase>"
            "<object><patch_index_0195><patch_index_0911></object> is brown.",
        ),
        ("florence2", "The dog<loc_100><loc_200><loc_500><loc_900> is brown."),
        ("paligemma", "The <loc0205><loc0102><loc0922><loc0512> dog is brown."),
    ],
)
def test_how_it_looks(name: str, expected: str) -> None:
    said = spanned("The dog is brown.", [(4, 7, ("a",))])
    assert FORMATS[name].text(said, {"a": (20, 20, 100, 90)}, 200, 100) == expected


@given(
    st.text(alphabet=st.sampled_from('[](){}<>loc_patch_index|0123456789.,; "bx:ß猫'), max_size=80)
)
def test_no_text_crashes_the_reader(text: str) -> None:
    for boxes_first in (False, True):
        marked = read_marked(text, boxes_first=boxes_first)
        assert all(len(box) in (2, 4) for box in marked.boxes())
        places = [one.end if one.start < 0 else one.start for one in marked.mentions]
        assert all(first <= second for first, second in pairwise(places))


@pytest.mark.parametrize(
    ("text", "boxes", "broken"),
    [
        ("dog [0.1, 0.2, 0.3", [], 0),
        ("dog [0.9, 0.8, 0.1, 0.2]", [(0.9, 0.8, 0.1, 0.2)], 0),
        ("dog [123456789012, 1, 2, 3]", [(123456789012.0, 1.0, 2.0, 3.0)], 0),
        ("dog<loc_1><loc_2>", [], 2),
        ("dog [1, 2, 3, 4, 5]", [], 0),
        ("犬 [1, 2, 3, 4]", [(1.0, 2.0, 3.0, 4.0)], 0),
    ],
)
def test_malformed_boxes(text: str, boxes: list[Box], broken: int) -> None:
    marked = read_marked(text)
    assert marked.boxes() == boxes
    assert marked.broken == broken


def test_labels_after_the_text_find_their_words() -> None:
    text = (
        "The woman and the man are near the other man.\n```json\n["
        '{"bbox_2d": [1, 2, 3, 4], "label": "man"}, {"bbox_2d": [5, 6, 7, 8], "label": "man"},'
        ' {"bbox_2d": [9, 9, 9, 9], "label": "dog"}]\n```'
    )
    marked = read_marked(text)
    assert marked.text == "The woman and the man are near the other man."
    assert [(one.start, one.end) for one in marked.mentions] == [(18, 21), (41, 44)]
    assert marked.loose == [(9.0, 9.0, 9.0, 9.0)]
