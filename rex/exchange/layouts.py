"""How training files are laid out: a row of each layout, from the record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rex.exchange.formats import Format
from rex.exchange.record import Explained, Text
from rex.exchange.templates import prompt, reply

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class RowSource:
    """What a row is made of."""

    explained: Explained
    format: Format
    template: str = "explanation-answer"
    images: str = "images/{}.jpg"
    """Where an image lies, by its id."""
    split: str = "train"
    seed: int = 0
    """Of the phrasings."""
    rejected: Explained | None = None
    """A false explanation, for training on preferences."""
    is_kto: bool = False
    """Whether a false reply is a row of its own, labelled false, rather than one of a pair."""

    @property
    def image(self) -> str:
        """The path of the image."""
        return self.images.replace("{}", self.explained.image_id)

    @property
    def prompt(self) -> str:
        """What is asked."""
        return self.format.prompt.format(prompt(self.explained, self.template, self.seed))

    def said(self, explained: Explained) -> Text:
        """Return what is said of the true, or the false, explanation."""
        return reply(explained, self.template)

    def written(self, explained: Explained) -> str:
        """Return the same with boxes."""
        boxes, size = explained.boxes(), (explained.width, explained.height)
        return self.format.text(self.said(explained), boxes, *size)


def _tail(sample: RowSource) -> Row:
    """Return what every row ends with: who it is, and what its boxes mean."""
    explained = sample.explained
    return {
        "question_id": explained.question_id,
        "solution": explained.answer,
        "convention": sample.format.name,
    }


def _conversation(sample: RowSource, human: str, model: str, start: str) -> list[Row]:
    turns = [{"from": human, "value": start + sample.prompt}]
    return [*turns, {"from": model, "value": sample.written(sample.explained)}]


def _conversations(sample: RowSource) -> list[Row]:
    explained = sample.explained
    turns = _conversation(sample, "human", "gpt", "<image>\n")
    row = {"id": explained.question_id, "image": sample.image, "conversations": turns}
    return [{**row, **_tail(sample)}]


def _qwen_vl(sample: RowSource) -> list[Row]:
    start = f"Picture 1: <img>{sample.image}</img>\n"
    turns = _conversation(sample, "user", "assistant", start)
    return [{"id": sample.explained.question_id, "conversations": turns, **_tail(sample)}]


def _turn(role: str, content: str) -> Row:
    return {"role": role, "content": content}


def _messages(sample: RowSource) -> list[Row]:
    """Return rows with `messages`, and with what is false as ms-swift reads it."""
    asked, replies = _turn("user", f"<image>{sample.prompt}"), _replies(sample)
    rest = {"images": [sample.image], **_tail(sample)}
    if sample.is_kto:
        true = {"messages": [asked, replies[0]], "label": True}
        return [{**true, **rest}, {"messages": [asked, replies[1]], "label": False, **rest}]
    row = {"messages": [asked, replies[0]], **rest}
    return [row if len(replies) == 1 else {**row, "rejected_response": replies[1]["content"]}]


def _llama_factory(sample: RowSource) -> list[Row]:
    """Return the same, but pairs as `chosen` and `rejected`."""
    rows = _messages(sample)
    if sample.rejected is not None and not sample.is_kto:
        asked, chosen = rows[0]["messages"]
        rejected = _turn("assistant", rows[0].pop("rejected_response"))
        rows[0] |= {"messages": [asked], "chosen": chosen, "rejected": rejected}
    return rows


def _trl(sample: RowSource) -> list[Row]:
    """Return rows with `prompt`, in which the trainer itself puts the image."""
    start = {"prompt": [_turn("user", sample.prompt)], "images": [sample.image]}
    replies = [[reply] for reply in _replies(sample)]
    if sample.is_kto:
        found: list[Row] = [{"completion": replies[0], "label": True}]
        found.append({"completion": replies[1], "label": False})
    else:
        names = ("completion",) if len(replies) == 1 else ("chosen", "rejected")
        found = [dict(zip(names, replies, strict=True))]
    return [{**start, **one, **_tail(sample)} for one in found]


def _replies(sample: RowSource) -> list[Row]:
    """Return the true reply, and the false one if there is one."""
    said = (sample.explained, sample.rejected)
    return [_turn("assistant", sample.written(one)) for one in said if one is not None]


def _swift(sample: RowSource) -> list[Row]:
    """Return rows whose phrases and boxes stand in lists, in the order of their marks."""
    asked = _turn("user", f"<image>{sample.prompt}")

    def row(explained: Explained, **more: bool) -> Row:
        said, boxes = sample.said(explained), explained.boxes()
        named = [one for naming in said.spans for one in naming.objects]
        objects = {
            "ref": [said.text[naming.start : naming.end] for naming in said.spans],
            "bbox": [
                sample.format.numbers(boxes[one], explained.width, explained.height)
                for one in named
            ],
        }
        turns = [asked, _turn("assistant", sample.written(explained))]
        images = [sample.image]
        return {"messages": turns, **more, "images": images, "objects": objects, **_tail(sample)}

    if sample.rejected is None:
        return [row(sample.explained)]
    return [row(sample.explained, label=True), row(sample.rejected, label=False)]


def _visual_cot(sample: RowSource) -> list[Row]:
    """Return the metadata that Visual CoT's own converter reads: one box that holds them all."""
    explained = sample.explained
    boxes = explained.boxes()
    named = [boxes[name] for one in explained.sentence.spans for name in one.objects]
    hull = [0.0, 0.0, explained.width, explained.height]
    if named:
        left, top, right, bottom = zip(*named, strict=True)
        hull = [min(left), min(top), max(right), max(bottom)]
    return [
        {
            "question": explained.question,
            "answer": explained.answer,
            "full_answer": explained.sentence.text,
            "image": sample.image,
            "width": explained.width,
            "height": explained.height,
            "bboxs": [hull],
            "dataset": "gqa",
            "split": sample.split,
            "question_id": explained.question_id,
        }
    ]


ROWS: dict[str, Callable[[RowSource], list[Row]]] = {
    "conversations": _conversations,
    "qwen-vl": _qwen_vl,
    "messages": _messages,
    "llama-factory": _llama_factory,
    "trl": _trl,
    "swift": _swift,
    "visual-cot": _visual_cot,
}
"""By layout; `records` and `parquet` hold the record itself."""

LISTS = frozenset({"conversations", "qwen-vl"})
"""Layouts that are one JSON list; the others are JSON Lines."""

PREFERENCES = {
    "messages": ("dpo", "kto"),
    "llama-factory": ("dpo", "kto"),
    "trl": ("dpo", "kto"),
    # its one list of boxes would serve the true and the false reply of a pair alike
    "swift": ("kto",),
}
"""Layouts that hold false replies beside true ones, as pairs (DPO) or labelled (KTO)."""


def dataset_info(name: str, file: str, *, preference: str | None) -> Row:
    """Return LLaMA-Factory's `dataset_info.json` of one file."""
    columns = {"messages": "messages", "images": "images"}
    entry: Row = {"file_name": file, "formatting": "sharegpt", "columns": columns}
    if preference == "dpo":
        entry["ranking"] = True
        columns |= {"chosen": "chosen", "rejected": "rejected"}
    elif preference == "kto":
        columns["kto_tag"] = "label"
    tags = ("role", "content", "user", "assistant", "system")
    entry["tags"] = {f"{tag}_tag": tag for tag in tags}
    return {name: entry}
