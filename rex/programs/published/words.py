"""The published code's word lists, in its order: the first that fits is told. Data, no code.

From the attribute mapping released with the paper (github.com/szzexpoi/rex, MIT licence, copyright
(c) 2022 Shi Chen).
"""

from __future__ import annotations

_LISTS: dict[str, str] = {
    "color": """
        blond, blue, green, white, yellow, black, gray, red, purple, light brown, light blue,
        silver, pink, orange, tan, dark brown, gold, cream colored, dark colored, maroon, dark blue,
        light colored, evergreen, navy, bronze, rainbow colored, chocolate, black and white, ivory,
        beige, translucent, transparent, brass, dark, brown, khaki, teal, brunette""",
    "material": """
        brick, wood, metal, plastic, leather, glass, concrete, silver, porcelain, stainless steel,
        steel, iron, ceramic, gold, hardwood, aluminum, ivory, stone, brass, tin, marble, bronze,
        asphalt, cobblestone, bamboo, rock, copper, chrome, clay, granite""",
    "shape": """
        round, square, long, rectangular, triangular, short, folded, rounded, recessed, curled,
        octagonal""",
    "gender": "female, male",
    "hposition": "left, right",
    "activity": """
        eating, waiting, playing, reading, staring, talking, drinking, sleeping, looking down,
        driving, resting, posing, looking up, cooking, brushing teeth""",
    "size": "tiny, large, small, huge, little, giant",
    "place": "",
    "pose": """
        lying, standing, pointing, crouching, jumping, running, walking, sitting, bending,
        taking pictures, making a face, taking a picture, taking a photo, brushing teeth,
        shaking hands""",
    "pattern": "striped, dotted, checkered",
    "cleanliness": "dirty, clean, stained, tinted",
    "sportActivity": """
        snowboarding, skateboarding, riding, skiing, surfing, skating, swimming,
        performing trick""",
    "age": "little, young, old, elderly",
    "weather": "foggy, clear, cloudy, sunny, overcast, cloudless, partly cloudy, rainy, stormy",
    "height": "tall, short",
    "length": "long, short",
    "thickness": "thin, thick",
    "fatness": "skinny, thin, fat",
    "depth": "deep, shallow",
    "state": "choppy, calm, rough, still, wavy, smooth",
    "realism": "fake, real",
    "room": "",
    "tone": "light",
    "width": "narrow, wide",
    "race": "asian, caucasian",
    "company": "nike, adidas",
    "hardness": "hard, soft",
    "flavor": "chocolate, vanilla, strawberry",
    "texture": "coarse, fine",
    "face expression": "taking a picture, taking pictures, shaking hands, making a face",
    "uncategorized": """
        brushing teeth, taking a photo, shaking hands, taking a picture, taking photos,
        taking pictures, making a face""",
}

CATEGORIES: dict[str, tuple[str, ...]] = {
    category: tuple(" ".join(word.split()) for word in words.split(",") if word.strip())
    for category, words in _LISTS.items()
}
"""Category to its words; those of `place` and `room` are never consulted (names are told)."""

EVIDENCE: dict[str, tuple[str, ...]] = {
    comparative: tuple(word.strip() for word in words.split(","))
    for comparative, words in {
        "healthier": "healthy, unhealthy",
        "less healthy": "healthy, unhealthy",
        "shorter": "tall",
        "taller": "tall, small, little, baby",
        "larger": "huge, large, giant, small, little",
        "smaller": "huge, large, giant, small, little",
        "younger": "child, girl, boy, young, baby, little, tiny, elderly, bald, old, man, woman,"
        "lady, gentleman",
        "older": "child, girl, boy, young, baby, little, tiny, elderly, bald, old, man, woman,"
        "lady, gentleman",
    }.items()
}
"""Comparative to the attributes and names that count as evidence, in the order they are told."""
