"""Backbones that others have trained: their weights, and the word pieces that these know."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from rex.errors import InputError, first_line

_PIECES_FILE = "vocab.txt"


def load_transformer(kind: Any, name: str, *, feature_size: int, **options: Any) -> Any:
    """Return transformers' model of the class `kind` from a local folder or hub name.

    Raises InputError when there is none, when it is of another kind, lacks weights, or reads
    features of another width than `feature_size`.
    """
    from safetensors import SafetensorError
    from transformers import AutoConfig

    try:
        config = AutoConfig.from_pretrained(name)
        found, expected = config.model_type, kind.config_class.model_type
        if found != expected:
            raise _bad(name, f"is a {found} model, model.backbone asks for {expected}")
        model, report = kind.from_pretrained(
            name, dtype=torch.float32, output_loading_info=True, **options
        )
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise _bad(name, f"can't be loaded ({first_line(error)})") from None
    # transformers gives what is missing random values, and a warning that scrolls by
    missing = sorted(key for key in report["missing_keys"] if "pooler" not in key)
    if missing:
        raise _bad(name, f"lacks {len(missing)} weights ({missing[0]}, …)")
    # one that was trained on text alone has neither
    widths = (getattr(config, f"visual_{name}_dim", None) for name in ("embedding", "feat"))
    width = next(filter(None, widths), feature_size)
    if width != feature_size:
        raise _bad(name, f"reads features that are {width} wide, the regions' are {feature_size}")
    return model


def read_word_pieces(name: str) -> tuple[str, ...]:
    """Return BERT's word pieces in the order of their ids.

    `name` is a `vocab.txt`, or a local folder or hub name that has one. Raises InputError.
    """
    from transformers.utils.hub import cached_file

    cure = "name a vocab.txt, or a folder or hub name that has one (bert-base-uncased, say)"
    try:
        path = name if Path(name).is_file() else cached_file(name, _PIECES_FILE)
        text = Path(str(path)).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise InputError(
            f"no word pieces ({first_line(error)})",
            file=name,
            place="model.word_pieces",
            cure=cure,
        ) from None
    # not splitlines: some of BERT's pieces are characters that it takes for ends of lines
    pieces = tuple(text.removesuffix("\n").split("\n"))
    lacking = {"[UNK]", "[CLS]", "[SEP]"} - set(pieces)
    if lacking or pieces[0] != "[PAD]":
        raise InputError(
            "is not a BERT vocabulary: it lacks [UNK], [CLS] or [SEP], or [PAD] is not first",
            file=name,
            place="model.word_pieces",
            cure=cure,
        )
    return pieces


def _bad(name: str, problem: str) -> InputError:
    return InputError(
        problem,
        file=name,
        place="model.pretrained",
        cure="name a folder that save_pretrained made, or a hub name, that fits the other settings",
    )
