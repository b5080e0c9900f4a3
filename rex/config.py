"""Typed configuration: the one source of defaults, of `config.yaml` and of the JSON schema.

The classes are plain dataclasses, so that models and training need no more than the standard
library; pydantic checks the values when a file is read (`read_config`).
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, TypeVar, dataclass_transform

from rex.experiment import METHODS, SETTINGS, MethodValue

SPLITS = ("train", "val", "testdev")
SCENE_GRAPH_SPLITS = ("train", "val")
"""GQA publishes no scene graphs for testdev: nothing is explained there."""

Settings = TypeVar("Settings")
_STRICT: dict[str, Any] = {
    "extra": "forbid",
    "strict": True,
    "allow_inf_nan": False,
    "use_attribute_docstrings": True,
}


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
def _settings(kind: type[Settings]) -> type[Settings]:
    """Make a class of settings: a frozen dataclass that pydantic checks strictly."""
    kind.__pydantic_config__ = _STRICT  # type: ignore[attr-defined]
    return dataclass(frozen=True, kw_only=True)(kind)


@dataclass(frozen=True)
class Limits:
    """The range of a number (None: no limit); pydantic checks it and tells the schema."""

    least: float | None = None
    above: float | None = None
    most: float | None = None
    below: float | None = None

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        bounds = {"ge": self.least, "gt": self.above, "le": self.most, "lt": self.below}
        return handler(source) | {name: at for name, at in bounds.items() if at is not None}


Seed = Annotated[int, Limits(least=0, most=2**32 - 1)]
"""As large as each generator of random numbers takes it."""


@dataclass(frozen=True)
class OneOf:
    """A text that is one of these; the schema says which."""

    names: tuple[str, ...]

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        return {"type": "literal", "expected": list(self.names)}


@_settings
class WorldSettings:
    """The embedded default: a small rendered world in GQA's file formats."""

    train_images: Annotated[int, Limits(least=1)] = 2000
    """Images of the train split."""
    val_images: Annotated[int, Limits(least=1)] = 400
    """Images of the val split."""
    testdev_images: Annotated[int, Limits(least=1)] = 200
    """Images of the testdev split."""
    questions_per_image: Annotated[int, Limits(least=1)] = 8
    """Balanced questions an image, on average."""
    width: Annotated[int, Limits(least=32)] = 320
    """Width of an image, in pixels."""
    height: Annotated[int, Limits(least=32)] = 240
    """Height of an image, in pixels."""
    seed: Seed = 1
    """One seed gives one world, byte for byte."""


@_settings
class FeatureFiles:
    """Features that others extracted: what `rex regions import` reads, for each split."""

    train: str
    """Holds the train images; one file may serve several splits."""
    val: str
    """Holds the val images."""
    testdev: str | None = None
    """Holds the testdev images; none: `evaluation.splits` is `[val]`."""
    label: str
    """Which detector and settings made them: stores of one label may be used together."""
    boxes: Literal["xyxy", "xywh", "normalised", "grid"] = "xyxy"
    """How their boxes are written (docs/regions.md)."""
    encoding: Literal["float32", "float16"] = "float32"
    """The numbers of features in tables, which do not tell it."""
    ids: str | None = None
    """JSON that maps their ids to those of the images; none: they are the same."""


@_settings
class RegionSettings:
    """The detector, its training on the world, and the choice of 36 regions."""

    detector: Literal["small-fpn", "bottom-up", "detectron2"] = "small-fpn"
    """`small-fpn`, `bottom-up` (the public one), or `detectron2`: what `detector_config` says."""
    detector_config: str | None = None
    """A YAML file of Detectron2 (a C4 or FPN detector), for `detector: detectron2`."""
    weights: str | None = None
    """A checkpoint to extract with; none: the detector that `rex regions train` made."""
    features: FeatureFiles | None = None
    """Import these features instead of detecting regions; none: detect."""
    features_from: str | None = None
    """Folder of a vision model of `transformers` that describes the regions; none: the detector."""
    features_of: Literal["crops", "patches"] = "crops"
    """What it describes: each region cut out, or the image's patches, averaged in each box."""
    vocabulary: str | None = None
    """Folder with `objects_vocab.txt` and `attributes_vocab.txt`, for weights without names."""
    iterations: Annotated[int, Limits(least=1)] = 450
    """Training steps of the detector."""
    batch_size: Annotated[int, Limits(least=1)] = 4
    """Images a training step."""
    learning_rate: Annotated[float, Limits(above=0)] = 0.001
    """Peak learning rate (AdamW; Muon has twenty times as much)."""
    short_side: Annotated[int, Limits(least=32)] = 144
    """Images are resized to this short side before detection, in pixels."""
    feature_size: Annotated[int, Limits(least=1)] = 256
    """Width D of a region's feature vector (the public detector: 2048)."""
    regions: Annotated[int, Limits(least=1)] = 36
    """Regions kept for each image (adaptive: at most)."""
    selection: Literal["fixed", "adaptive", "scene-graphs"] = "fixed"
    """`fixed`: always `regions`; `adaptive`: 10 or more by score; `scene-graphs`: annotated."""
    seed: Seed = 1
    """Seed of the detector's initial weights and of the order of its batches."""


@_settings
class ExplanationSettings:
    """How programs become explanations."""

    mode: Literal["fixed", "compat"] = "fixed"
    """`fixed`: what the method says; `compat`: what the published code did."""
    region_threshold: Annotated[float, Limits(least=0, most=1)] = 0.5
    """An object whose best region has a lower IoU is written by its name (0 to 1)."""


@_settings
class ModelSettings:
    """The vision-and-language backbone and the explanation decoder."""

    backbone: Literal["visualbert", "lxmert"] = "visualbert"
    """The transformer that encodes the question and the regions."""
    pretrained: str | None = None
    """A local folder or hub name to start the backbone from; none: from the sizes below."""
    word_pieces: str | None = None
    """BERT's `vocab.txt`, or a folder or hub name with one; none: of `pretrained`, or our own."""
    hidden_size: Annotated[int, Limits(least=1)] = 128
    """Width of the transformer and of the decoder."""
    layers: Annotated[int, Limits(least=1)] = 3
    """Transformer layers."""
    heads: Annotated[int, Limits(least=1)] = 4
    """Attention heads of a layer."""
    intermediate_size: Annotated[int, Limits(least=1)] = 512
    """Width of the transformer's feed-forward layers."""
    mode: Literal["fixed", "compat"] = "fixed"
    """The decoder as the paper has it (`fixed`) or as the published code does (`compat`)."""
    boxes: bool = True
    """Whether VisualBERT sees where regions are (`fixed` alone; LXMERT always does)."""
    dropout: Annotated[float, Limits(least=0, below=1)] = 0.0
    """Dropout probability in the transformer."""
    attention_dropout: Annotated[float, Limits(least=0, below=1)] = 0.0
    """Dropout probability of the transformer's attention weights."""
    decoder_dropout: Annotated[float, Limits(least=0, below=1)] = 0.0
    """Dropout probability in the decoder: of words and h₂; of what a transformer's layers add."""
    initializer_range: Annotated[float, Limits(above=0)] = 0.08
    """Standard deviation of the transformer's initial weights (about the hidden size to -1/2)."""


@_settings
class TrainingSettings:
    """Optimisation, common to all methods."""

    epochs: Annotated[int, Limits(least=1)] = 3
    """Passes over the training questions."""
    patience: Annotated[int, Limits(least=1)] | None = None
    """Epochs, from `decay_epoch` on, without a better one, which end training; none: never."""
    max_steps: Annotated[int, Limits(least=1)] | None = None
    """Steps after which training ends, wherever in an epoch; none: after all epochs."""
    batch_size: Annotated[int, Limits(least=1)] = 64
    """Questions a step."""
    questions_together: Annotated[int, Limits(least=1)] = 1
    """Questions of one image that share a batch, so that its regions are read once for them."""
    optimizer: Literal["adam", "muon"] = "muon"
    """`adam`: as in the paper; `muon`: matrices by Muon (Jordan et al. 2024), the rest by Adam."""
    muon_rate: Annotated[float, Limits(above=0)] = 5.0
    """Muon's learning rate as a multiple of `learning_rate`."""
    learning_rate: Annotated[float, Limits(above=0)] = 1e-3
    """Peak learning rate (Adam's)."""
    explanation_learning_rate: Annotated[float, Limits(above=0)] | None = None
    """The same where explanations alone are learnt; none: `learning_rate`."""
    warmup: Annotated[float, Limits(least=0, most=1)] = 0.02
    """Share of the steps over which the learning rate rises from 0."""
    decay: Literal["step", "linear"] = "step"
    """How the learning rate falls: `step`: at `decay_epoch`; `linear`: to 0 after the warm-up."""
    decay_epoch: Annotated[int, Limits(least=1)] = 3
    """From this epoch on (counted from 1) the learning rate is multiplied by `decay_factor`."""
    decay_factor: Annotated[float, Limits(least=0)] = 0.25
    """See `decay_epoch`."""
    weight_decay: Annotated[float, Limits(least=0)] = 0.0
    """What a step takes off weights, times the learning rate; not off biases, nor LayerNorm's."""
    gradient_clip: Annotated[float, Limits(above=0)] = 0.1
    """Largest norm of the gradient."""
    explanation_weight: Annotated[float, Limits(least=0)] = 1.0
    """Weight of the explanation's cross-entropy beside the answer's (alpha in the paper)."""
    gate_weight: Annotated[float, Limits(least=0)] = 1.0
    """Weight of the gate's binary cross-entropy (beta in the paper)."""
    question_length: Annotated[int, Limits(least=3)] = 30
    """Word pieces of a question that are kept."""
    explanation_length: Annotated[int, Limits(least=1)] = 20
    """Tokens of an explanation that are learnt; the rest is cut off."""
    holdout: Annotated[float, Limits(least=0, below=1)] = 0.05
    """Share of the training images held out to choose the epoch."""
    save_every: Annotated[int, Limits(least=1)] = 200
    """Steps between saves of an unfinished run (it is saved at its end, too)."""
    accumulation: Annotated[int, Limits(least=1)] = 1
    """Parts that a step's questions are computed in, one after another, to save memory."""
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"
    """Number format of the matrix products; `auto`: bf16 where the processor multiplies it."""


_NEUTRAL = {"decay": "step", "weight_decay": 0.0}


def compared(training: Mapping[str, Any]) -> dict[str, Any]:
    """Return the training settings by which runs are told apart.

    Those that earlier versions did not have are left out where they change nothing: what such a
    version trained, or began to train, stays valid.
    """
    return {key: value for key, value in training.items() if (key, value) not in _NEUTRAL.items()}


@_settings
class TransferSettings:
    """Learning answers from few questions: what differs from `training`."""

    epochs: Annotated[int, Limits(least=1)] = 60
    """Passes over the few questions."""
    learning_rate: Annotated[float, Limits(above=0)] = 1e-3
    """As in `training`."""
    decay_epoch: Annotated[int, Limits(least=1)] = 50
    """As in `training`."""
    other_images: bool = False
    """Whether the few questions are about images that explanation-only runs leave out."""


@_settings
class ForeignAnswers:
    """The answers of a model that REX did not train, measured for a row of the tables."""

    name: str
    """The model's name in the tables."""
    file: str
    """What it answered: docs/vlm.md says what is read."""
    format: str | None = None
    """What the numbers of its boxes mean: a format of docs/vlm.md; none: it writes no boxes."""
    split: Literal["val", "testdev"] = "val"
    """Of whose questions; those that it does not answer are left out."""

    @property
    def folder(self) -> str:
        """The name as that of a folder."""
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")


@_settings
class EvaluationSettings:
    """What is predicted and measured."""

    splits: tuple[Literal["val", "testdev"], ...] = ("val", "testdev")
    """The splits that runs are measured on."""
    batch_size: Annotated[int, Limits(least=1)] = 256
    """Questions a prediction step."""
    beams: Annotated[int, Limits(least=1)] = 1
    """Beginnings of an explanation that are followed at once; 1: the likeliest token each time."""
    examples: Annotated[int, Limits(least=1)] = 60
    """Examples in the gallery."""
    seed: Seed = 1
    """Seed of the random-regions row, of the examples and of resampling."""
    bootstrap: Annotated[int, Limits(least=0)] = 1000
    """Resamples of the images, for intervals and tests; 0: none."""
    compat: bool = False
    """Score also as the published code does, for a table beside published numbers."""
    upper_bound: str | None = None
    """The public code's `grounding_upper_bound.json`, for `compat/grounding`; none: our bounds."""
    foreign: tuple[ForeignAnswers, ...] = ()
    """Answers of other models: a row of the tables each."""
    stand_in: Annotated[int, Limits(least=0)] = 200
    """Questions of the world's val that a rule-based stand-in for such a model answers."""


@_settings
class ExperimentRun:
    """One cell of the grid of experiments."""

    setting: Annotated[str, OneOf(tuple(SETTINGS))]
    """What is trained: the answer, the explanation, or both; `transfer-N`: both, from N percent of
    the questions, after explanations alone (`-scratch`: without)."""
    method: Annotated[str, OneOf(tuple(METHODS))]
    """How it is explained: docs/methods.md says what each is."""


@_settings
class ExperimentSettings:
    """The grid of runs."""

    runs: tuple[ExperimentRun, ...] = (
        ExperimentRun(setting="answer-only", method="backbone"),
        ExperimentRun(setting="multi-task", method="rex"),
        ExperimentRun(setting="multi-task", method="reader"),
    )
    """The settings and methods that are trained."""
    seeds: tuple[Seed, ...] = (0,)
    """Each run is repeated with each of these seeds."""


@_settings
class ComputeSettings:
    """Where the numbers are computed."""

    device: Literal["auto", "cpu", "cuda"] = "auto"
    """`auto`: a GPU if there is one."""
    detector_threads: Annotated[int, Limits(least=1)] = 2
    """CPU processes of the detector, a thread each. Training sums over them: part of the result."""
    training_threads: Annotated[int, Limits(least=1)] = 1
    """CPU threads of one training run. Sums are ordered by it, so it is part of the result."""
    gpus: Annotated[int, Limits(least=1)] = 1
    """GPUs of one training run, where there are any; several train together under torchrun."""


@_settings
class Config:
    """A whole experiment."""

    dataset: str = "world"
    """Names the folder under `results/`."""
    data: str = "data/world"
    """The folder of the annotations and images, in GQA's layout."""
    source: Literal["world", "gqa"] = "world"
    """`world`: the annotations are made by `rex world make`; `gqa`: they are there already."""
    world: WorldSettings = field(default_factory=WorldSettings)
    regions: RegionSettings = field(default_factory=RegionSettings)
    explanations: ExplanationSettings = field(default_factory=ExplanationSettings)
    model: ModelSettings = field(default_factory=ModelSettings)
    methods: dict[str, dict[str, MethodValue]] = field(default_factory=dict)
    """Settings of methods, where they are not their defaults: `reader: {layers: 3}`."""
    training: TrainingSettings = field(default_factory=TrainingSettings)
    transfer: TransferSettings = field(default_factory=TransferSettings)
    evaluation: EvaluationSettings = field(default_factory=EvaluationSettings)
    experiment: ExperimentSettings = field(default_factory=ExperimentSettings)
    compute: ComputeSettings = field(default_factory=ComputeSettings)

    @property
    def mode(self) -> str:
        """`fixed` or `compat`; where explanations and model differ, what each of them is."""
        explanations, model = self.explanations.mode, self.model.mode
        same = explanations == model
        return explanations if same else f"explanations {explanations}, model {model}"

    def training_of(self, *, transfer: bool, answers: bool = True) -> TrainingSettings:
        """Return the optimisation of a run: in a transfer setting or not, with answers or not."""
        if transfer:
            changed = {**vars(self.transfer)}
            del changed["other_images"]
            return dataclasses.replace(self.training, **changed)
        alone = self.training.explanation_learning_rate
        if answers or alone is None:
            return self.training
        return dataclasses.replace(self.training, learning_rate=alone)
