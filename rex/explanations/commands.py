"""`rex explain`: build explanations, show one, make the vocabulary."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rex.command_line import Parser, Subparsers, add_station, add_verb, positive, shard_argument
from rex.config import Config
from rex.errors import InputError
from rex.exchange.formats import FORMATS, LAYOUTS, TEMPLATES
from rex.files import write_text

_QUESTIONS = "data/world/questions/val_balanced_questions.json"
_GRAPHS = "data/world/sceneGraphs/val_sceneGraphs.json"
_SHARED = f"--questions {_QUESTIONS} --scene-graphs {_GRAPHS}"


def add_commands(stations: Subparsers) -> None:
    """Add `rex explain build|gather|export|show|stats|vocabulary`."""
    verbs = add_station(stations, "explain", "from programs and scene graphs to explanations")
    _add_build(verbs)
    _add_export(verbs)
    _add_show(verbs)
    _add_statistics(verbs)


def _add_build(verbs: Subparsers) -> None:
    build = add_verb(
        verbs,
        _build,
        f"rex explain build {_SHARED} --regions results/world/regions/val.h5 --out val.parquet",
    )
    folders = "questions files, or folders of them (train_all_questions)"
    build.path("--questions", "JSON", folders, nargs="+")
    build.path("--scene-graphs", "JSON")
    build.optional_path("--regions", "H5", "region store; without: no tokens")
    build.add_argument("--mode", choices=("fixed", "compat"), help="default: the config's")
    _add_parts(build, "only the I-th of N parts; put them together with rex explain gather")
    out = "Parquet, which the other commands read; JSON Lines or CSV if it ends in .jsonl, .csv"
    build.path("--out", "TABLE", out)
    gather = add_verb(
        verbs, _gather, "rex explain gather part1.parquet part2.parquet --out val.parquet"
    )
    gather.path("parts", "PARQUET", "shards, in order", nargs="+")
    gather.path("--out", "PARQUET")


def _add_parts(verb: Parser, shard: str) -> None:
    """Add what divides the work: over processes, and over jobs."""
    option, processes = verb.add_argument, "processes (default: 1)"
    option("--processes", type=positive, default=1, metavar="P", help=processes)
    option("--shard", type=shard_argument, default=(1, 1), metavar="I/N", help=shard)


def _add_export(verbs: Subparsers) -> None:
    export = add_verb(
        verbs,
        _export,
        f"rex explain export {_SHARED} --format qwen2.5-vl --template steps --out val.jsonl",
    )
    option = export.add_argument
    export.path("--questions", "JSON", "or folders", nargs="+")
    export.path("--scene-graphs", "JSON")
    option("--format", choices=tuple(FORMATS), default="jsonl", help="of boxes (default: jsonl)")
    option("--layout", choices=LAYOUTS, help="of the file (default: the format's)")
    option(
        "--template",
        choices=TEMPLATES,
        default="explanation-answer",
        help="what is asked and said (default: explanation-answer)",
    )
    images = "an image's path, {} for its id (default: images/{}.jpg)"
    option("--images", default="images/{}.jpg", metavar="PATH", help=images)
    option("--split", default="train", help="what Parquet and Visual CoT call it (default: train)")
    option(
        "--operation",
        dest="operations",
        nargs="+",
        default=(),
        metavar="OPERATION",
        help="only questions whose program has one of these",
    )
    option("--longest", type=positive, metavar="N", help="only programs of at most N steps")
    share = "of the questions; a smaller share lies within a larger one"
    option("--share", type=float, default=100.0, metavar="PERCENT", help=share)
    option(
        "--preference",
        choices=("dpo", "kto"),
        help="also write false explanations: as pairs (dpo), or as rows labelled false (kto)",
    )
    option("--only-clean", action="store_true", help="drop rows with flags (docs/vlm.md)")
    export.optional_path("--dropped", "JSONL", "list what was dropped, and why")
    option("--seed", type=int, default=0, help="of shares and of the questions' phrasing")
    _add_parts(export, "the I-th of N parts")
    option("--out", type=Path, required=True, help="a file; a folder for Parquet")


def _add_show(verbs: Subparsers) -> None:
    show = add_verb(verbs, _show, "rex explain show 2000000000")
    optional = show.optional_path
    questions = "default: the train and val questions of the configuration's data folder"
    optional("--questions", "JSON", questions)
    optional("--scene-graphs", "JSON", "needed where --questions is given")
    show.add_argument("question_id", metavar="QUESTION_ID")
    optional("--image", "JPEG", "also draw the objects of each step into it")
    optional("--out", "PNG", "the drawing (default: QUESTION_ID.png)")


def _add_statistics(verbs: Subparsers) -> None:
    stats = add_verb(
        verbs,
        _stats,
        f"rex explain stats results/world/explanations/val.parquet --questions {_QUESTIONS}",
    )
    stats.path("explanations", "PARQUET")
    stats.path("--questions", "JSON", nargs="+")
    stats.optional_path("--out", "MARKDOWN", "default: standard output")
    vocabulary = add_verb(
        verbs,
        _vocabulary,
        "rex explain vocabulary --questions data/world/questions/train_balanced_questions.json "
        "--explanations results/world/explanations/train.parquet --out vocabulary.json",
    )
    vocabulary.path("--questions", "JSON")
    vocabulary.path("--explanations", "PARQUET")
    vocabulary.path("--out", "JSON")


def _build(
    config: Config,
    questions: Sequence[Path],
    scene_graphs: Path,
    regions: Path | None,
    mode: str | None,
    out: Path,
    **parts: Any,
) -> None:
    """Explain every question of a file."""
    from rex.explanations.building import BuildSettings, build_explanations

    settings = BuildSettings(
        scene_graphs=scene_graphs,
        regions=regions,
        mode=mode or config.explanations.mode,
        threshold=config.explanations.region_threshold,
    )
    build_explanations(questions, out, settings, **parts)


def _gather(parts: Sequence[Path], out: Path) -> None:
    """Put the shards of an explanation table together."""
    from rex.explanations.table import gather_explanations

    gather_explanations(parts, out)


def _export(
    questions: Sequence[Path],
    operations: Sequence[str],
    dropped: Path | None,
    processes: int,
    shard: tuple[int, int],
    out: Path,
    **settings: Any,
) -> None:
    """Write training files for vision-language models, with boxes (docs/vlm.md)."""
    from rex.explanations.exporting import ExportSettings, export_explanations

    exported = ExportSettings(operations=frozenset(operations), **settings)
    export_explanations(questions, out, exported, dropped=dropped, processes=processes, shard=shard)


def _show(
    config: Config,
    question_id: str,
    questions: Path | None,
    scene_graphs: Path | None,
    image: Path | None,
    out: Path | None,
) -> None:
    """Show a question's program, what each step returned, and its explanation."""
    from rex.explanations.showing import QuestionReport, find_in_folder, find_question

    if questions is None and scene_graphs is None:
        question, scene_graphs = find_in_folder(config.data, question_id)
    elif questions is not None and scene_graphs is not None:
        question = find_question(questions, question_id)
    else:
        cure = "give both, or neither"
        raise InputError("are given together", file="--questions, --scene-graphs", cure=cure)
    report = QuestionReport(question_id, question, scene_graphs)
    print(report.text())
    if image is not None:
        out = out or Path(f"{question_id}.png")
        report.draw(image, out)
        print(f"drawing    {out}")


def _stats(explanations: Path, questions: Sequence[Path], out: Path | None) -> None:
    """Write the data card of an explanation table."""
    from rex.explanations.statistics import collect_statistics, data_card

    card = data_card(collect_statistics(explanations, questions), explanations)
    if out is None:
        print(card, end="")
    else:
        write_text(out, card)


def _vocabulary(**files: Any) -> None:
    """Make the vocabularies of answers, explanations and questions."""
    from rex.explanations.vocabulary import build_vocabulary

    build_vocabulary(**files)
