"""What the grid of experiments is made of: settings, methods, and the facts about them.

Configuration, models, training, tables, figures and the workflow's rules read them here. Nothing
is imported: a method names its decoder, and `rex.models.methods` loads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

TRANSFER_PERCENT = (1, 5, 10)
"""Shares of the training questions that transfer settings learn answers from."""


@dataclass(frozen=True, kw_only=True, order=True)
class RunName:
    """One cell of the grid."""

    setting: str
    method: str
    seed: int

    def __str__(self) -> str:
        return f"{self.setting}/{self.method}/seed{self.seed}"


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


def transfer_setting(percent: int, *, scratch: bool = False) -> str:
    """Return the name of the setting that learns so many percent of the answers.

    It starts from a run that has learnt explanations, or, with `scratch`, from nothing.
    """
    return f"transfer-{percent}{'-scratch' if scratch else ''}"


SETTINGS = {
    "answer-only": Setting(answers=True, explanations=False),
    "explanation-only": Setting(answers=False, explanations=True),
    "multi-task": Setting(answers=True, explanations=True),
    **{
        transfer_setting(percent, scratch=scratch): Setting(
            answers=True,
            explanations=True,
            percent=percent,
            start=None if scratch else "explanation-only",
        )
        for percent in TRANSFER_PERCENT
        for scratch in (True, False)
    },
}
"""Setting by name, in the order of the tables."""

REFERENCE = "reference"
"""Stands for a setting in the folder names of reference rows."""
FOREIGN = "foreign"
"""Stands for a setting in the rows of models that were not trained here."""


MethodValue = bool | int | float | str
"""What a setting of a method may be."""


@dataclass(frozen=True)
class Method:
    """A way to explain answers."""

    label: str
    """Its name in tables."""
    decoder: str | None = None
    """`module:class` of its decoder; None: it does not explain."""
    compat: str | None = None
    """The same as the published code has it; None: there is no such mode of it."""
    options: Mapping[str, MethodValue] = field(default_factory=dict)
    """Its settings, where they are not its decoder's defaults: variants share a decoder."""
    variant_of: str | None = None
    """The method that it is but for its options: what is given to that one, it has, too."""
    writes: bool = True
    """Whether it writes explanations, if it has a decoder."""
    answers_by_explaining: bool = False
    """Whether the answer depends on the explanation: there is no learning it alone."""

    def decoder_of(self, mode: str) -> str | None:
        """Return `module:class` of its decoder in a mode, `fixed` or `compat`."""
        return self.compat if mode == "compat" else self.decoder

    def exists_in(self, mode: str) -> bool:
        """Return whether the method exists in a mode: without a decoder there is no difference."""
        return mode == "fixed" or self.decoder is None or self.compat is not None


_FILES = "rex.models.methods"
_REX, _VCIN = f"{_FILES}.rex:RexDecoder", f"{_FILES}.vcin:VcinDecoder"
_READER = f"{_FILES}.reader:Reader"


def _reader_without(name: str, *parts: str) -> Method:
    options = dict.fromkeys(parts, False)
    return Method(f"Reader, {name}", _READER, options=options, variant_of="reader")


METHODS = {
    "backbone": Method("Backbone"),
    "backbone-tags": Method("Backbone + tags", options={"tags": True}, variant_of="backbone"),
    "regions-only": Method("Regions only", f"{_FILES}.regions_only:RegionMarker", writes=False),
    "vqae": Method("VQA-E", f"{_FILES}.controls:VqaEDecoder"),
    "exp": Method("EXP", f"{_FILES}.controls:ExpDecoder"),
    "words": Method("Words", f"{_FILES}.controls:WordsDecoder"),
    "pointer": Method("Pointer", f"{_FILES}.controls:PointerDecoder"),
    "rex": Method("REX", _REX, f"{_FILES}.rex:CompatRexDecoder"),
    "rex-tags": Method("REX + tags", _REX, options={"tags": True}, variant_of="rex"),
    "rex-programs": Method("REX + programs", _REX, options={"programs": True}, variant_of="rex"),
    "vcin": Method("VCIN", _VCIN, answers_by_explaining=True),
    "vcin-no-kl": Method(
        "VCIN, no KL", _VCIN, options={"kl": 0.0}, variant_of="vcin", answers_by_explaining=True
    ),
    "vcin-no-link": Method("VCIN, no link", _VCIN, options={"link": False}, variant_of="vcin"),
    "pro-vcin": Method("Pro-VCIN", f"{_FILES}.pro_vcin:ProVcinDecoder", answers_by_explaining=True),
    "reader": Method("Reader", _READER),
    "reader-no-tags": _reader_without("no tags", "tags"),
    "reader-no-copy": _reader_without("no copying", "copy"),
    "reader-not-told": _reader_without("never told", "told"),
    "reader-not-read": _reader_without("not read", "read"),
    "reader-no-programs": _reader_without("no programs", "programs"),
    "reader-plain": _reader_without("plain", "tags", "copy", "told", "read"),
    "reader-not-judged": _reader_without("not judged", "agree"),
}
"""Method by name, in the order of the tables. A method is added by its file and a line here."""

FEWEST = min(TRANSFER_PERCENT)
"""The smallest of them, where most is to be gained."""
PRIOR_OF_FEW = f"answer-prior-{FEWEST}"
"""The reference row that knows no more answers than the transfer setting with the fewest."""

REFERENCE_ROWS = {
    "answer-prior": "Answer prior (question only)",
    PRIOR_OF_FEW: f"Answer prior ({FEWEST} % of the questions)",
    "random-regions": "Random regions (true words)",
}
"""Reference row to its name in tables; they stand first."""


def refusal(setting: str, method: str, mode: str) -> tuple[str, str] | None:
    """Return why a method is not trained in a setting, and the cure; None: it is."""
    entry, learnt = METHODS[method], SETTINGS[setting]
    if not entry.exists_in(mode):
        return (
            f"no method {method!r} in mode {mode}",
            "set model.mode to fixed, or train backbone or rex",
        )
    if entry.decoder is None and learnt.needs_decoder:
        return (
            f"method {method!r} has no decoder, setting {setting!r} trains one",
            "train it answer-only or transfer-N-scratch",
        )
    if not entry.writes and not learnt.answers:
        return (
            f"method {method!r} writes no explanations, setting {setting!r} learns nothing else",
            "train it multi-task",
        )
    if entry.answers_by_explaining and not learnt.explanations:
        return (
            f"method {method!r} answers by explaining, setting {setting!r} learns answers alone",
            "train it multi-task",
        )
    return refusal(learnt.start, method, mode) if learnt.start else None


def settings_given(
    method: str, methods: Mapping[str, Mapping[str, MethodValue]]
) -> dict[str, MethodValue]:
    """Return what a configuration's `methods` gives a method, a variant beside its own options."""
    kind = METHODS[method]
    common = methods.get(kind.variant_of, {}) if kind.variant_of else {}
    return {**common, **kind.options, **methods.get(method, {})}


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
