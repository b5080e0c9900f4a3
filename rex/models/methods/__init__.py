"""The compared methods by name; each adds a few lines to the decoder family."""

from __future__ import annotations

from rex.models.decoder import AttentiveDecoder
from rex.models.methods.compat import CompatRexDecoder
from rex.models.methods.exp import ExpDecoder
from rex.models.methods.rex import RexDecoder
from rex.models.methods.vqae import VqaEDecoder

METHODS: dict[str, type[AttentiveDecoder] | None] = {
    "backbone": None,
    "vqae": VqaEDecoder,
    "exp": ExpDecoder,
    "rex": RexDecoder,
}
"""Method name to explanation decoder; None: answers alone."""

_COMPAT: dict[str, type[AttentiveDecoder] | None] = {"backbone": None, "rex": CompatRexDecoder}
"""The same as the published code has them, where there is a difference or none to make."""


def methods(mode: str) -> dict[str, type[AttentiveDecoder] | None]:
    """Return the methods that there are in a mode (`fixed` or `compat`)."""
    return _COMPAT if mode == "compat" else METHODS
