"""`python -m rex`: the command `rex`."""

from rex.cli import entry_point

entry_point()
