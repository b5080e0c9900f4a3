"""Evaluation: the reference rows, and the measures of every run."""


ruleorder: answer_prior > random_regions > predict


rule answer_prior:
    input:
        annotations(QUESTIONS.format(split="train"), QUESTIONS),
    output:
        f"{RESULTS}/runs/reference/{{method}}/seed{{seed}}/predictions/{{split}}.parquet",
    log:
        f"{LOGS}/{{method}}_seed{{seed}}_{{split}}.log",
    benchmark:
        f"{LIGHT}/{{method}}_seed{{seed}}_{{split}}.tsv"
    wildcard_constraints:
        method=f"answer-prior|{PRIOR_OF_FEW}",
    group:
        measuring_job
    conda:
        "../../envs/rex.yaml"
    resources:
        mem_mb=memory_of("answer_prior"),
        runtime=minutes_of("answer_prior"),
    params:
        train=questions_of("train"),
        questions=questions_of(),
        few=few_options,
    message:
        "answer {wildcards.split} by the question alone: {wildcards.method}"
    shell:
        "rex reference answer-prior "
        "--train {params.train:q} --questions {params.questions:q} {params.few} "
        "--out {output} --log {log}"


rule random_regions:
    input:
        explanations=f"{RESULTS}/explanations/{{split}}.parquet",
        regions=regions_of,
    output:
        f"{RESULTS}/runs/reference/random-regions/seed0/predictions/{{split}}.parquet",
    log:
        f"{LOGS}/random_regions_{{split}}.log",
    benchmark:
        f"{LIGHT}/random_regions_{{split}}.tsv"
    group:
        measuring_job
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


# what scores depend on
MEASURED = configuration(
    "dataset",
    "evaluation.seed",
    "evaluation.bootstrap",
    "evaluation.compat",
    "evaluation.upper_bound",
    "explanations.mode",
)


rule evaluate:
    input:
        evaluated_annotations,
        named_files(CONFIG.evaluation, "upper_bound"),
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
    group:
        measuring_job
    conda:
        "../../envs/rex.yaml"
    resources:
        mem_mb=memory_of("evaluate"),
        runtime=minutes_of("evaluate"),
    params:
        questions=questions_of(),
        config=MEASURED,
        truth=truth_options,
        tracking=tracking_options,
        ood=ood_option,
    message:
        "measure {wildcards.setting}/{wildcards.method}/seed{wildcards.seed} on {wildcards.split}"
    shell:
        "rex evaluate {input.predictions} --config {params.config:q} --split {wildcards.split} "
        "--questions {params.questions:q} {params.truth} --regions {input.regions} {params.ood} "
        "{params.tracking} --details {output.details} --out {output.metrics} --log {log} > /dev/null"


if FOREIGN_ROWS:

    rule stand_in:
        input:
            annotations(
                *(name.format(split="val") for name in (QUESTIONS, SCENE_GRAPHS))
            ),
            script=f"{SCRIPTS}/stand_in.py",
        output:
            str(GRID.stand_in()),
        log:
            f"{LOGS}/stand_in.log",
        conda:
            "../../envs/rex.yaml"
        resources:
            mem_mb=memory_of("stand_in"),
            runtime=minutes_of("stand_in"),
        params:
            questions=questions_of("val"),
            scene_graphs=scene_graphs_of("val"),
            answered=CONFIG.evaluation.stand_in,
        message:
            "answer {params.answered} questions of val by rules (the stand-in)"
        shell:
            "python {input.script:q} "
            "--questions {params.questions:q} --scene-graphs {params.scene_graphs:q} "
            "--count {params.answered} --out {output} 2> {log}"

    rule evaluate_foreign:
        input:
            evaluated_annotations,
            named_files(CONFIG.evaluation, "upper_bound"),
            answers=foreign_answers,
            regions=regions_of,
            explanations=explanations_of,
        output:
            metrics=f"{RESULTS}/foreign/{{model}}/{{split}}.json",
            details=f"{RESULTS}/foreign/{{model}}/{{split}}.parquet",
            unread=f"{RESULTS}/foreign/{{model}}/{{split}}-unread.jsonl",
        log:
            f"{LOGS}/evaluate_foreign_{{model}}_{{split}}.log",
        conda:
            "../../envs/rex.yaml"
        resources:
            mem_mb=memory_of("evaluate"),
            runtime=minutes_of("evaluate"),
        params:
            questions=questions_of(),
            config=MEASURED,
            model=foreign_options,
            truth=truth_options,
            ood=ood_option,
        message:
            "measure {input.answers} on {wildcards.split}"
        shell:
            "rex evaluate {input.answers:q} --config {params.config:q} --split {wildcards.split} "
            "--questions {params.questions:q} "
            "{params.truth} --regions {input.regions} {params.ood} {params.model} --partial "
            "--unread {output.unread} --details {output.details} --out {output.metrics} "
            "--log {log} > /dev/null"
