"""`rex explain`: build explanations, show one, make the vocabulary."""

from __future__ import annotations

import argparse
from pathlib import Path

from rex.command_line import Subparsers, add_station, add_verb, positive, shard_argument
from rex.errors import InputError
from rex.exchange.formats import FORMATS, LAYOUTS, TEMPLATES

_QUESTIONS = "data/world/questions/val_balanced_questions.json"
_GRAPHS = "data/world/sceneGraphs/val_sceneGraphs.json"


def add_commands(stations: Subparsers) -> None:
    """Add `rex explain build|gather|export|show|stats|vocabulary`."""
    verbs = add_station(stations, "explain", "from programs and scene graphs to explanations")
    _add_build(verbs)
    _add_gather(verbs)
    _add_export(verbs)
    _add_show(verbs)
    _add_stats(verbs)
    _add_vocabulary(verbs)


def _add_build(verbs: Subparsers) -> None:
    build = add_verb(
        verbs,
        "build",
        _build,
        help="explain every question of a file",
        example=(
            f"rex explain build --questions {_QUESTIONS} --scene-graphs {_GRAPHS} "
            "--regions results/world/regions/val.h5 --out val.parquet"
        ),
    )
    build.add_argument(
        "--questions",
        type=Path,
        required=True,
        nargs="+",
        metavar="JSON",
        help="questions files, or folders of them (train_all_questions)",
    )
    build.add_argument("--scene-graphs", type=Path, required=True, metavar="JSON")
    build.add_argument(
        "--regions", type=Path, metavar="H5", help="region store; without: no tokens"
    )
    build.add_argument("--mode", choices=("fixed", "compat"), help="default: the config's")
    build.add_argument(
        "--processes", type=positive, default=1, metavar="P", help="processes (default: 1)"
    )
    build.add_argument(
        "--shard",
        type=shard_argument,
        default=(1, 1),
        metavar="I/N",
        help="only the I-th of N parts; put them together with rex explain gather",
    )
    build.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="TABLE",
        help="Parquet, which the other commands read; JSON Lines or CSV if it ends in .jsonl, .csv",
    )


def _add_gather(verbs: Subparsers) -> None:
    gather = add_verb(
        verbs,
        "gather",
        _gather,
        help="put the shards of an explanation table together",
        example="rex explain gather part1.parquet part2.parquet --out val.parquet",
    )
    gather.add_argument("parts", nargs="+", type=Path, metavar="PARQUET", help="shards, in order")
    gather.add_argument("--out", type=Path, required=True, metavar="PARQUET")


def _add_export(verbs: Subparsers) -> None:
    export = add_verb(
        verbs,
        "export",
        _export,
        help="write training files for vision-language models, with boxes (docs/vlm.md)",
        example=(
            f"rex explain export --questions {_QUESTIONS} --scene-graphs {_GRAPHS} "
            "--format qwen2.5-vl --template steps --out val.jsonl"
        ),
    )
    option = export.add_argument
    option("--questions", type=Path, required=True, nargs="+", metavar="JSON", help="or folders")
    option("--scene-graphs", type=Path, required=True, metavar="JSON")
    option("--format", choices=tuple(FORMATS), default="jsonl", help="of boxes (default: jsonl)")
    option("--layout", choices=LAYOUTS, help="of the file (default: the format's)")
    option(
        "--template",
        choices=TEMPLATES,
        default="explanation-answer",
        help="what is asked and said (default: explanation-answer)",
    )
    option(
        "--images",
        default="images/{}.jpg",
        metavar="PATH",
        help="an image's path, {} for its id (default: images/{}.jpg)",
    )
    option("--split", default="train", help="what Parquet and Visual CoT call it (default: train)")
    option(
        "--operation",
        nargs="+",
        default=(),
        metavar="OPERATION",
        help="only questions whose program has one of these",
    )
    option("--longest", type=positive, metavar="N", help="only programs of at most N steps")
    option(
        "--share",
        type=float,
        default=100.0,
        metavar="PERCENT",
        help="of the questions; a smaller share lies within a larger one",
    )
    option(
        "--preference",
        choices=("dpo", "kto"),
        help="also write false explanations: as pairs (dpo), or as rows labelled false (kto)",
    )
    option("--only-clean", action="store_true", help="drop rows with flags (docs/vlm.md)")
    option("--dropped", type=Path, metavar="JSONL", help="list what was dropped, and why")
    option("--seed", type=int, default=0, help="of shares and of the questions' phrasing")
    option("--processes", type=positive, default=1, metavar="P", help="processes (default: 1)")
    option(
        "--shard", type=shard_argument, default=(1, 1), metavar="I/N", help="the I-th of N parts"
    )
    option("--out", type=Path, required=True, help="a file; a folder for Parquet")


def _add_show(verbs: Subparsers) -> None:
    show = add_verb(
        verbs,
        "show",
        _show,
        help="show a question's program, what each step returned, and its explanation",
        example="rex explain show 2000000000",
    )
    show.add_argument(
        "--questions",
        type=Path,
        metavar="JSON",
        help="default: the train and val questions of the configuration's data folder",
    )
    show.add_argument(
        "--scene-graphs", type=Path, metavar="JSON", help="needed where --questions is given"
    )
    show.add_argument("question_id", metavar="QUESTION_ID")
    show.add_argument(
        "--image", type=Path, metavar="JPEG", help="also draw the objects of each step into it"
    )
    show.add_argument(
        "--out", type=Path, metavar="PNG", help="the drawing (default: QUESTION_ID.png)"
    )


def _add_stats(verbs: Subparsers) -> None:
    stats = add_verb(
        verbs,
        "stats",
        _stats,
        help="write the data card of an explanation table",
        example="rex explain stats results/world/explanations/val.parquet "
        f"--questions {_QUESTIONS}",
    )
    stats.add_argument("explanations", type=Path, metavar="PARQUET")
    stats.add_argument("--questions", type=Path, required=True, nargs="+", metavar="JSON")
    stats.add_argument("--out", type=Path, metavar="MARKDOWN", help="default: standard output")


def _add_vocabulary(verbs: Subparsers) -> None:
    vocabulary = add_verb(
        verbs,
        "vocabulary",
        _vocabulary,
        help="make the vocabularies of answers, explanations and questions",
        example=(
            "rex explain vocabulary "
            "--questions data/world/questions/train_balanced_questions.json "
            "--explanations results/world/explanations/train.parquet --out vocabulary.json"
        ),
    )
    vocabulary.add_argument("--questions", type=Path, required=True, metavar="JSON")
    vocabulary.add_argument("--explanations", type=Path, required=True, metavar="PARQUET")
    vocabulary.add_argument("--out", type=Path, required=True, metavar="JSON")


def _build(arguments: argparse.Namespace) -> None:
    from rex.config_files import read_config
    from rex.explanations.building import BuildSettings, build_explanations

    settings = read_config(arguments.config).explanations
    build_explanations(
        arguments.questions,
        arguments.out,
        BuildSettings(
            scene_graphs=arguments.scene_graphs,
            regions=arguments.regions,
            mode=arguments.mode or settings.mode,
            threshold=settings.region_threshold,
        ),
        processes=arguments.processes,
        shard=arguments.shard,
    )


def _gather(arguments: argparse.Namespace) -> None:
    from rex.explanations.table import gather_explanations

    gather_explanations(arguments.parts, arguments.out)


def _export(arguments: argparse.Namespace) -> None:
    from rex.explanations.exporting import ExportSettings, export_explanations

    export_explanations(
        arguments.questions,
        arguments.out,
        ExportSettings(
            scene_graphs=arguments.scene_graphs,
            format=arguments.format,
            layout=arguments.layout,
            template=arguments.template,
            images=arguments.images,
            split=arguments.split,
            operations=frozenset(arguments.operation),
            longest=arguments.longest,
            share=arguments.share,
            only_clean=arguments.only_clean,
            preference=arguments.preference,
            seed=arguments.seed,
        ),
        dropped=arguments.dropped,
        processes=arguments.processes,
        shard=arguments.shard,
    )


def _show(arguments: argparse.Namespace) -> None:
    from rex.config_files import read_config
    from rex.explanations.showing import Report, find_in_folder, find_question

    questions, scene_graphs = arguments.questions, arguments.scene_graphs
    if (questions is None) is not (scene_graphs is None):
        cure = "give both, or neither"
        raise InputError("are given together", file="--questions, --scene-graphs", cure=cure)
    if questions is None:
        folder = read_config(arguments.config).data
        question, scene_graphs = find_in_folder(folder, arguments.question_id)
    else:
        question = find_question(questions, arguments.question_id)
    report = Report(question, scene_graphs)
    print(report.text())
    if arguments.image is not None:
        out = arguments.out or Path(f"{arguments.question_id}.png")
        report.draw(arguments.image, out)
        print(f"drawing    {out}")


def _stats(arguments: argparse.Namespace) -> None:
    from rex.explanations.statistics import collect_statistics, data_card
    from rex.files import write_text

    statistics = collect_statistics(arguments.explanations, arguments.questions)
    card = data_card(statistics, arguments.explanations)
    if arguments.out is None:
        print(card, end="")
    else:
        write_text(arguments.out, card)


def _vocabulary(arguments: argparse.Namespace) -> None:
    from rex.explanations.vocabulary import build_vocabulary

    build_vocabulary(arguments.questions, arguments.explanations, arguments.out)
