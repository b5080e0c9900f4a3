from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest

from rex.errors import InputError
from rex.explanations.table import explanation_table, schema
from rex.explanations.vocabulary import build_vocabulary, question_tokens, word_pieces
from tests.gqa.sample import question_entry


def write_table(path: Path, texts: list[str | None], status: str = "ok") -> None:
    names = schema().names
    rows = [{**dict.fromkeys(names), "text": text, "status": status} for text in texts]
    with explanation_table(path, {"command": "test", "settings": {}}) as table:
        table.add(pa.Table.from_pylist(rows, schema=schema()))


def test_counts_and_order(tmp_path: Path) -> None:
    questions = tmp_path / "questions.json"
    questions.write_text(
        json.dumps(
            {
                "1": question_entry(answer="no", question="Is it red?"),
                "2": question_entry(answer="yes", question="Is the dog red?"),
                "3": question_entry(answer="yes", question="Is the cat small?"),
            }
        )
    )
    table = tmp_path / "e.parquet"
    write_table(table, ["#1 is red", None, "#12 is at @3", "the #x is red"])
    out = tmp_path / "vocabulary.json"
    vocabulary = build_vocabulary(questions, table, out)
    assert list(vocabulary["answers"].items()) == [("yes", 2), ("no", 1)]
    assert list(vocabulary["words"].items()) == [
        *(("is", 3), ("red", 2)),
        *(("#x", 1), ("@3", 1), ("at", 1), ("the", 1)),
    ]
    pieces = vocabulary["question_pieces"]
    assert pieces[:5] == ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    assert pieces[5:9] == ["?", "is", "red", "the"]
    assert "dog" not in pieces
    assert {"d", "##d", "##o", "##g", "9", "##?"} <= set(pieces)
    assert len(pieces) == len(set(pieces))
    written = json.loads(out.read_text())
    assert written["question_pieces"] == pieces
    assert written["made_by"]["command"] == "rex explain vocabulary"


def test_question_tokens() -> None:
    assert question_tokens("Is the T-shirt red?") == ["is", "the", "t", "-", "shirt", "red", "?"]


def test_no_word_of_ascii_letters_is_unknown() -> None:
    tokenizers = pytest.importorskip("tokenizers")
    pieces = word_pieces(Counter({"dog": 3, "cat": 1}))
    model = tokenizers.models.WordPiece(
        {piece: place for place, piece in enumerate(pieces)}, unk_token="[UNK]"
    )
    tokenizer = tokenizers.Tokenizer(model)
    assert tokenizer.encode("dog").tokens == ["dog"]
    assert tokenizer.encode("zebra9").tokens == ["z", "##e", "##b", "##r", "##a", "##9"]


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("ok", "has no explanation tokens; build the explanations with --regions"),
        ("no program", "explains no question; give training questions programs"),
    ],
)
def test_explanations_without_tokens(tmp_path: Path, status: str, said: str) -> None:
    questions = tmp_path / "questions.json"
    questions.write_text(json.dumps({"1": question_entry()}))
    table = tmp_path / "e.parquet"
    write_table(table, [None], status)
    with pytest.raises(InputError, match=said):
        build_vocabulary(questions, table, tmp_path / "v.json")
    assert not (tmp_path / "v.json").exists()
