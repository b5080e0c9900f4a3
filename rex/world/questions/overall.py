"""Questions about the whole image: the place, the weather, indoors or outdoors."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rex.world.annotate import Facts
from rex.world.places import PLACES
from rex.world.questions.candidate import Candidate, Step
from rex.world.questions.phrase import article

_SCENE: Step = ("select", "scene", ())
_WEATHERS = ("sunny", "cloudy", "rainy", "snowy")


def overall_questions(facts: Facts, random: np.random.Generator) -> Iterator[Candidate]:
    """Yield questions about the scene as a whole."""
    yield from _location(facts, random)
    if facts.weather is not None:
        yield from _weather(facts.weather, random)


def _pick(options: list[str] | tuple[str, ...], random: np.random.Generator) -> str:
    return options[int(random.integers(len(options)))]


def _made(
    step: tuple[str, str],
    question: str,
    answer: str,
    full: str,
    structural: str,
    detailed: str,
    group: str | None,
    local: str,
    category: str,
) -> Candidate:
    return Candidate(
        steps=(_SCENE, (*step, (0,))),
        question=(question,),
        answer=answer,
        full_answer=(full,),
        structural=structural,
        semantic="global",
        detailed=detailed,
        global_group=group,
        local_group=local,
        fact=("scene", category),
    )


def _location(facts: Facts, random: np.random.Generator) -> Iterator[Candidate]:
    true = facts.location
    other = "outdoors" if true == "indoors" else "indoors"
    one, two = (true, other) if random.random() < 0.5 else (other, true)
    listed = "|".join((one, two) if random.random() < 0.5 else (two, one))
    pattern = _pick(["is it {} or {}", "are we {} or {}", "is this photo taken {} or {}"], random)
    yield _made(
        ("choose location", listed),
        pattern.format(one, two),
        true,
        f"it is {true}",
        "choose",
        "locationChoose",
        "location",
        "02c-location",
        "location",
    )
    asked = _pick([true, other], random)
    yes = asked == true
    pattern = _pick(["is it {}", "is the picture taken {}", "is this photo {}"], random)
    yield _made(
        ("verify location", asked),
        pattern.format(asked),
        "yes" if yes else "no",
        f"{'yes' if yes else 'no'}, it is {true}",
        "verify",
        "locationVerify" if yes else "locationVerifyC",
        None,
        f"01-location_{asked}",
        "location",
    )


def _weather(true: str, random: np.random.Generator) -> Iterator[Candidate]:
    other = _pick([word for word in _WEATHERS if word != true], random)
    pattern = _pick(
        ["how is the weather", "what is the weather like", "how is the weather in the image"],
        random,
    )
    yield _made(
        ("query", "weather"),
        pattern,
        true,
        f"it is {true}",
        "query",
        "weather",
        "weather",
        "02q-weather",
        "weather",
    )
    one, two = (true, other) if random.random() < 0.5 else (other, true)
    listed = "|".join((one, two) if random.random() < 0.5 else (two, one))
    pattern = _pick(
        ["is it {} or {}", "how is the weather, {} or {}", "is the weather {} or {}"], random
    )
    yield _made(
        ("choose weather", listed),
        pattern.format(one, two),
        true,
        f"it is {true}",
        "choose",
        "weatherChoose",
        "weather",
        "02c-weather",
        "weather",
    )
    asked = true if random.random() < 0.5 else other
    yes = asked == true
    yield _made(
        ("verify weather", asked),
        _pick(["is it {}", "is the weather {}"], random).format(asked),
        "yes" if yes else "no",
        f"{'yes' if yes else 'no'}, it is {true}",
        "verify",
        "weatherVerify" if yes else "weatherVerifyC",
        None,
        f"01-weather_{asked}",
        "weather",
    )


def place_questions(place: str, random: np.random.Generator) -> Iterator[Candidate]:
    """Yield questions for the place, where the scene graph names it."""
    room = PLACES[place].room
    category = "room" if room else "place"
    pool = [name for name in PLACES if PLACES[name].room == room and name != place]
    other = _pick(pool, random)
    pattern = _pick(
        [
            f"which {category} is it",
            f"what {category} is this",
            "where is this",
            f"what {category} is pictured",
            f"what type of {category} is it",
        ],
        random,
    )
    yield _made(
        ("query", category),
        pattern,
        place,
        f"it is {article(place)}",
        "query",
        "place",
        category,
        f"02q-{category}",
        "place",
    )
    pair = [place, other] if random.random() < 0.5 else [other, place]
    listed = "|".join(sorted(pair))
    pattern = _pick(
        [
            "is this {} or {}",
            "is this a photo of {} or {}",
            f"which {category} is it, {{}} or {{}}",
        ],
        random,
    )
    yield _made(
        (f"choose {category}", listed),
        pattern.format(article(pair[0]), article(pair[1])),
        place,
        f"it is {article(place)}",
        "choose",
        "placeChoose",
        category,
        f"02c-{category}",
        "place",
    )
    asked = place if random.random() < 0.5 else other
    yes = asked == place
    yield _made(
        (f"verify {category}", asked),
        _pick(["is this {}", "is it {}", "is this picture of {}"], random).format(article(asked)),
        "yes" if yes else "no",
        f"{'yes' if yes else 'no'}, it is {article(place)}",
        "verify",
        "placeVerify" if yes else "placeVerifyC",
        None,
        f"01-{category}_{asked}",
        "place",
    )
