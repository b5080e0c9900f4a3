"""Evaluation: the reference rows, and the measures of every run."""


ruleorder: answer_prior > random_regions > predict


rule answer_prior:
    input:
        annotations(QUESTIONS.format(split="train"), QUESTIONS),
    output:
        f"{RESULTS}/runs/reference/answer-prior/seed0/predictions/{{split}}.parquet",
    log:
        f"{LOGS}/answer_prior_{{split}}.log",
    conda:
        "../../envs/rex.yaml"
    resources:
        mem_mb=memory_of("answer_prior"),
        runtime=minutes_of("answer_prior"),
    params:
        data=data_folder,
    message:
        "answer {wildcards.split} by the question alone"
    shell:
        "rex reference answer-prior "
        "--train {params.data:q}/questions/train_balanced_questions.json "
        "--questions {params.data:q}/questions/{wildcards.split}_balanced_questions.json "
        "--out {output} --log {log}"


rule random_regions:
    input:
        explanations=f"{RESULTS}/explanations/{{split}}.parquet",
        regions=regions_of,
    output:
        f"{RESULTS}/runs/reference/random-regions/seed0/predictions/{{split}}.parquet",
    log:
        f"{LOGS}/random_regions_{{split}}.log",
    conda:
        "../../envs/rex.yaml"
    resources:
        mem_mb=memory_of("random_regions"),
        runtime=minutes_of("random_regions"),
    params:
        config=configuration("evaluation.seed"),
    message:
        "explain {wildcards.split} with random regions"
    shell:
        "rex reference random-regions --config {params.config:q} "
        "--explanations {input.explanations} --regions {input.regions} "
        "--out {output} --log {log}"


rule evaluate:
    input:
        evaluated_annotations,
        predictions=f"{RESULTS}/runs/{{setting}}/{{method}}/seed{{seed}}/predictions/{{split}}.parquet",
        regions=regions_of,
        explanations=explanations_of,
    output:
        metrics=f"{RESULTS}/runs/{{setting}}/{{method}}/seed{{seed}}/metrics/{{split}}.json",
        details=f"{RESULTS}/runs/{{setting}}/{{method}}/seed{{seed}}/metrics/{{split}}.parquet",
    log:
        f"{LOGS}/evaluate_{{setting}}_{{method}}_seed{{seed}}_{{split}}.log",
    benchmark:
        f"{BENCHMARKS}/evaluate_{{setting}}_{{method}}_seed{{seed}}_{{split}}.tsv"
    conda:
        "../../envs/rex.yaml"
    resources:
        mem_mb=memory_of("evaluate"),
        runtime=minutes_of("evaluate"),
    params:
        data=data_folder,
        config=configuration(
            "evaluation.seed",
            "evaluation.bootstrap",
            "evaluation.compat",
            "explanations.mode",
        ),
        truth=truth_options,
        tracking=tracking_options,
        ood=OOD,
    message:
        "measure {wildcards.setting}/{wildcards.method}/seed{wildcards.seed} on {wildcards.split}"
    shell:
        "rex evaluate {input.predictions} --config {params.config:q} --split {wildcards.split} "
        "--questions {params.data:q}/questions/{wildcards.split}_balanced_questions.json "
        "{params.truth} --regions {input.regions} {params.ood} "
        "{params.tracking} --details {output.details} --out {output.metrics} --log {log} > /dev/null"
