"""The checked configuration, and the names of files that several stations share."""

import atexit
import fcntl
import json
import os
import shlex
import shutil
import sys
from argparse import ArgumentTypeError
from contextlib import ExitStack, suppress
from pathlib import Path

from rex.command_line import announce_workflow, announced_store
from rex.config import SCENE_GRAPH_SPLITS, compared
from rex.config_commands import check_methods
from rex.config_files import config_values, parse_config
from rex.config_limits import check_experiment
from rex.errors import InputError, exit_on_bad_input
from rex.files import read_json
from rex.experiment import FOREIGN, METHODS, PRIOR_OF_FEW, SETTINGS
from rex.given_files import check_given_files, check_world, named_files
from rex.gqa.layout import OOD_PARTS, Layout
from rex.grid import Results
from rex.locks import locked
from rex.tracking import VIEW
from rex.tracking_store import check_server

# in the data set's folder
QUESTIONS = str(Layout("").questions("{split}"))
SCENE_GRAPHS = str(Layout("").scene_graphs("{split}"))

SOURCES = " + ".join(map(str, workflow.configfiles))
with exit_on_bad_input():
    CONFIG = parse_config(config, file=SOURCES)
    check_experiment(CONFIG, SOURCES)
    check_given_files(CONFIG, SOURCES)
    check_world(CONFIG, SOURCES)
    check_methods(CONFIG, SOURCES)

# every key, with its default where it was left out
VALUES = config_values(CONFIG)

DATA = CONFIG.data
GRID = Results.of(CONFIG)
RESULTS = str(GRID.folder)
LOGS = f"{RESULTS}/logs"
BENCHMARKS = f"{RESULTS}/benchmarks"
# of jobs that the table of cost leaves out: it comes before some of them
LIGHT = f"{BENCHMARKS}/light"
try:
    TRACKING = announced_store(f"{RESULTS}/mlflow.db")
except ArgumentTypeError as error:
    print(f"MLFLOW_TRACKING_URI: {error}", file=sys.stderr)
    sys.exit(2)

WEIGHTS = CONFIG.regions.weights or f"{RESULTS}/regions/detector.pth"
IMPORTED = GRID.imported()
FOREIGN_ROWS = {str(path): row for path, row in GRID.foreign().items()}
SCRIPTS = f"{workflow.basedir}/workflow/scripts"

# in the order in which people look at them
TABLES = [
    "claims",
    "explanations",
    *(["as-published"] if CONFIG.evaluation.compat else []),
    "answers",
    "settings",
    "attributes",
    *(["attributes-as-published"] if CONFIG.evaluation.compat else []),
    "by-type",
    "gqa",
    "cost",
]
FIGURES = [
    "accuracy-and-grounding",
    "accuracy-by-type",
    "attribute-recall",
    *(
        ["transfer", "transfer-training-curves"]
        if any(SETTINGS[run.setting].transfer for run in CONFIG.experiment.runs)
        else []
    ),
    "training-curves",
]


# the default one is read without being named
GIVEN = [os.path.relpath(f) for f in workflow.configfiles if str(f) != "config.yaml"]
NAMED = f" --configfile {shlex.join(GIVEN)}" if GIVEN else ""
WHERE = f"""
tables    {RESULTS}/tables/explanations.md, {RESULTS}/tables/answers.md
figures   {RESULTS}/figures/
examples  {RESULTS}/gallery/index.html
runs      {{runs}}
report    snakemake --report report.html{NAMED}
"""


def where_to_look():
    """Return the lines that say where the results are; that of MLflow leads to the runs."""
    noted = Path(RESULTS, "report", "tables", "mlflow.json")
    made = read_json(noted) if noted.exists() else {}
    page = ["#", "experiments"]
    if "experiment_id" in made:
        # of trainings, with their scores
        view = f"workflowType=machine_learning&viewStateShareKey={VIEW}"
        page += [made["experiment_id"], f"runs?{view}"]
    page = "/".join(page)
    if TRACKING.startswith("http"):
        return WHERE.format(runs=f"{TRACKING.rstrip('/')}/{page}")
    command = f"mlflow ui --backend-store-uri sqlite:///{TRACKING}"
    return WHERE.format(runs=f"{command}\n          http://127.0.0.1:5000/{page}")


def clear_stale_locks():
    """Remove the locks that a killed Snakemake left in this folder; return what to keep open.

    Snakemake's locks outlive their process. A lock of the system's does not: it is shared by all
    workflows that are alive here, and who can have it alone knows that there is no other.
    """
    Path(".snakemake").mkdir(exist_ok=True)
    alive = open(".snakemake/alive.lock", "a")
    with suppress(OSError):  # others are alive, or the file system has no locks
        fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(".snakemake/locks", ignore_errors=True)
    with suppress(OSError):
        fcntl.flock(alive, fcntl.LOCK_SH)
    return alive


def refuse_another_workflow():
    """Exit with code 2, in a line, where another workflow, of another clone too, makes the results."""
    Path(RESULTS).mkdir(parents=True, exist_ok=True)
    held = ExitStack()
    with exit_on_bad_input():
        held.enter_context(locked(RESULTS, wait=False))
    atexit.register(held.close)


def refuse_absent_server():
    """Exit with code 2, in a line, where runs are to be tracked by a server that is not there."""
    if not TRACKING.startswith("http"):
        return
    with exit_on_bad_input():
        check_server(TRACKING)


if workflow.is_main_process:
    announce_workflow()
    ALIVE = clear_stale_locks()


def data_folder(wildcards):
    """Return the folder of the annotations and images."""
    return DATA


def images_folder(wildcards):
    """Return the folder of the images."""
    return str(Layout(DATA).images())


def questions_of(split=None):
    """Return a function that gives the questions of a split; None: of the job's."""

    def path(wildcards):
        return str(Layout(DATA).questions(split or wildcards.split))

    return path


def scene_graphs_of(split=None):
    """Return a function that gives the scene graphs of a split; None: of the job's."""

    def path(wildcards):
        return str(Layout(DATA).scene_graphs(split or wildcards.split))

    return path


def annotations(*names):
    """Return what is read of the annotations: of a world, which is made whole, what is written last."""
    if CONFIG.source == "world":
        return [f"{DATA}/world.json"]
    return [f"{DATA}/{name}" for name in names]


def has_ood(split):
    """Return whether a split has GQA-OOD's files: the world's are made, others need not be there."""
    return CONFIG.source == "world" or Layout(DATA).ood_questions(split, "all").exists()


def ood_option(wildcards):
    """Return the option of `rex evaluate` that names them."""
    folder = Layout(DATA).ood_questions(wildcards.split, "all").parent
    return f"--ood {shlex.quote(str(folder))}" if has_ood(wildcards.split) else ""


def evaluated_annotations(wildcards):
    """Return the annotations that a split's measures come from."""
    split = wildcards.split
    names = [QUESTIONS] + ([SCENE_GRAPHS] if split in SCENE_GRAPH_SPLITS else [])
    if has_ood(split):
        names += [Layout("").ood_questions("{split}", part) for part in OOD_PARTS]
    return annotations(*(str(name).format(split=split) for name in names))


def boxed_annotations(wildcards):
    """Return the annotations that say of which images, and which boxes, regions are extracted."""
    given = [SCENE_GRAPHS] if CONFIG.regions.selection == "scene-graphs" else []
    return annotations(
        *(name.format(split=wildcards.split) for name in (QUESTIONS, *given))
    )


def configuration(*keys):
    """Return a function that gives the named sections or keys of the configuration as JSON.

    Rules hand it to their command, so that a job reruns when what it depends on changes, and only
    then. It is a function because Snakemake takes the braces of plain text for wildcards.
    """
    chosen = {}
    for key in keys:
        section, _, name = key.partition(".")
        if name:
            chosen.setdefault(section, {})[name] = VALUES[section][name]
        else:
            chosen[section] = VALUES[section]
    text = json.dumps(chosen)

    def values(wildcards):
        return text

    return values


def reported(folder, names, formats, category, caption):
    """Return the files of a folder; those in the first format stand in the report, in order."""
    first, *others = formats
    files = []
    for place, name in enumerate(names, start=1):
        path = f"{RESULTS}/{folder}/{name}.{first}"
        labels = {folder: f"{place}. {name.replace('-', ' ')}"}
        files += [report(path, category=category, caption=caption, labels=labels)]
    return files + expand(
        f"{RESULTS}/{folder}/{{name}}.{{form}}", name=names, form=others
    )


def regions_of(wildcards):
    """Return the region store of the rule's split."""
    return str(GRID.region_store(wildcards.split))


def imported_source(wildcards):
    """Return the file or folder that a store is imported from."""
    return IMPORTED[int(wildcards.number)]


def written_options(wildcards):
    """Return the options of `rex regions import` that say what the numbers and the ids mean."""
    features = CONFIG.regions.features
    ids = f" --ids {shlex.quote(features.ids)}" if features.ids else ""
    return f"--boxes {features.boxes} --encoding {features.encoding}{ids}"


def box_options(wildcards):
    """Return the options of `rex regions extract` that name given boxes."""
    if CONFIG.regions.selection != "scene-graphs":
        return ""
    return f"--scene-graphs {shlex.quote(scene_graphs_of()(wildcards))}"


def shard(wildcards):
    """Return which part of the work a scattered job does, as K/N."""
    return wildcards.scatteritem.replace("-of-", "/")


def training_priority(wildcards):
    """Prefer what trains longest: begun last, it would run alone at the end."""
    return int(METHODS[wildcards.method].decoder is not None)


def training_configuration(wildcards):
    """Return the settings of a run: those of transfer, and of methods, only where they count."""
    setting = SETTINGS[wildcards.setting]
    unused = ("evaluation", "experiment", "transfer")
    chosen = {name: value for name, value in VALUES.items() if name not in unused}
    chosen["training"] = compared(VALUES["training"])
    for section, key in (("training", "save_every"), ("compute", "detector_threads")):
        chosen[section] = {
            name: value for name, value in chosen[section].items() if name != key
        }
    if setting.transfer:
        chosen["transfer"] = VALUES["transfer"]
    elif not setting.answers and CONFIG.transfer.other_images:
        # a run that learns explanations alone leaves images to transfer
        chosen["transfer"] = {"other_images": True}
    method = wildcards.method
    counts = (method, METHODS[method].variant_of)
    chosen["methods"] = {
        name: value for name, value in VALUES["methods"].items() if name in counts
    }
    return json.dumps(chosen)


def pretrained(wildcards):
    """Return the run that a transfer run starts from: explanations alone, same method and seed."""
    start = SETTINGS[wildcards.setting].start
    if start is None:
        return []
    return (
        f"{RESULTS}/runs/{start}/{wildcards.method}/seed{wildcards.seed}/checkpoint.pt"
    )


def start_option(wildcards):
    """Return the option of `rex train` that names that run."""
    start = pretrained(wildcards)
    return f"--start {Path(start).parent}" if start else ""


SHARED_OUT = configuration("training.holdout", "transfer.other_images")


def few_options(wildcards):
    """Return the options by which the answer prior learns from a transfer run's questions alone."""
    if wildcards.method != PRIOR_OF_FEW:
        return ""
    return f"--config {shlex.quote(SHARED_OUT(wildcards))} --seed {wildcards.seed}"


def explanations_of(wildcards):
    """Return the true explanations of a split, where there are any."""
    if wildcards.split in SCENE_GRAPH_SPLITS:
        return f"{RESULTS}/explanations/{wildcards.split}.parquet"
    return []


def truth_options(wildcards):
    """Return the options of `rex evaluate` that name the truth about explanations."""
    if wildcards.split in SCENE_GRAPH_SPLITS:
        return (
            f"--explanations {explanations_of(wildcards)} "
            f"--scene-graphs {shlex.quote(scene_graphs_of()(wildcards))}"
        )
    return ""


def foreign_row(wildcards):
    """Return which model's answers a row is of."""
    return FOREIGN_ROWS[f"{RESULTS}/foreign/{wildcards.model}/{wildcards.split}.json"]


def foreign_answers(wildcards):
    """Return the file of its answers."""
    return foreign_row(wildcards).file


def foreign_options(wildcards):
    """Return the options of `rex evaluate` that name it, and the format of its boxes."""
    row = foreign_row(wildcards)
    written = f" --format {row.format}" if row.format else ""
    return f"--setting {FOREIGN} --method {shlex.quote(row.name)}{written}"


def tracking_options(wildcards):
    """Return the options that send a trained run's scores to MLflow; reference rows have no run."""
    if wildcards.setting == "reference":
        return ""
    run = f"{RESULTS}/runs/{wildcards.setting}/{wildcards.method}/seed{wildcards.seed}"
    return f'--run {run} --tracking "$REX_TRACKING"'


wildcard_constraints:
    split="train|val|testdev",
    number=r"\d+",
    setting="[a-z0-9-]+",
    method="[a-z0-9-]+",
    seed=r"\d+",
    store="[a-z0-9-]+",
