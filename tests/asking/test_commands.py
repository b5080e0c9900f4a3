"""What `rex ask` says before it loads a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from rex.cli import main


@pytest.mark.parametrize("name", ["answer.jpg", "answer"])
def test_a_picture_is_a_png(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.jpg").touch()
    asked = ["ask", "a.jpg", "What?", "--run", "nowhere", "--picture", name]
    assert main(asked) == 2
    assert capsys.readouterr().err.endswith(f"{name}: not the name of a PNG; end it in .png\n")
    assert main([*asked[:-1], "ANSWER.PNG"]) == 2
    assert "nowhere: no such folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["a.jpg", "Who", "is", "it?"], "Who: no such image; check the path; the question comes"),
        (["a.jpg", "a.jpg"], "a.jpg: an image where the question should be; ask after the last"),
        (["a.jpg", "b.JPG"], "b.JPG: an image where the question should be"),
        (["a.jpg", "Is this a.jpg?"], "nowhere: no such folder"),  # in order, so far
    ],
)
def test_images_and_question_mixed_up(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.jpg").touch()
    assert main(["ask", *arguments, "--run", "nowhere"]) == 2
    assert capsys.readouterr().err.startswith(said)
