"""REX: from annotations and images to the paper's tables.

snakemake --cores 2                                     the embedded world
snakemake --cores 2 --configfile config/smoke.yaml      the same chain in two minutes
"""

import os

from snakemake.utils import min_version

from rex.config_files import exit_unless_readable

min_version("9.0")

# before Snakemake reads them, which says less, and takes the last of two equal keys
exit_unless_readable([*filter(os.path.exists, ["config.yaml"]), *workflow.configfiles])


configfile: "config.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/cluster.smk"
include: "workflow/rules/annotations.smk"
include: "workflow/rules/regions.smk"
include: "workflow/rules/explanations.smk"
include: "workflow/rules/training.smk"
include: "workflow/rules/evaluation.smk"
include: "workflow/rules/reporting.smk"


report: "workflow/report/workflow.rst"


onstart:
    refuse_another_workflow()
    refuse_absent_server()
    refuse_small_nodes()
    know_cancelled_jobs()


onsuccess:
    print(where_to_look(), file=sys.stderr)


rule all:
    default_target: True
    input:
        rules.tables.output,
        rules.figures.output,
        f"{RESULTS}/gallery/index.html",
        expand(f"{RESULTS}/explanations/{{split}}.md", split=SCENE_GRAPH_SPLITS),
        f"{RESULTS}/config.yaml",
    message:
        "all is made"
