"""Pro-VCIN: reading a program's steps."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from rex.models.backbones import Encoding
from rex.models.batch import IGNORED
from rex.models.decoder import DecoderSizes
from rex.models.methods.pro_vcin import SLOTS, STEPS, ProVcinDecoder, steps_of

from ..encodings import random_encoding

WORDS = ("select", ":", "dog", "->", "exist", "?", "[0]", "and", "[1]", "[3]")
IDS = {word: number for number, word in enumerate(WORDS, start=2)}
OPERANDS = torch.tensor([-1, -1, -1, -1, -1, -1, -1, -1, 0, -1, 1, 3])
SIZES = DecoderSizes(words=5, regions=3, hidden=8, features=6, answers=4, program_words=WORDS)


def numbers(text: str) -> list[int]:
    return [IDS[word] for word in text.split()]


def split(*texts: str) -> tuple[Tensor, Tensor]:
    rows = [numbers(text) for text in texts]
    longest = max(map(len, rows))
    padded = torch.tensor([row + [IGNORED] * (longest - len(row)) for row in rows])
    return steps_of(padded, IDS["->"], OPERANDS)


def test_steps_by_hand() -> None:
    text = "select : dog -> exist : ? [0] -> select : dog -> exist : ? [0] -> and : [1] [3]"
    slots, reads = split(text, "select : dog")
    steps = [[WORDS[token - 2] for token in row if token] for row in slots[0].tolist()]
    assert steps == [
        ["select", ":", "dog"], ["exist", ":", "?"], ["select", ":", "dog"], ["exist", ":", "?"],
        ["and", ":"], [], [], [], [],
    ]  # fmt: skip
    assert slots[1, 1:].sum() == 0
    pairs = [(i, j) for i, j in reads[0].nonzero().tolist() if i != j]
    assert pairs == [(1, 0), (3, 0), (4, 1), (4, 3)]
    assert bool(reads.diagonal(dim1=1, dim2=2).all())


def test_what_exceeds_the_limits_is_left_out() -> None:
    slots, reads = split(" -> ".join(["dog " * 12 + "[0]"] * 12))
    assert slots.shape == (1, STEPS, SLOTS)
    assert slots.tolist() == [[[IDS["dog"]] * SLOTS] * STEPS]
    assert torch.equal(reads[0], torch.eye(STEPS, dtype=torch.bool))


def test_of_a_longer_program_the_last_steps_are_read() -> None:
    long = "dog -> exist [0] -> select [1] -> and [3]" + " -> select" * 5 + " -> and [0] [1] [3]"
    short = "dog -> exist [0] -> select" + " -> select" * 5 + " -> and [0] [1]"
    slots, reads = split(f"{long} -> exist [1] [3]", short)
    steps = [[WORDS[token - 2] for token in row if token] for row in slots[0].tolist()]
    assert steps == [["select"], ["and"], *[["select"]] * 5, ["and"], ["exist"]]
    # two steps are lost: 1 was the second of them, 3 is the second that is left
    pairs = [(i, j) for i, j in reads[0].nonzero().tolist() if i != j]
    assert pairs == [(7, 1), (8, 1)]
    # nine steps are read whole, and an arrow that nothing follows begins none
    cut_off = split(f"{short} ->", short)
    for part in cut_off:
        assert torch.equal(part[0], part[1])
    assert slots[1, 0, 0] == IDS["dog"]


def test_a_program_without_tokens_has_no_steps() -> None:
    slots, _ = steps_of(torch.empty(2, 0, dtype=torch.int64), IDS["->"], OPERANDS)
    assert not slots.any()


@pytest.fixture
def encoding() -> Encoding:
    return random_encoding([3, 1], 0, regions=3, hidden=8, features=6).map(Tensor.detach)


def test_the_program_is_read_step_by_step_too(encoding: Encoding) -> None:
    torch.manual_seed(0)
    decoder = ProVcinDecoder(SIZES).double()
    explanations = torch.tensor([[2, 5, 3, 0], [4, 0, IGNORED, IGNORED]])

    def predicted(*texts: str) -> Tensor:
        rows = [numbers(text) for text in texts]
        longest = max(map(len, rows))
        program = torch.tensor([row + [IGNORED] * (longest - len(row)) for row in rows])
        return decoder(encoding._replace(program=program), explanations).log_probabilities.exp()

    first = predicted("select : dog", "select : dog -> exist : ? [0]")
    second = predicted("select : dog", "select : dog")
    assert torch.allclose(first[0], second[0])
    assert not torch.allclose(first[1, :2], second[1, :2])
    assert not torch.allclose(first, decoder(encoding, explanations).log_probabilities.exp())


def test_padding_changes_nothing(encoding: Encoding) -> None:
    torch.manual_seed(0)
    decoder = ProVcinDecoder(SIZES).double()
    program = torch.tensor([numbers("select : dog")] * 2)
    padded = torch.nn.functional.pad(program, (0, 5), value=IGNORED)
    ours, theirs = (
        decoder.program(encoding._replace(program=tokens)) for tokens in (program, padded)
    )
    assert torch.equal(ours[1], theirs[1])
    assert torch.allclose(ours[0], theirs[0])


def test_only_a_step_number_in_brackets_is_an_operand() -> None:
    words = ("->", "[0]", "[12]", "[x]", "[", "[1", f"[{'9' * 40}]")
    decoder = ProVcinDecoder(replace(SIZES, program_words=words))
    assert decoder.program.operands.tolist() == [-1, -1, -1, 0, 12, -1, -1, -1, -1]
