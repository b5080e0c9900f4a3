"""Reporting: tables, figures and the gallery."""


rule tables:
    input:
        run_metrics(),
    output:
        report(
            TABLES,
            category="Tables",
            caption="../report/tables.rst",
        ),
    log:
        f"{LOGS}/tables.log",
    conda:
        "../../envs/rex.yaml"
    params:
        folder=subpath(output[0], parent=True),
    shell:
        "rex tables --metrics {input} --out {params.folder} --log {log}"


rule figures:
    input:
        run_metrics(),
    output:
        report(
            FIGURES,
            category="Figures",
            caption="../report/figures.rst",
        ),
    log:
        f"{LOGS}/figures.log",
    conda:
        "../../envs/rex.yaml"
    params:
        runs=run_folders(),
        folder=subpath(output[0], parent=True),
    shell:
        "rex figures --runs {params.runs} --out {params.folder} --log {log}"


rule gallery:
    input:
        data=DATA,
        regions=f"{RESULTS}/regions/val.h5",
        explanations=f"{RESULTS}/explanations/val.parquet",
        predictions=expand("{run}/predictions/val.parquet", run=run_folders()),
    output:
        report(
            f"{RESULTS}/gallery/index.html",
            category="Examples",
            caption="../report/gallery.rst",
        ),
    log:
        f"{LOGS}/gallery.log",
    conda:
        "../../envs/rex.yaml"
    params:
        config=configuration("evaluation.examples", "evaluation.seed"),
    shell:
        "rex gallery --config {params.config:q} "
        "--questions {input.data}/questions/val_balanced_questions.json "
        "--images {input.data}/images --regions {input.regions} "
        "--explanations {input.explanations} --predictions {input.predictions} "
        "--out {output} --log {log}"
