"""Regions of images: a detector, their extraction, their import, and the store that keeps them."""
