"""The checked configuration, and the names of files that several stations share."""

import json
import sys

from rex.config import config_values, parse_config
from rex.errors import InputError

try:
    CONFIG = parse_config(config, file=" + ".join(map(str, workflow.configfiles)))
except InputError as error:
    print(error, file=sys.stderr)
    sys.exit(2)

# every key with its default: what rules hand on as parameters, so that a change reruns
# the stations that depend on it and no others
VALUES = config_values(CONFIG)

DATA = CONFIG.data
RESULTS = f"results/{CONFIG.dataset}"
LOGS = f"{RESULTS}/logs"
BENCHMARKS = f"{RESULTS}/benchmarks"
SETTINGS = f"{RESULTS}/config.yaml"
TRACKING = f"{RESULTS}/mlflow.db"

GPU = int(CONFIG.compute.device == "cuda")

EVALUATED = list(CONFIG.evaluation.splits)
# GQA publishes no scene graphs for testdev
EXPLAINED = ["train", "val"]
REFERENCES = ["answer-prior", "random-regions"]


TABLE_NAMES = ["explanations", "answers"]
TABLES = expand(
    f"{RESULTS}/tables/{{table}}.{{format}}",
    table=TABLE_NAMES,
    format=["csv", "md", "tex"],
)
FIGURE_NAMES = ["training-curves", "accuracy-by-type", "accuracy-and-grounding"]
FIGURES = expand(
    f"{RESULTS}/figures/{{figure}}.{{format}}",
    figure=FIGURE_NAMES,
    format=["png", "svg"],
)


def configuration_values(wildcards):
    """Return the whole configuration as JSON (a function: its braces are no wildcards)."""
    return json.dumps(VALUES)


def sections(*names):
    """Return the named sections of the configuration, for a rule's `params`."""
    return {name: VALUES[name] for name in names}


def run_folders():
    """Return the folder of every run of the grid."""
    return [
        f"{RESULTS}/runs/{run.setting}/{run.method}/seed{seed}"
        for run in CONFIG.experiment.runs
        for seed in CONFIG.experiment.seeds
    ]


def run_metrics():
    """Return the metrics file of every run and reference row on every evaluated split."""
    trained = [
        f"{folder}/metrics/{split}.json"
        for folder in run_folders()
        for split in EVALUATED
    ]
    return trained + reference_metrics()


def reference_metrics():
    """Return the metrics files of the reference rows; random regions need true explanations."""
    prior = [
        f"{RESULTS}/runs/reference/answer-prior/seed0/metrics/{split}.json"
        for split in EVALUATED
    ]
    random_regions = [
        f"{RESULTS}/runs/reference/random-regions/seed0/metrics/{split}.json"
        for split in EVALUATED
        if split in EXPLAINED
    ]
    return prior + random_regions


def explanations_of(wildcards):
    """Return the true explanations of a split, where there are any."""
    if wildcards.split in EXPLAINED:
        return f"{RESULTS}/explanations/{wildcards.split}.parquet"
    return []


def truth_options(wildcards):
    """Return the options of `rex evaluate` that name the truth about explanations."""
    if wildcards.split in EXPLAINED:
        return (
            f"--explanations {explanations_of(wildcards)} "
            f"--scene-graphs {DATA}/sceneGraphs/{wildcards.split}_sceneGraphs.json"
        )
    return ""


wildcard_constraints:
    split="train|val|testdev",
    setting="[a-z0-9-]+",
    method="[a-z0-9-]+",
    seed=r"\d+",
