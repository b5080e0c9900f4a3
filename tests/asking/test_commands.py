"""What `rex ask` refuses before it loads a run."""

from __future__ import annotations

import pytest

from rex.cli import main


@pytest.mark.parametrize("name", ["answer.jpg", "answer"])
def test_a_picture_is_a_png(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["ask", "a.jpg", "What?", "--run", "nowhere", "--picture", name]
    assert main(asked) == 2
    assert capsys.readouterr().err.endswith(f"{name}: not the name of a PNG; end it in .png\n")
    assert main([*asked[:-1], "ANSWER.PNG"]) == 2
    assert "nowhere: no such folder" in capsys.readouterr().err
