"""Backbones, explanation decoders and their losses.

A model is a backbone (`backbones.py`) that encodes a question and the regions of its image, an
answer head on [CLS], and a method's explanation decoder (`methods/`), all of one family
(`decoder.py`).
"""
