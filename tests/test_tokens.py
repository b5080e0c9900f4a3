from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rex.tokens import (
    LARGEST_REGION,
    cell_of,
    cell_token,
    is_region,
    region_of,
    region_token,
)


@given(st.integers(0, 10**9 - 1))
def test_regions_come_back(region: int) -> None:
    token = region_token(region)
    assert is_region(token)
    assert region_of(token) == region
    assert cell_of(token) == 0


@pytest.mark.parametrize("cell", range(1, 17))
def test_cells_come_back(cell: int) -> None:
    assert cell_of(cell_token(cell)) == cell
    assert cell_of(cell_token(cell)) == cell
    assert region_of(cell_token(cell)) == -1


@given(st.text())
def test_any_text_is_read_without_failing(text: str) -> None:
    assert is_region(text) == (region_of(text) >= 0)
    assert 0 <= cell_of(text) <= 16


@pytest.mark.parametrize("token", ["#", "#x", "# 1", "#-1", "#1.", "1", "##1", "#٣", "#²", ""])
def test_what_names_no_region(token: str) -> None:
    assert not is_region(token)
    assert region_of(token) == -1


@pytest.mark.parametrize("token", ["@", "@0", "@17", "@x", "@-1", "@" + "9" * 5000, "5", "#5"])
def test_what_names_no_cell(token: str) -> None:
    assert cell_of(token) == 0


def test_a_very_long_number_is_a_region_that_no_image_has() -> None:
    assert region_of("#" + "9" * 5000) == LARGEST_REGION + 1
