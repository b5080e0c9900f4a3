"""Explanations: programs run on scene graphs, their objects tied to regions; the vocabulary."""


scattergather:
    explanations=parts(CONFIG, "explain"),


rule explain:
    input:
        annotations(QUESTIONS, SCENE_GRAPHS),
        regions=regions_of,
    output:
        temp(f"{RESULTS}/explanations/shards/{{split}}-{{scatteritem}}.parquet"),
    log:
        f"{LOGS}/explain_{{split}}_{{scatteritem}}.log",
    benchmark:
        f"{BENCHMARKS}/explain_{{split}}_{{scatteritem}}.tsv"
    conda:
        "../../envs/rex.yaml"
    resources:
        mem_mb=memory_of("explain"),
        runtime=minutes_of("explain"),
    params:
        questions=questions_of(),
        scene_graphs=scene_graphs_of(),
        config=configuration("explanations"),
        shard=shard,
    message:
        "run the programs of {wildcards.split} into explanations ({wildcards.scatteritem})"
    shell:
        "rex explain build --config {params.config:q} "
        "--questions {params.questions:q} --scene-graphs {params.scene_graphs:q} "
        "--regions {input.regions} --shard {params.shard} --out {output} --log {log}"


rule gather_explanations:
    input:
        gather.explanations(
            f"{RESULTS}/explanations/shards/{{{{split}}}}-{{scatteritem}}.parquet"
        ),
    output:
        f"{RESULTS}/explanations/{{split}}.parquet",
    log:
        f"{LOGS}/gather_explanations_{{split}}.log",
    benchmark:
        f"{LIGHT}/gather_explanations_{{split}}.tsv"
    # one job of a cluster
    group:
        "explanations_{split}"
    conda:
        "../../envs/rex.yaml"
    resources:
        mem_mb=memory_of("gather_explanations"),
        runtime=minutes_of("gather_explanations"),
    message:
        "gather the explanations of {wildcards.split}"
    shell:
        "rex explain gather {input} --out {output} --log {log}"


rule explanation_card:
    input:
        annotations(QUESTIONS),
        explanations=f"{RESULTS}/explanations/{{split}}.parquet",
    output:
        report(
            f"{RESULTS}/explanations/{{split}}.md",
            category="4. Data",
            caption="../report/explanations.rst",
        ),
    log:
        f"{LOGS}/explanation_card_{{split}}.log",
    benchmark:
        f"{LIGHT}/explanation_card_{{split}}.tsv"
    group:
        "explanations_{split}"
    conda:
        "../../envs/rex.yaml"
    resources:
        mem_mb=memory_of("explanation_card"),
        runtime=minutes_of("explanation_card"),
    params:
        questions=questions_of(),
    message:
        "count the explanations of {wildcards.split}"
    shell:
        "rex explain stats {input.explanations} "
        "--questions {params.questions:q} --out {output} --log {log}"


rule vocabulary:
    input:
        annotations(QUESTIONS.format(split="train")),
        explanations=f"{RESULTS}/explanations/train.parquet",
    output:
        f"{RESULTS}/vocabulary.json",
    log:
        f"{LOGS}/vocabulary.log",
    benchmark:
        f"{LIGHT}/vocabulary.tsv"
    conda:
        "../../envs/rex.yaml"
    resources:
        mem_mb=memory_of("vocabulary"),
        runtime=minutes_of("vocabulary"),
    params:
        questions=questions_of("train"),
    message:
        "count answers and words"
    shell:
        "rex explain vocabulary --questions {params.questions:q} "
        "--explanations {input.explanations} --out {output} --log {log}"
