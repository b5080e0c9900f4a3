"""docs/vlm.md: its commands and its code run; and the task folder for lmms-eval."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import re
import shlex
import sys
import types
from pathlib import Path
from typing import Any

import pytest
import yaml

from rex.cli import main
from rex.evaluation.metrics import read_metrics
from rex.exchange.formats import FORMATS
from rex.exchange.record import spanned
from rex.gqa.layout import Layout

PROJECT = Path(__file__).parents[1]
TEXT = (PROJECT / "docs" / "vlm.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """Return the blocks of code in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the page's little world, which stands for the demo's, too."""
    folder = tmp_path_factory.mktemp("project")
    with contextlib.chdir(folder):
        (make,) = re.findall(r"^rex (world make .*?) *#", TEXT, re.MULTILINE)
        assert main(shlex.split(make)) == 0
        Path("data/world").symlink_to("tiny")
    return folder


def test_its_commands_and_code_run(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    export, measure = (block.replace("\\\n", " ") for block in blocks("sh"))
    assert main(shlex.split(export.splitlines()[1])[1:]) == 0
    (example,) = blocks("json")
    rows = [json.loads(line) for line in Path("train.jsonl").read_text().splitlines()]
    assert json.loads(example) in rows
    write_answers(Layout("data/world"))
    for command in measure.splitlines():
        assert main(shlex.split(command)[1:]) == 0
    scores = json.loads(Path("metrics.json").read_text())["scores"]
    assert scores["agreement"]["value"] == 100
    assert "| qwen | other |" in Path("tables/answers.md").read_text()
    for code in blocks("python"):
        capsys.readouterr()
        exec(compile(code, "docs/vlm.md", "exec"), {})
        assert capsys.readouterr().out.splitlines() == re.findall(r"^# ([{[].*)", code, re.M)


def test_ms_swift_makes_the_reward_as_its_own() -> None:
    (made,) = re.findall(r'orms\["rex"\] = (lambda .*)', TEXT)
    make = eval(made, {"reward": len})  # noqa: S307 (the page's own line)
    # grpo_trainer.py of ms-swift 4.6.0 gives the trainer's arguments, sampling gives none
    assert make(args=object()) is make() is len


def write_answers(world: Layout) -> None:
    """Write what a model says that is always right."""
    files = ["--questions", str(world.questions("val"))]
    files += ["--scene-graphs", str(world.scene_graphs("val"))]
    assert main(["explain", "export", *files, "--format", "qwen2.5-vl", "--out", "v.jsonl"]) == 0
    lines = [json.loads(line) for line in Path("v.jsonl").read_text().splitlines()]
    answers = [
        {"question_id": line["question_id"], "text": line["messages"][1]["content"]}
        for line in lines
    ]
    Path("answers.jsonl").write_text("".join(json.dumps(row) + "\n" for row in answers))


def test_its_table_shows_what_formats_write() -> None:
    said = spanned("dog", [(0, 3, ("a",))])
    shown = dict(re.findall(r"^\| `([\w.-]+)` \| `(.*?)`[^|]*\| ", TEXT.replace("\\|", "¦"), re.M))
    for name, one in FORMATS.items():
        if name in shown and name != "swift":
            written = one.text(said, {"a": (20, 20, 100, 90)}, 200, 100)
            assert shown[name].replace("¦", "|") == written
    assert set(FORMATS) - set(shown) <= {"jsonl", "datasets", "visual-cot"}


def test_the_task_folder_of_lmms_eval(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = PROJECT / "examples" / "lmms_eval"
    found = importlib.util.spec_from_file_location("utils", path / "utils.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)

    class Loader(yaml.SafeLoader):
        """Reads `!function utils.name` as the harness does."""

    def function(loader: Loader, node: yaml.ScalarNode) -> Any:
        return getattr(module, str(loader.construct_scalar(node)).removeprefix("utils."))

    Loader.add_constructor("!function", function)
    task = yaml.load((path / "gqa_rex.yaml").read_text(), Loader)
    world = Layout(folder / "data" / "world")
    monkeypatch.setenv("REX_QUESTIONS", str(world.questions("val")))
    monkeypatch.setenv("REX_SCENE_GRAPHS", str(world.scene_graphs("val")))
    monkeypatch.setenv("REX_IMAGES", str(world.images() / "{}.jpg"))
    files = ["--questions", str(world.questions("val"))]
    files += ["--scene-graphs", str(world.scene_graphs("val")), "--out", str(folder / "d.jsonl")]
    assert main(["explain", "export", *files]) == 0
    logged: list[dict[str, Any]] = []
    for line in (folder / "d.jsonl").read_text().splitlines():
        doc = json.loads(line)
        (image,) = task["doc_to_visual"](doc)
        assert image.size == (doc["width"], doc["height"])
        assert doc["question"] in task["doc_to_text"](
            doc, task["lmms_eval_specific_kwargs"]["default"]
        )
        scores = task["process_results"](doc, [f"The answer is {doc[task['doc_to_target']]}."])
        metrics = [one["metric"] for one in task["metric_list"]]
        assert list(scores) == ["question_id", *metrics]
        assert scores["answer"] == 1
        # as the harness logs a sample, without the document
        reply = f"The answer is {doc['answer']}."
        logged.append({"doc_id": len(logged), "filtered_resps": reply, **scores})
    (folder / "samples.jsonl").write_text("".join(json.dumps(row) + "\n" for row in logged))
    command = [
        "evaluate",
        str(folder / "samples.jsonl"),
        "--questions",
        str(world.questions("val")),
    ]
    assert main([*command, "--out", str(folder / "samples.json")]) == 0
    assert read_metrics(folder / "samples.json").scores["accuracy"].value == 100


class StubBase:
    """What of VLMEvalKit's `ImageBaseDataset` a data set with paths of images goes through."""

    def __init__(self, dataset: str) -> None:
        self.dataset_name = dataset
        data = self.load_data(dataset)  # type: ignore[attr-defined]
        data["index"] = [str(index) for index in data["index"]]
        if all(index.isdigit() for index in data["index"]):
            data["index"] = [int(index) for index in data["index"]]
        self.meta_only = "image" not in data
        self.data = data

    @classmethod
    def supported_datasets(cls) -> list[str]:
        return list(cls.DATASET_URL)  # type: ignore[attr-defined]

    def build_prompt(self, line: Any) -> list[dict[str, str]]:
        line = self.data.iloc[line] if isinstance(line, int) else line
        assert self.meta_only
        messages = [{"type": "image", "value": line["image_path"]}]
        return [*messages, {"type": "text", "value": line["question"]}]


def test_the_class_for_vlmevalkit(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pandas = pytest.importorskip("pandas")
    smp = types.ModuleType("vlmeval.smp")
    smp.load = lambda path: pandas.read_csv(path, sep="\t")  # type: ignore[attr-defined]
    smp.dump = lambda frame, path: frame.to_csv(path)  # type: ignore[attr-defined]
    base = types.ModuleType("vlmeval.dataset.image_base")
    base.ImageBaseDataset = StubBase  # type: ignore[attr-defined]
    for name in ("vlmeval", "vlmeval.dataset"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    monkeypatch.setitem(sys.modules, "vlmeval.smp", smp)
    monkeypatch.setitem(sys.modules, "vlmeval.dataset.image_base", base)
    path = PROJECT / "examples" / "vlmevalkit" / "gqa_rex.py"
    found = importlib.util.spec_from_file_location("vlmeval.dataset.gqa_rex", path)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    world = Layout(folder / "data" / "world")
    questions = json.loads(world.questions("val").read_text())
    # of what is not there
    zebra = {"operation": "select", "argument": "zebra (-)", "dependencies": []}
    color = {"operation": "query", "argument": "color", "dependencies": [0]}
    unexplained = next(iter(questions.values())) | {"semantic": [zebra, color]}
    asked = folder / "asked.json"
    asked.write_text(json.dumps({"unexplained": unexplained, **questions}))
    monkeypatch.setenv("REX_QUESTIONS", str(asked))
    monkeypatch.setenv("REX_SCENE_GRAPHS", str(world.scene_graphs("val")))
    monkeypatch.setenv("REX_IMAGES", str(world.images() / "{}.jpg"))
    assert module.GqaRex.supported_datasets() == ["GQA_REX"]
    made = module.GqaRex("GQA_REX")
    assert list(made.data["question_id"]) == list(questions)
    image, text = made.build_prompt(0)
    assert Path(image["value"]).is_file()
    assert text["value"].startswith(made.data["question"][0])
    replies = made.data.assign(prediction=[f"The answer is {one}." for one in made.data["answer"]])
    replies.loc[0, "prediction"] = "The answer is certainly not that."
    replies.to_csv(folder / "replies.tsv", sep="\t")
    scores = made.evaluate(str(folder / "replies.tsv")).set_index("category")
    assert scores["answer"]["Overall"] == pytest.approx(100 * (1 - 1 / len(questions)))
    assert set(scores.index) == {*made.data["category"], "Overall"}
    assert (folder / "replies_acc.csv").is_file()
