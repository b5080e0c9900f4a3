"""Asking a trained run about one's own images: on the command line and in a browser."""
