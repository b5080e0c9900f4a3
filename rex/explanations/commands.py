"""`rex explain`: build explanations, show one, make the vocabulary."""

from __future__ import annotations

import argparse
from pathlib import Path

from rex.command_line import Subparsers, add_station, add_verb


def add_commands(stations: Subparsers) -> None:
    """Add the station's verbs."""
    verbs = add_station(stations, "explain", "From programs and scene graphs to explanations.")

    build = add_verb(
        verbs,
        "build",
        _build,
        help="Explain every question of a file.",
        example=(
            "rex explain build --questions val_balanced_questions.json "
            "--scene-graphs val_sceneGraphs.json --regions val.h5 --out val.parquet"
        ),
    )
    _add_inputs(build)
    build.add_argument(
        "--regions", type=Path, metavar="H5", help="region store; without: no tokens"
    )
    build.add_argument("--mode", choices=("fixed", "compat"), help="default: the config's")
    build.add_argument("--out", type=Path, required=True, metavar="PARQUET")

    show = add_verb(
        verbs,
        "show",
        _show,
        help="Show a question's program, what each step returned, and its explanation.",
        example=(
            "rex explain show --questions questions.json --scene-graphs sceneGraphs.json 05782086"
        ),
    )
    _add_inputs(show)
    show.add_argument("question_id", metavar="QUESTION_ID")

    vocabulary = add_verb(
        verbs,
        "vocabulary",
        _vocabulary,
        help="Make the vocabularies of answers, explanations and questions.",
        example=(
            "rex explain vocabulary --questions train_balanced_questions.json "
            "--explanations train.parquet --out vocabulary.json"
        ),
    )
    vocabulary.add_argument("--questions", type=Path, required=True, metavar="JSON")
    vocabulary.add_argument("--explanations", type=Path, required=True, metavar="PARQUET")
    vocabulary.add_argument("--out", type=Path, required=True, metavar="JSON")


def _add_inputs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--questions", type=Path, required=True, metavar="JSON")
    parser.add_argument("--scene-graphs", type=Path, required=True, metavar="JSON")


def _build(arguments: argparse.Namespace) -> None:
    from rex.config import read_config
    from rex.explanations.building import build_explanations

    settings = read_config(arguments.config).explanations
    build_explanations(
        arguments.questions,
        arguments.scene_graphs,
        arguments.out,
        regions=arguments.regions,
        mode=arguments.mode or settings.mode,
        threshold=settings.region_threshold,
    )


def _show(arguments: argparse.Namespace) -> None:
    from rex.explanations.showing import find_question, show_question

    question = find_question(arguments.questions, arguments.question_id)
    print(show_question(question, arguments.scene_graphs))


def _vocabulary(arguments: argparse.Namespace) -> None:
    from rex.explanations.vocabulary import build_vocabulary

    build_vocabulary(arguments.questions, arguments.explanations, arguments.out)
