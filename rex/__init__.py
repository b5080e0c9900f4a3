"""REX: reasoning-aware and grounded explanations for visual question answering."""

__version__ = "0.2.0"
