"""The little English that sentences need: number, mass nouns, articles."""

from __future__ import annotations

from functools import lru_cache

from rex.gqa.ontology import plural


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SINGULAR_IN_S = _words("""
    gas iris lens canvas christmas atlas pancreas tennis chess asparagus hummus us""")
_PLURAL_WORDS = _words("""
    people men women children feet teeth geese mice oxen cattle police policemen policewomen
    gentlemen firemen fishermen businessmen snowmen workmen salesmen calves knives leaves shelves
    wolves scarves loaves halves hooves lives wives cacti dice bookshelves grandchildren""")
_MASS_WORDS = _words("""
    water grass snow sand dirt food rice hair cheese wood milk coffee tea beer wine juice bread
    butter meat fruit furniture clothing luggage smoke ice mud gravel hay paper traffic salt pepper
    sugar sauce soup pasta lettuce broccoli corn spinach cabbage celery garlic asparagus parsley
    cilantro chicken beef pork ham bacon fish seafood sushi salad cereal popcorn chocolate ketchup
    mustard mayonnaise soap shampoo toothpaste fur wool cotton leather metal glassware silverware
    tableware footwear jewelry equipment produce moss ivy seaweed bamboo wheat foliage graffiti
    art mulch soil concrete pavement asphalt fabric cloth bedding tape foam steam fog rain sunlight
    lightning oil honey jam yogurt cream frosting icing dough pudding electricity scenery trash
    garbage litter china underwear plastic shrubbery greenery lace""")


@lru_cache(maxsize=16384)
def is_plural(noun: str) -> bool:
    """Return whether a noun phrase is plural ("clouds", "wine glasses", "people")."""
    last = noun.rpartition(" ")[2]
    if last in _PLURAL_WORDS:
        return True
    if not last.endswith("s") or last in _SINGULAR_IN_S:
        return False
    return not last.endswith("ss") and not last.endswith("us")


@lru_cache(maxsize=16384)
def is_mass(noun: str) -> bool:
    """Return whether a noun takes no article and no plural ("snow", "orange juice")."""
    return noun.rpartition(" ")[2] in _MASS_WORDS


@lru_cache(maxsize=16384)
def article(phrase: str) -> str:
    """Return `a` or `an` for the phrase that follows."""
    start = phrase[:1].lower()
    if start in "aeio":
        return "a" if phrase.lower().startswith(("one", "eu", "ew")) else "an"
    if start == "u":
        return "a" if phrase.lower().startswith(("uni", "use", "usu", "ute", "ur")) else "an"
    return "an" if phrase.lower().startswith(("hour", "honest", "suv", "xbox", "x-ray")) else "a"


def many(noun: str) -> str:
    """Return the plural of a noun that may be plural already or have none."""
    return noun if is_plural(noun) or is_mass(noun) else plural(noun)


@lru_cache(maxsize=16384)
def is_verbal(word: str) -> bool:
    """Return whether a description must follow its noun ("taking pictures", "looking up")."""
    first, _, rest = word.partition(" ")
    return bool(rest) and first.endswith("ing")
