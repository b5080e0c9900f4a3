"""Regions: a Detectron2 detector, and 36 regions with features for every image."""


rule train_detector:
    input:
        data=DATA,
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
        gpu=GPU,
    params:
        config=configuration("regions", "compute"),
    shell:
        "rex regions train --config {params.config:q} --data {input.data} "
        "--out {output.weights} --report {output.report} --log {log}"


rule extract_regions:
    input:
        data=DATA,
        weights=f"{RESULTS}/regions/detector.pth",
    output:
        f"{RESULTS}/regions/{{split}}.h5",
    log:
        f"{LOGS}/extract_regions_{{split}}.log",
    benchmark:
        f"{BENCHMARKS}/extract_regions_{{split}}.tsv"
    conda:
        "../../envs/rex.yaml"
    threads: CONFIG.compute.detector_threads
    resources:
        gpu=GPU,
    params:
        config=configuration("regions", "compute"),
    shell:
        "rex regions extract --config {params.config:q} --images {input.data}/images "
        "--questions {input.data}/questions/{wildcards.split}_balanced_questions.json "
        "--weights {input.weights} --out {output} --log {log}"
