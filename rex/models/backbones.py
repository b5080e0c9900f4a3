"""Transformers that encode a question together with the regions of its image."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from rex.config import ModelSettings
from rex.errors import InputError
from rex.models.batch import Batch
from rex.models.fused_attention import fuse_attention
from rex.models.pretrained import load_transformer


class Encoding(NamedTuple):
    """What the answer head and the explanation decoders read."""

    cls: Tensor
    """[B, H]: the output at [CLS], the question in the light of the image."""
    regions: Tensor
    """[B, R, H]: the outputs v_i at the region positions."""
    visual: Tensor
    """[B, R, D]: the regions as the transformer received them."""
    region_mask: Tensor
    """[B, R] bool: regions that exist."""
    boxes: Tensor
    """[B, R, 6]: the regions' boxes, as a batch has them."""
    words: Tensor
    """[B, Q, H]: the outputs at the question's word pieces, [CLS] and [SEP] among them."""
    pieces: Tensor
    """[B, Q] int64: the word pieces; 0: padding."""
    told: Tensor | None = None
    """[B] int64: the answer that an explanation is told, IGNORED: none; None: none of them."""
    program: Tensor | None = None
    """[B, P] int64: the question's program as the model wrote it, for methods that read it."""

    @property
    def word_mask(self) -> Tensor:
        """Which word pieces exist, [B, Q] bool."""
        return self.pieces != 0

    def repeat(self, times: int) -> Encoding:
        """Repeat each row `times` times, neighbours first (one row a beam)."""
        return self.map(lambda part: part.repeat_interleave(times, dim=0))

    def map(self, change: Callable[[Tensor], Tensor]) -> Encoding:
        """Return the encoding with every part changed."""
        return Encoding(*(None if part is None else change(part) for part in self))  # type: ignore[arg-type]


TagPieces = tuple[Sequence[Sequence[int]], Sequence[Sequence[int]]]
"""The word pieces of each object's and each attribute's name that the detector knows."""


class Sizes(NamedTuple):
    """What a backbone must be able to read."""

    pieces: int
    """Word pieces of the vocabulary."""
    features: int
    """Width D of a region's feature vector."""
    question_length: int
    """Word pieces of the longest question."""


class BoxEmbedding(nn.Module):
    """Turns a region's normalised box into a vector of the features' width.

    The published VisualBERT sees features alone (`model.boxes: false`): the public detector's,
    pooled over large overlapping fields of the image, betray where they come from. Those of a
    detector trained on a small world do not, and programs ask for left, right and positions; LXMERT
    embeds the box for the same reason. The last layer starts at zero: it disturbs nothing.
    """

    def __init__(self, hidden_size: int, feature_size: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(6, hidden_size)
        self.output = nn.Linear(hidden_size, feature_size)
        nn.init.zeros_(self.output.weight)
        nn.init.zeros_(self.output.bias)

    def forward(self, boxes: Tensor) -> Tensor:
        """Embed boxes [..., 6] (shares of the image's size) as [..., D]."""
        return self.output(functional.gelu(self.hidden(boxes)))


class TagEmbedding(nn.Module):
    """Turns what the detector takes a region for into a vector of the features' width.

    Object and attribute are each the mean of their name's word pieces in the question's own table,
    so that a region's tag and the question's word are one thing from the start.
    """

    objects: Tensor
    attributes: Tensor

    def __init__(self, tags: TagPieces, hidden_size: int, feature_size: int) -> None:
        super().__init__()
        for name, pieces in zip(("objects", "attributes"), tags, strict=True):
            self.register_buffer(name, _padded(pieces), persistent=False)
        # words begin small, and would be lost beside standardised features
        self.norm = nn.LayerNorm(hidden_size)
        self.output = nn.Linear(2 * hidden_size, feature_size)

    def forward(self, batch: Batch, table: nn.Embedding) -> Tensor:
        """Embed the tags of a batch's regions, [B, R, D]."""
        both = [
            self.norm(_mean_embedding(pieces[numbers], table))
            for pieces, numbers in (
                (self.objects, batch.objects),
                (self.attributes, batch.attributes),
            )
        ]
        return self.output(torch.cat(both, dim=-1))


def _padded(pieces: Sequence[Sequence[int]]) -> Tensor:
    """Return names' word pieces [names + 1, P], 0: padding; the last row is no name (-1)."""
    rows = [torch.tensor([*name, 0], dtype=torch.int64) for name in (*pieces, ())]
    return torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)


def _mean_embedding(pieces: Tensor, table: nn.Embedding) -> Tensor:
    """Return the mean embedding [..., H] of word pieces [..., P]; without any, zeros."""
    known = (pieces != 0)[..., None].to(table.weight.dtype)
    return (table(pieces) * known).sum(dim=-2) / known.sum(dim=-2).clamp(min=1)


class Backbone(nn.Module):
    """Encodes a question together with the regions of its image."""

    transformer: Any
    """One of transformers' models."""
    has_unread_weights = False
    """Whether it may have weights that no loss depends on, and that never get a gradient."""
    feature_mean: Tensor
    feature_scale: Tensor

    def __init__(self, feature_size: int) -> None:
        super().__init__()
        # here, not in the class: a class's value would hide the module
        self.tags: TagEmbedding | None = None
        self.register_buffer("feature_mean", torch.zeros(feature_size))
        self.register_buffer("feature_scale", torch.ones(feature_size))

    def standardise(self, mean: Tensor, deviation: Tensor) -> None:
        """Have features standardised by their mean and deviation [D] before all else.

        Detectors differ in the scale of their features; the decoder's tanh saturates on large
        ones. A pretrained backbone knows the public detector's as they are: leave it alone.
        """
        self.feature_mean.copy_(mean)
        # features that never vary are left on the scale they have
        least = 1e-3 * float(deviation.max()) or 1.0
        self.feature_scale.copy_(1 / deviation.clamp(min=least))

    def features(self, batch: Batch) -> Tensor:
        """Return the standardised features [B, R, D], tags added where they are read."""
        features: Tensor = (batch.features - self.feature_mean) * self.feature_scale
        if self.tags is None:
            return features
        tags: Tensor = self.tags(batch, self.transformer.embeddings.word_embeddings)
        return features + tags

    def read_tags(self, tags: TagPieces) -> None:
        """Have the backbone read what the detector takes each region for."""
        self.tags = TagEmbedding(tags, self.hidden_size, len(self.feature_mean))

    @property
    def hidden_size(self) -> int:
        """Width H of the outputs."""
        return self.transformer.config.hidden_size

    def forward(self, batch: Batch) -> Encoding:
        """Encode a batch."""
        raise NotImplementedError


class VisualBert(Backbone):
    """VisualBERT (Li et al. 2019): question and regions in one sequence."""

    def __init__(
        self, settings: ModelSettings, sizes: Sizes, saved: Mapping[str, Any] | None
    ) -> None:
        super().__init__(sizes.features)
        from transformers import VisualBertModel

        own = {"num_hidden_layers": settings.layers, "visual_embedding_dim": sizes.features}
        self.transformer = _transformer(
            VisualBertModel,
            settings,
            sizes,
            saved,
            own | {"pad_token_id": 0},
            add_pooling_layer=False,
        )
        # the published code has the model see features alone
        boxes = settings.boxes and settings.mode == "fixed"
        self.box_embedding = BoxEmbedding(settings.hidden_size, sizes.features) if boxes else None

    def forward(self, batch: Batch) -> Encoding:
        """Encode a batch."""
        visual = self.features(batch)
        if self.box_embedding is not None:
            visual = visual + self.box_embedding(batch.boxes)
        region_mask = batch.region_mask
        output = self.transformer(
            input_ids=batch.pieces,
            attention_mask=(batch.pieces != 0).long(),
            visual_embeds=visual,
            visual_attention_mask=region_mask.long(),
        ).last_hidden_state
        question_length = batch.pieces.shape[1]
        return Encoding(
            cls=output[:, 0],
            regions=output[:, question_length:],
            visual=visual,
            region_mask=region_mask,
            boxes=batch.boxes,
            words=output[:, :question_length],
            pieces=batch.pieces,
        )


class Lxmert(Backbone):
    """LXMERT (Tan and Bansal 2019): a stream a modality, joined by cross-attention.

    Of the public model's 9 language, 5 vision and 5 cross layers, the settings name the first.
    """

    # its pooler; and, unless the decoder reads the outputs at regions, the last vision branch
    has_unread_weights = True

    def __init__(
        self, settings: ModelSettings, sizes: Sizes, saved: Mapping[str, Any] | None
    ) -> None:
        super().__init__(sizes.features)
        from transformers import LxmertModel

        half = (settings.layers + 1) // 2
        own = {"l_layers": settings.layers, "r_layers": half, "x_layers": half}
        visual = {"visual_feat_dim": sizes.features, "visual_pos_dim": 4}
        self.transformer = _transformer(LxmertModel, settings, sizes, saved, own | visual)

    def forward(self, batch: Batch) -> Encoding:
        """Encode a batch; the box enters as its authors intended: four corners, normalised."""
        region_mask = batch.region_mask
        visual = self.features(batch)
        output = self.transformer(
            input_ids=batch.pieces,
            attention_mask=(batch.pieces != 0).long(),
            visual_feats=visual,
            visual_pos=batch.boxes[..., :4],
            visual_attention_mask=region_mask.long(),
        )
        return Encoding(
            cls=output.language_output[:, 0],
            regions=output.vision_output,
            visual=visual,
            region_mask=region_mask,
            boxes=batch.boxes,
            words=output.language_output,
            pieces=batch.pieces,
        )


def _transformer(
    kind: Any,
    settings: ModelSettings,
    sizes: Sizes,
    saved: Mapping[str, Any] | None,
    own: Mapping[str, Any],
    **options: Any,
) -> Any:
    """Return transformers' model of the class `kind`, its weights random unless pretrained.

    Its configuration is the `saved` one, else that of `settings.pretrained`, else made from the
    settings and from `own`, what only this kind has.
    """
    dropout = {
        "hidden_dropout_prob": settings.dropout,
        "attention_probs_dropout_prob": settings.attention_dropout,
    }
    if saved is not None:
        return kind(kind.config_class.from_dict(dict(saved)), **options)
    if settings.pretrained is not None:
        return load_transformer(
            kind, settings.pretrained, feature_size=sizes.features, **options, **dropout
        )
    config = kind.config_class(
        vocab_size=sizes.pieces,
        hidden_size=settings.hidden_size,
        num_attention_heads=settings.heads,
        intermediate_size=settings.intermediate_size,
        initializer_range=settings.initializer_range,
        max_position_embeddings=sizes.question_length,
        **own,
        **dropout,
    )
    return kind(config, **options)


BACKBONES: dict[str, Callable[[ModelSettings, Sizes, Mapping[str, Any] | None], Backbone]] = {
    "visualbert": VisualBert,
    "lxmert": Lxmert,
}
"""What `model.backbone` names."""


def build_backbone(
    settings: ModelSettings, sizes: Sizes, transformer: Mapping[str, Any] | None = None
) -> Backbone:
    """Build the backbone that the settings name.

    `transformer` describes a backbone that was pretrained (transformers' configuration, as a
    checkpoint keeps it): one of those sizes is built, without its weights. Raises InputError when
    `settings.pretrained` can't be loaded, or knows fewer word pieces or positions than are used.
    """
    backbone = BACKBONES[settings.backbone](settings, sizes, transformer)
    fuse_attention(backbone.transformer)
    config = backbone.transformer.config
    for place, used, known in (
        ("model.word_pieces", sizes.pieces, config.vocab_size),
        ("training.question_length", sizes.question_length, config.max_position_embeddings),
    ):
        if used > known:
            raise InputError(
                f"asks for {used}, the pretrained backbone knows {known}",
                file=str(settings.pretrained),
                place=place,
                cure="use those that the backbone was pretrained with",
            )
    return backbone
