"""Explanations in the formats that vision-language models are trained on, and back."""
