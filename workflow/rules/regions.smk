"""Regions: a Detectron2 detector, and 36 regions with features for every image."""


scattergather:
    regions=parts(CONFIG, "extract_regions"),


# what a detector and its regions depend on: not what describes them afterwards
DETECTION = configuration(
    *(
        f"regions.{key}"
        for key in VALUES["regions"]
        if key not in ("features", "features_from", "features_of")
    ),
    "compute.device",
    "compute.detector_threads",
)


rule train_detector:
    input:
        annotations(*expand(SCENE_GRAPHS, split=SCENE_GRAPH_SPLITS)),
        named_files(CONFIG.regions, "detector_config"),
    output:
        weights=f"{RESULTS}/regions/detector.pth",
        report=f"{RESULTS}/regions/report.json",
    log:
        f"{LOGS}/train_detector.log",
    benchmark:
        f"{BENCHMARKS}/train_detector.tsv"
    conda:
        "../../envs/rex.yaml"
    threads: CONFIG.compute.detector_threads
    resources:
        mem_mb=memory_of("train_detector"),
        runtime=minutes_of("train_detector"),
        gpu=GPU,
        cpus_per_task=DETECTOR_CPUS,
    params:
        data=data_folder,
        config=DETECTION,
    message:
        "train the detector"
    shell:
        "rex regions train --config {params.config:q} --data {params.data:q} "
        "--out {output.weights} --report {output.report} --log {log}"


rule extract_regions:
    input:
        boxed_annotations,
        named_files(CONFIG.regions, "detector_config", "vocabulary"),
        weights=WEIGHTS,
    output:
        temp(f"{RESULTS}/regions/shards/{{split}}-{{scatteritem}}.h5"),
    log:
        f"{LOGS}/extract_regions_{{split}}_{{scatteritem}}.log",
    benchmark:
        f"{BENCHMARKS}/extract_regions_{{split}}_{{scatteritem}}.tsv"
    priority: 2  # beside trainings, several cores would be free at their end alone
    conda:
        "../../envs/rex.yaml"
    threads: CONFIG.compute.detector_threads
    resources:
        mem_mb=memory_of("extract_regions"),
        runtime=minutes_of("extract_regions"),
        gpu=GPU,
        cpus_per_task=DETECTOR_CPUS,
    params:
        questions=questions_of(),
        images=images_folder,
        config=DETECTION,
        boxes=box_options,
        shard=shard,
    message:
        "detect the regions of {wildcards.split} ({wildcards.scatteritem})"
    shell:
        "rex regions extract --config {params.config:q} --images {params.images:q} "
        "--questions {params.questions:q} {params.boxes} "
        "--weights {input.weights:q} --shard {params.shard} --out {output} --log {log}"


rule merge_regions:
    input:
        gather.regions(f"{RESULTS}/regions/shards/{{{{split}}}}-{{scatteritem}}.h5"),
    output:
        f"{RESULTS}/regions/{{split}}.h5",
    log:
        f"{LOGS}/merge_regions_{{split}}.log",
    benchmark:
        f"{LIGHT}/merge_regions_{{split}}.tsv"
    conda:
        "../../envs/rex.yaml"
    resources:
        mem_mb=memory_of("merge_regions"),
        runtime=minutes_of("merge_regions"),
    message:
        "merge the regions of {wildcards.split}"
    shell:
        "rex regions merge {input} --out {output} --log {log}"


if IMPORTED:

    rule import_regions:
        input:
            named_files(CONFIG.regions, "vocabulary"),
            named_files(CONFIG.regions.features, "ids"),
            source=imported_source,
        output:
            f"{RESULTS}/regions/imported-{{number}}.h5",
        log:
            f"{LOGS}/import_regions_{{number}}.log",
        benchmark:
            f"{BENCHMARKS}/import_regions_{{number}}.tsv"
        conda:
            "../../envs/rex.yaml"
        resources:
            mem_mb=memory_of("import_regions"),
            runtime=minutes_of("import_regions"),
        params:
            label=CONFIG.regions.features.label,
            names=(
                f"--vocabulary {shlex.quote(CONFIG.regions.vocabulary)}"
                if CONFIG.regions.vocabulary
                else ""
            ),
            written=written_options,
            # read where features come without the sizes of their images
            images=images_folder,
        message:
            "import the regions of {input.source}"
        shell:
            "rex regions import {input.source:q} --label {params.label:q} {params.names} "
            "--images {params.images:q} {params.written} --out {output} --log {log}"


if CONFIG.regions.features_from:

    rule describe_regions:
        input:
            named_files(CONFIG.regions, "features_from"),
            store=f"{RESULTS}/regions/{{store}}.h5",
            model=f"{CONFIG.regions.features_from}/config.json",
            script=f"{SCRIPTS}/describe_regions.py",
        output:
            f"{RESULTS}/regions/described/{{store}}.h5",
        log:
            f"{LOGS}/describe_regions_{{store}}.log",
        benchmark:
            f"{BENCHMARKS}/describe_regions_{{store}}.tsv"
        conda:
            "../../envs/rex.yaml"
        threads: CONFIG.compute.detector_threads
        resources:
            mem_mb=memory_of("extract_regions"),
            runtime=minutes_of("extract_regions"),
            gpu=GPU,
            cpus_per_task=DETECTOR_CPUS,
        params:
            images=images_folder,
            model=subpath(input.model, parent=True),
            pool=CONFIG.regions.features_of,
            # sums depend on both
            device=CONFIG.compute.device,
            threads=CONFIG.compute.detector_threads,
        message:
            "describe the regions of {wildcards.store} by {params.model}"
        shell:
            "python {input.script:q} {input.store} --images {params.images:q} "
            "--model {params.model:q} --pool {params.pool} --device {params.device} "
            "--threads {params.threads} --out {output} "
            "2> {log}"
