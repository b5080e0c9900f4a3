"""Transformers that encode a question together with the regions of its image."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from rex.config import ModelSettings
from rex.errors import InputError
from rex.models.batch import Batch
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

    def repeat(self, times: int) -> Encoding:
        """Repeat each row `times` times, neighbours first (one row a beam)."""
        return Encoding(*(part.repeat_interleave(times, dim=0) for part in self))


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
        embedded: Tensor = self.output(functional.gelu(self.hidden(boxes)))
        return embedded


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
        self.register_buffer("feature_mean", torch.zeros(feature_size))
        self.register_buffer("feature_scale", torch.ones(feature_size))

    def standardise(self, mean: Tensor, deviation: Tensor) -> None:
        """Have features standardised by their mean and deviation [D] before all else.

        Detectors differ in the scale of their features; the decoder's tanh saturates on large
        ones. A pretrained backbone knows the public detector's as they are: leave it alone.
        """
        self.feature_mean.copy_(mean)
        self.feature_scale.copy_(1 / deviation.clamp(min=1e-3 * float(deviation.max())))

    def features(self, batch: Batch) -> Tensor:
        """Return the standardised features of a batch, [B, R, D]."""
        return (batch.features - self.feature_mean) * self.feature_scale

    @property
    def hidden_size(self) -> int:
        """Width H of the outputs."""
        size: int = self.transformer.config.hidden_size
        return size

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
        return Encoding(output[:, 0], output[:, question_length:], visual, region_mask)


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
        return Encoding(output.language_output[:, 0], output.vision_output, visual, region_mask)


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


_BACKBONES: dict[str, type[VisualBert] | type[Lxmert]] = {
    "visualbert": VisualBert,
    "lxmert": Lxmert,
}


def build_backbone(
    settings: ModelSettings, sizes: Sizes, transformer: Mapping[str, Any] | None = None
) -> Backbone:
    """Build the backbone that the settings name.

    `transformer` describes a backbone that was pretrained (transformers' configuration, as a
    checkpoint keeps it): one of those sizes is built, without its weights. Raises InputError when
    `settings.pretrained` can't be loaded, or knows fewer word pieces or positions than are used.
    """
    backbone = _BACKBONES[settings.backbone](settings, sizes, transformer)
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
