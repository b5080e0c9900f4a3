"""The two kinds of tokens of an explanation that are not words: `#i` a region, `@k` a cell.

Regions count from 0, in the order of the region store. Cells are those of a 4×4 grid over the
image (`rex.boxes.grid_cell`) and count from 1, row by row.
"""

from __future__ import annotations

from rex.boxes import CELLS

LARGEST_REGION = 2**31 - 1
"""The largest number of a region that files can hold."""

_DIGITS = 9


def region_token(region: int) -> str:
    """Return the token of a region, counted from 0."""
    return f"#{region}"


def cell_token(cell: int) -> str:
    """Return the token of a cell, 1 to 16."""
    return f"@{cell}"


def is_region(token: str) -> bool:
    """Return whether a token names a region."""
    return token.startswith("#") and _is_number(token[1:])


def region_of(token: str) -> int:
    """Return the region that a token `#i` names, -1 for any other token.

    A number of more than nine digits is given as `LARGEST_REGION` + 1: no image has that region.
    """
    if not is_region(token):
        return -1
    # Python refuses to read very long numbers
    return int(token[1:]) if len(token) <= 1 + _DIGITS else LARGEST_REGION + 1


def cell_of(token: str) -> int:
    """Return the cell, 1 to 16, that a token `@k` names, 0 for any other token."""
    if not (token.startswith("@") and _is_number(token[1:]) and len(token) <= 1 + _DIGITS):
        return 0
    cell = int(token[1:])
    return cell if cell <= CELLS else 0


def _is_number(digits: str) -> bool:
    return digits.isascii() and digits.isdecimal()
