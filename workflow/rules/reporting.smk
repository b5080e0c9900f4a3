"""Reporting: tables, figures and the gallery."""


rule tables:
    input:
        [str(path) for path in GRID.metrics()],
    output:
        reported(
            "tables",
            TABLES,
            ["html", "csv", "md", "tex"],
            "1. Tables",
            "../report/tables.rst",
        ),
    log:
        f"{LOGS}/tables.log",
    benchmark:
        f"{LIGHT}/tables.tsv"
    conda:
        "../../envs/rex.yaml"
    resources:
        mem_mb=memory_of("tables"),
        runtime=minutes_of("tables"),
    params:
        config=configuration(
            "dataset",
            "evaluation.splits",
            "evaluation.foreign",
            "evaluation.stand_in",
            "source",
            "experiment",
        ),
        results=subpath(output[0], ancestor=2),
        folder=subpath(output[0], parent=True),
        benchmarks=BENCHMARKS,
    message:
        "write the tables"
    shell:
        "rex tables --config {params.config:q} --benchmarks {params.benchmarks}/*.tsv "
        '--results {params.results} --tracking "$REX_TRACKING" --out {params.folder} --log {log}'


rule figures:
    input:
        [str(path) for path in GRID.metrics()],
    output:
        reported(
            "figures",
            FIGURES,
            ["svg", "png"],
            "2. Figures",
            "../report/figures.rst",
        ),
    log:
        f"{LOGS}/figures.log",
    benchmark:
        f"{LIGHT}/figures.tsv"
    conda:
        "../../envs/rex.yaml"
    resources:
        mem_mb=memory_of("figures"),
        runtime=minutes_of("figures"),
    params:
        config=configuration("dataset", "evaluation.splits", "experiment"),
        results=subpath(output[0], ancestor=2),
        folder=subpath(output[0], parent=True),
    message:
        "draw the figures"
    shell:
        "rex figures --config {params.config:q} --results {params.results} "
        '--tracking "$REX_TRACKING" --out {params.folder} --log {log}'


rule gallery:
    input:
        annotations(*(name.format(split="val") for name in (QUESTIONS, SCENE_GRAPHS))),
        regions=str(GRID.region_store("val")),
        explanations=f"{RESULTS}/explanations/val.parquet",
        predictions=expand("{run}/predictions/val.parquet", run=GRID.shown_runs()),
    output:
        report(
            f"{RESULTS}/gallery/index.html",
            category="3. Examples",
            caption="../report/gallery.rst",
            labels={"page": "gallery"},
        ),
    log:
        f"{LOGS}/gallery.log",
    benchmark:
        f"{LIGHT}/gallery.tsv"
    conda:
        "../../envs/rex.yaml"
    resources:
        mem_mb=memory_of("gallery"),
        runtime=minutes_of("gallery"),
    params:
        questions=questions_of("val"),
        scene_graphs=scene_graphs_of("val"),
        images=images_folder,
        config=configuration("dataset", "evaluation.examples", "evaluation.seed"),
    message:
        "make the gallery of examples"
    shell:
        "rex gallery --config {params.config:q} "
        "--questions {params.questions:q} --images {params.images:q} "
        "--regions {input.regions} --scene-graphs {params.scene_graphs:q} "
        "--explanations {input.explanations} --predictions {input.predictions} "
        '--tracking "$REX_TRACKING" --out {output} --log {log}'
