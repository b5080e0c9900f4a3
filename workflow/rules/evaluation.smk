"""Evaluation: the reference rows, and the measures of every run."""


ruleorder: answer_prior > random_regions > predict


rule answer_prior:
    input:
        data=DATA,
    output:
        f"{RESULTS}/runs/reference/answer-prior/seed0/predictions/{{split}}.parquet",
    log:
        f"{LOGS}/answer_prior_{{split}}.log",
    conda:
        "../../envs/rex.yaml"
    shell:
        "rex reference answer-prior "
        "--train {input.data}/questions/train_balanced_questions.json "
        "--questions {input.data}/questions/{wildcards.split}_balanced_questions.json "
        "--out {output} --log {log}"


rule random_regions:
    input:
        config=ancient(SETTINGS),
        explanations=f"{RESULTS}/explanations/{{split}}.parquet",
        regions=f"{RESULTS}/regions/{{split}}.h5",
    output:
        f"{RESULTS}/runs/reference/random-regions/seed0/predictions/{{split}}.parquet",
    log:
        f"{LOGS}/random_regions_{{split}}.log",
    conda:
        "../../envs/rex.yaml"
    params:
        settings=sections("evaluation"),
    shell:
        "rex reference random-regions --config {input.config} "
        "--explanations {input.explanations} --regions {input.regions} "
        "--out {output} --log {log}"


rule evaluate:
    input:
        config=ancient(SETTINGS),
        data=DATA,
        predictions=f"{RESULTS}/runs/{{setting}}/{{method}}/seed{{seed}}/predictions/{{split}}.parquet",
        regions=f"{RESULTS}/regions/{{split}}.h5",
        explanations=explanations_of,
    output:
        f"{RESULTS}/runs/{{setting}}/{{method}}/seed{{seed}}/metrics/{{split}}.json",
    log:
        f"{LOGS}/evaluate_{{setting}}_{{method}}_seed{{seed}}_{{split}}.log",
    conda:
        "../../envs/rex.yaml"
    params:
        settings=sections("evaluation"),
        truth=truth_options,
        run=subpath(input.predictions, ancestor=2),
    shell:
        "rex evaluate {input.predictions} --config {input.config} --split {wildcards.split} "
        "--questions {input.data}/questions/{wildcards.split}_balanced_questions.json "
        "{params.truth} --regions {input.regions} --ood {input.data}/ood "
        "--run {params.run} --out {output} --log {log}"
