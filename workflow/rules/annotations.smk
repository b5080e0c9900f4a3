"""Annotations: the embedded world, or GQA's files as they lie."""


rule configuration:
    output:
        f"{RESULTS}/config.yaml",
    log:
        f"{LOGS}/configuration.log",
    localrule: True
    conda:
        "../../envs/rex.yaml"
    params:
        config=configuration(*VALUES),
    message:
        "write the checked configuration"
    shell:
        "rex config write --config {params.config:q} --out {output} --log {log}"


if CONFIG.source == "world":

    rule world:
        # not the folder: Snakemake would remove it, whatever is in it, before the command looks
        output:
            f"{DATA}/world.json",
        log:
            f"{LOGS}/world.log",
        benchmark:
            f"{BENCHMARKS}/world.tsv"
        conda:
            "../../envs/rex.yaml"
        threads: 2
        resources:
            mem_mb=memory_of("world"),
            runtime=minutes_of("world"),
        params:
            config=configuration("world"),
            folder=subpath(output[0], parent=True),
        message:
            "draw the world: images, scene graphs, questions"
        shell:
            "rex world make --config {params.config:q} --processes {threads} --out {params.folder:q} --log {log}"
