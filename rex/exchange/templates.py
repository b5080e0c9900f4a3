"""What a model is asked, and what it is to say: answer, explanation, steps."""

from __future__ import annotations

from collections.abc import Iterable
from zlib import crc32

from rex.exchange.record import Explained, Text, spanned
from rex.programs.rendering import Span
from rex.programs.values import VERDICTS

ANSWER = "The answer is {}."

_PROMPTS: dict[str, tuple[str, ...]] = {
    "answer": (
        "{} Answer with a word or a short phrase.",
        "{} Give the answer alone, in a word or two.",
        "Answer in a word or a short phrase: {}",
    ),
    "answer-explanation": (
        "{} Answer, then explain the answer and give the boxes of the objects you name.",
        "{} Give the answer first. Then say why, with a box for each object.",
        "Answer the question and justify it with boxes of what you see: {}",
    ),
    "explanation-answer": (
        "{} Explain with the boxes of the objects you name, then answer.",
        "{} Say first what you see, with a box for each object. End with the answer.",
        "Look, explain with boxes of what you see, and then answer: {}",
    ),
    "steps": (
        "{} Reason step by step, with the boxes of the objects, and end with the answer.",
        "{} Solve it in steps, a line each, with a box for each object. Then answer.",
        "Go step by step, with boxes of what you see, to the answer: {}",
    ),
}


def prompt(explained: Explained, template: str, seed: int) -> str:
    """Return the question with what is asked, in one of several phrasings drawn by `seed`."""
    drawn = crc32(f"{seed} {explained.question_id}".encode())
    phrasings = _PROMPTS[template]
    return phrasings[drawn % len(phrasings)].format(explained.question)


def reply(explained: Explained, template: str) -> Text:
    """Return what a model is to say."""
    if template == "answer":
        return Text(explained.answer)
    answer = Text(ANSWER.format(explained.answer))
    explanation = without_verdict(explained.sentence, explained.entailed_answer)
    if template == "answer-explanation":
        return _joined((answer, explanation), " ")
    if template == "explanation-answer":
        return _joined((explanation, answer), " ")
    said = [step.sentence for step in explained.steps[:-1]]
    lines = [
        _joined((Text(f"Step {number} ({step.operation}):"), sentence), " ")
        for number, (step, sentence) in enumerate(
            zip(explained.steps, [*said, explanation], strict=True), start=1
        )
    ]
    return _joined((*lines, answer), "\n")


def without_verdict(sentence: Text, answer: str | None) -> Text:
    """Return a sentence without the "Yes," or "No," that it begins with."""
    if answer not in VERDICTS:
        return sentence
    cut = len(f"{answer}, ")
    text = sentence.text[cut:]
    spans = [(one.start - cut, one.end - cut, one.objects) for one in sentence.spans]
    return spanned(f"{text[:1].upper()}{text[1:]}", spans)


def _joined(texts: Iterable[Text], between: str) -> Text:
    """Return texts put together, with their spans."""
    whole = ""
    spans: list[Span] = []
    for text in texts:
        if whole:
            whole += between
        start = len(whole)
        spans += [(one.start + start, one.end + start, one.objects) for one in text.spans]
        whole += text.text
    return spanned(whole, spans)
