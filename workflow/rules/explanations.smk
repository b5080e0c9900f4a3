"""Explanations: programs run on scene graphs, their objects tied to regions; the vocabulary."""


rule explain:
    input:
        data=DATA,
        regions=f"{RESULTS}/regions/{{split}}.h5",
    output:
        f"{RESULTS}/explanations/{{split}}.parquet",
    log:
        f"{LOGS}/explain_{{split}}.log",
    benchmark:
        f"{BENCHMARKS}/explain_{{split}}.tsv"
    conda:
        "../../envs/rex.yaml"
    params:
        config=configuration("explanations"),
    shell:
        "rex explain build --config {params.config:q} "
        "--questions {input.data}/questions/{wildcards.split}_balanced_questions.json "
        "--scene-graphs {input.data}/sceneGraphs/{wildcards.split}_sceneGraphs.json "
        "--regions {input.regions} --out {output} --log {log}"


rule vocabulary:
    input:
        data=DATA,
        explanations=f"{RESULTS}/explanations/train.parquet",
    output:
        f"{RESULTS}/vocabulary.json",
    log:
        f"{LOGS}/vocabulary.log",
    conda:
        "../../envs/rex.yaml"
    shell:
        "rex explain vocabulary "
        "--questions {input.data}/questions/train_balanced_questions.json "
        "--explanations {input.explanations} --out {output} --log {log}"
