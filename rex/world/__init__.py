"""The embedded default: a small rendered world in GQA's own file formats."""
