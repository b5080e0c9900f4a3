"""REX: reasoning-aware and grounded explanations for visual question answering."""

__version__ = "0.1.0"
