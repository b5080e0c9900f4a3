from __future__ import annotations

import argparse
import errno
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rex import cli
from rex.errors import InputError, UnavailableError


def verbs(
    parser: argparse.ArgumentParser, path: str = "rex"
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Yield every leaf command with its words."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, child in action.choices.items():
                yield from verbs(child, f"{path} {name}")
            return
    yield path, parser


COMMANDS = dict(verbs(cli.build_parser()))


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_explains_itself_with_an_example(command: str) -> None:
    text = COMMANDS[command].format_help()
    assert f"example: {command}" in " ".join(text.split())


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from rex.cli import build_parser; build_parser();"
        "heavy = {'torch', 'mlflow', 'pandas', 'pyarrow', 'detectron2', 'transformers'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def run_main(monkeypatch: pytest.MonkeyPatch, error: Exception | None, arguments: list[str]) -> int:
    def run() -> None:
        if error is not None:
            raise error

    parser = argparse.ArgumentParser()
    parser.add_argument("--log", type=Path)
    parser.set_defaults(handler=run)
    monkeypatch.setattr(cli, "build_parser", lambda: parser)
    return cli.main(arguments)


def test_bad_input_is_one_line_and_code_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    log = tmp_path / "logs" / "x.log"
    error = InputError("no such\nfile", file="q.json", place="line 3", cure="fetch it")
    assert run_main(monkeypatch, error, ["--log", str(log)]) == 2
    assert capsys.readouterr().err == "q.json: line 3: no such file; fetch it\n"
    assert "Traceback" in log.read_text()


def test_what_is_away_is_one_line_and_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A workflow's second attempt at it is made."""
    monkeypatch.setenv("REX_WORKFLOW", "one")
    log = tmp_path / "x.log"
    error = UnavailableError("does not answer", file="http://host:5000", cure="start it")
    for _ in range(2):
        assert run_main(monkeypatch, error, ["--log", str(log)]) == 1
        assert capsys.readouterr().err == "http://host:5000: does not answer; start it\n"


def test_a_defect_is_one_line_with_the_traceback_in_the_log(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    log = tmp_path / "x.log"
    assert run_main(monkeypatch, ZeroDivisionError("by zero"), ["--log", str(log)]) == 1
    printed = capsys.readouterr().err
    assert "ZeroDivisionError: by zero" in printed
    assert "Traceback" not in printed
    assert "Traceback" in log.read_text()


def test_a_defect_without_a_log_shows_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ZeroDivisionError):
        run_main(monkeypatch, ZeroDivisionError(), [])


def test_success_is_code_0(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run_main(monkeypatch, None, []) == 0


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ([], "rex: the following arguments are required: STATION; see rex --help"),
        (["config"], "rex config: the following arguments are required: VERB; see rex config"),
        (
            ["world", "make", "--images", "two"],
            "rex world make: argument --images: 'two' is not a positive integer",
        ),
        *(
            (
                [*verb, "--seed", seed],
                f"rex {' '.join(verb)}: argument --seed: '{seed}' is not a whole number from 0",
            )
            for verb in (["train"], ["reference", "answer-prior"])
            for seed in ("-1", "x")
        ),
        (
            ["regions", "info", "a.h5", "--config", "b.yaml"],  # it would not be read
            "rex: unrecognized arguments: --config b.yaml; see",
        ),
        (["ask", "a.jpg"], "rex ask: the following arguments are required: question, --run; see"),
    ],
)
def test_wrong_arguments_are_one_line_and_code_2(
    capsys: pytest.CaptureFixture[str], arguments: list[str], line: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith(line)
    assert said.count("\n") == 1


def test_a_path_that_cannot_be_used_is_one_line_and_code_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError) as caught:
        (tmp_path / "file" / "folder").mkdir()
    assert run_main(monkeypatch, caught.value, []) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"{tmp_path}/file/folder: Not a directory; check the path")
    assert said.count("\n") == 1
    assert run_main(monkeypatch, None, ["--log", str(tmp_path / "file" / "x.log")]) == 2
    assert "Traceback" not in capsys.readouterr().err
    with pytest.raises(OSError, match="ours"):
        run_main(monkeypatch, OSError("ours"), [])


def test_a_full_disk_is_one_line_and_code_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    full = OSError(errno.ENOSPC, "No space left on device")
    assert run_main(monkeypatch, full, []) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "No space left on device; check the path, its permissions and the free space" in line


def test_names_that_are_no_text_are_printed(tmp_path: Path) -> None:
    code = (
        "import json, sys; from rex import cli; cli.main(['config', 'defaults', '--out', 'c']);"
        "print(json.dumps(sys.argv[1], ensure_ascii=False))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, b"caf\xe9.jpg"],
        capture_output=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONIOENCODING": "utf-8:strict"},
        check=True,
    )
    assert json.loads(done.stdout) == "caf\udce9.jpg"


def test_output_that_nobody_reads_is_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "q.json").write_text('{"1": {"width": 8, "height": 8, "objects": {}}}')
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "rex.cli", "gqa", "check", str(tmp_path / "q.json")],
        stdout=writing,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": ""},
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, b"")


_JOB = """
import logging, sys, warnings
from pathlib import Path
from rex.logs import configure_logging

configure_logging(Path(sys.argv[1]))
logging.getLogger("rex").info("9/10 steps")
warnings.warn("a library's own", FutureWarning)
logging.getLogger("urllib3.connectionpool").warning("a server is asked again")
logging.getLogger("rex.locks").warning("not locked")
"""


def test_a_job_of_a_workflow_says_in_its_log_how_far_it_is(tmp_path: Path) -> None:
    log = tmp_path / "train.log"
    done = subprocess.run(
        [sys.executable, "-c", _JOB, str(log)],
        env={**os.environ, "REX_WORKFLOW": "one"},
        stderr=subprocess.PIPE,
        text=True,
        check=True,
    )
    assert done.stderr == "not locked\n"
    text = log.read_text()
    for said in ("9/10 steps", "a library's own", "asked again", "not locked"):
        assert said in text


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_a_log_on_a_full_disk_hides_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    graphs = tmp_path / "graphs.json"
    assert cli.main(["gqa", "check", str(graphs), "--log", "/dev/full"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"{graphs}: ")


def test_a_workflow_does_not_try_bad_input_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    log, graphs = tmp_path / "check.log", tmp_path / "graphs.json"
    command = ["gqa", "check", str(graphs), "--log", str(log)]

    def said(workflow: str) -> str:
        log.unlink(missing_ok=True)  # as Snakemake does
        monkeypatch.setenv("REX_WORKFLOW", workflow)
        assert cli.main(command) == 2
        return capsys.readouterr().err

    first = said("one")
    assert "not tried again" not in first
    assert "bad input at the first attempt; not tried again" in said("one")
    # the next workflow does
    assert said("another") == first
