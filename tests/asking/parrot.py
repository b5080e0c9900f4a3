"""A stand-in for a trained run, and a server with it."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from PIL import Image

from rex.asking.reply import Reply
from rex.asking.server import AskServer, make_server
from rex.errors import InputError
from rex.reporting.examples import Word


class Parrot:
    """Answers every question the same, about the image's size."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.at_once = self.most_at_once = 0

    def ask(self, images: Sequence[Path], question: str) -> list[Reply]:
        self.asked.append(question)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            return self._said(images, question)
        finally:
            self.at_once -= 1

    def _said(self, images: Sequence[Path], question: str) -> list[Reply]:
        if question == "broken?":
            raise InputError("the image is broken", cure="mend it")
        if question == "boom?":
            raise RuntimeError("secret")
        with Image.open(images[0]) as image:
            width, height = image.size
        mute = question == "mute?"
        words = (Word("#3", 3), Word("is"), Word("<b>red</b>"), Word("@2", cell=2))
        return [
            Reply(
                question=question,
                method="rex",
                answer=None if question == "why?" else "red",
                probability=None if question == "why?" else 0.875,
                words=None if mute else words,
                boxes={} if mute else {3: (1.0, 2.0, 30.0, 20.0)},
                names={} if mute else {3: "car"},
                width=width,
                height=height,
                notes=("a <i>note</i>",) if mute else (),
            )
        ]


def picture(kind: str = "PNG", size: tuple[int, int] = (40, 24)) -> bytes:
    """Return the content of a white image."""
    content = io.BytesIO()
    Image.new("RGB", size, "white").save(content, kind)
    return content.getvalue()


@contextmanager
def served(folder: Path) -> Iterator[AskServer]:
    """Serve the page with a parrot, one image and one other file in the offered folder."""
    (folder / "a car.png").write_bytes(picture())
    (folder / "notes.txt").write_text("private")
    with make_server(Parrot(), images=folder) as made:
        thread = threading.Thread(target=made.serve_forever, daemon=True)
        thread.start()
        while not made._server.started:
            time.sleep(0.01)
        yield made
        made.shutdown()
        thread.join()
