"""Explanations as a folder that `datasets.load_dataset` reads: Parquet files and a card."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import yaml

from rex.exchange.record import CONVENTION, FLAGS, Explained
from rex.files import whole_file, write_text

if TYPE_CHECKING:
    import pyarrow as pa


def schema() -> pa.Schema:
    """Return the columns: the fields of the record."""
    import pyarrow as pa

    words = pa.list_(pa.string())
    naming = [("start", pa.int32()), ("end", pa.int32())]
    spans = pa.list_(pa.struct([*naming, ("tokens", pa.list_(pa.int32())), ("objects", words)]))
    text = pa.struct([("text", pa.string()), ("spans", spans)])
    step = [("operation", pa.string()), ("argument", pa.string()), ("sentence", text)]
    shown = [("id", pa.string()), ("name", pa.string()), ("box", pa.list_(pa.float32()))]
    return pa.schema(
        [
            *((name, pa.string()) for name in ("question_id", "image_id")),
            *((name, pa.float32()) for name in ("width", "height")),
            *((name, pa.string()) for name in ("question", "answer", "entailed_answer")),
            ("operations", words),
            ("sentence", text),
            ("steps", pa.list_(pa.struct([*step, ("objects", words), ("value", pa.string())]))),
            ("objects", pa.list_(pa.struct(shown))),
            ("flags", words),
            ("convention", pa.string()),
        ]
    )


@contextmanager
def parquet_folder(
    folder: Path, split: str, shard: tuple[int, int]
) -> Iterator[Callable[[Sequence[Explained]], None]]:
    """Write a shard's file whole, and the card that lists the files of all splits beside.

    Yields what writes rows as a group.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    number, shards = shard
    file = folder / "data" / f"{split}-{number - 1:05d}-of-{shards:05d}.parquet"
    with (
        whole_file(file) as temporary,
        pq.ParquetWriter(temporary, schema(), compression="zstd") as writer,
    ):

        def add(rows: Sequence[Explained]) -> None:
            if rows:
                values = [msgspec.to_builtins(row) for row in rows]
                writer.write_table(pa.Table.from_pylist(values, schema=schema()))

        yield add
    splits = sorted({one.name.split("-")[0] for one in (folder / "data").glob("*.parquet")})
    write_text(folder / "README.md", card(splits))


def card(splits: Sequence[str]) -> str:
    """Return the dataset card; its head tells `datasets` which file is of which split."""
    files = [{"split": split, "path": f"data/{split}-*"} for split in splits]
    head = {
        "license": "cc-by-4.0",
        "task_categories": ["visual-question-answering"],
        "language": ["en"],
        "configs": [{"config_name": "default", "data_files": files}],
    }
    flags = "\n".join(f"- `{flag}`: {meaning}" for flag, meaning in FLAGS.items())
    return f"""---
{yaml.safe_dump(head, sort_keys=False)}---

# Grounded explanations of visual questions

Made by `rex explain export` from GQA's questions and scene graphs (Hudson and Manning, CVPR 2019;
CC BY 4.0). Each question's program was executed on the scene graph of its image; the explanation is
what it found. Images are not included: `image_id` names them.

Boxes: {CONVENTION}. `sentence.spans` says which characters, and which blank-separated tokens, name
which `objects`, by their ids; `steps` holds what each step of the program returned.

`flags` is empty for clean rows. It may hold:

{flags}
"""
