"""What the grid of experiments is made of: settings, methods, and the facts about them.

Configuration, models, training, tables, figures and the workflow's rules read them here. Nothing
is imported: a method names its decoder, and `rex.models.methods` loads it.
"""

from __future__ import annotations

from dataclasses import dataclass

TRANSFER_PERCENT = (1, 5, 10)
"""Shares of the training questions that transfer settings learn answers from."""


@dataclass(frozen=True)
class Setting:
    """What is learnt, from how much, starting where (paper, section 5)."""

    answers: bool
    explanations: bool
    percent: int = 100
    """Share of the training questions that are learnt from."""
    start: str | None = None
    """The setting whose run the weights start from; None: from scratch."""

    @property
    def transfer(self) -> bool:
        """Whether few questions are learnt: the paper has hyper-parameters of its own for it."""
        return self.percent < 100

    @property
    def needs_decoder(self) -> bool:
        """Whether a method that cannot explain has nothing to learn here, or repeats answer-only.

        It may learn few answers from scratch, as the baseline of transfer.
        """
        return self.explanations and (not self.transfer or self.start is not None)


SETTINGS = {
    "answer-only": Setting(answers=True, explanations=False),
    "explanation-only": Setting(answers=False, explanations=True),
    "multi-task": Setting(answers=True, explanations=True),
    **{
        f"transfer-{percent}{end}": Setting(
            answers=True, explanations=True, percent=percent, start=start
        )
        for percent in TRANSFER_PERCENT
        for end, start in (("-scratch", None), ("", "explanation-only"))
    },
}
"""Setting by name, in the order of the tables."""

REFERENCE = "reference"
"""Stands for a setting in the folder names of reference rows."""


@dataclass(frozen=True)
class Method:
    """A way to explain answers."""

    label: str
    """Its name in tables."""
    decoder: str | None = None
    """`module:class` of its decoder; None: it does not explain."""
    compat: str | None = None
    """The same as the published code has it; None: there is no such mode of it."""

    def decoder_of(self, mode: str) -> str | None:
        """Return `module:class` of its decoder in a mode, `fixed` or `compat`."""
        return self.compat if mode == "compat" else self.decoder

    def exists_in(self, mode: str) -> bool:
        """Return whether the method exists in a mode: without a decoder there is no difference."""
        return mode == "fixed" or self.decoder is None or self.compat is not None


METHODS = {
    "backbone": Method("Backbone"),
    "vqae": Method("VQA-E", "rex.models.methods.vqae:VqaEDecoder"),
    "exp": Method("EXP", "rex.models.methods.exp:ExpDecoder"),
    "rex": Method(
        "REX", "rex.models.methods.rex:RexDecoder", "rex.models.methods.compat:CompatRexDecoder"
    ),
}
"""Method by name, in the order of the tables. A method is added by its file and a line here."""

REFERENCE_ROWS = {
    "answer-prior": "Answer prior (question only)",
    "random-regions": "Random regions (true words)",
}
"""Reference row to its name in tables; they stand first."""


def method_label(name: str) -> str:
    """Return the name of a method or reference row in tables; unknown ones keep their own."""
    if name in METHODS:
        return METHODS[name].label
    return REFERENCE_ROWS.get(name, name)


def method_order(name: str) -> int:
    """Return the place of a method or reference row in tables; unknown ones come last."""
    names = [*REFERENCE_ROWS, *METHODS]
    return names.index(name) if name in names else len(names)


def setting_order(name: str) -> int:
    """Return the place of a setting in tables; unknown ones come last."""
    names = [REFERENCE, *SETTINGS]
    return names.index(name) if name in names else len(names)
