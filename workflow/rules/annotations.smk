"""Annotations: the embedded world, or GQA's files as they lie."""


rule configuration:
    output:
        SETTINGS,
    log:
        f"{LOGS}/configuration.log",
    conda:
        "../../envs/rex.yaml"
    params:
        values=configuration_values,
    shell:
        "rex config write --values {params.values:q} --out {output} --log {log}"


if CONFIG.source == "world":

    rule world:
        input:
            config=ancient(SETTINGS),
        output:
            directory(DATA),
        log:
            f"{LOGS}/world.log",
        benchmark:
            f"{BENCHMARKS}/world.tsv"
        conda:
            "../../envs/rex.yaml"
        threads: 2
        params:
            settings=sections("world"),
        shell:
            "rex world make --config {input.config} --processes {threads} --out {output} --log {log}"
