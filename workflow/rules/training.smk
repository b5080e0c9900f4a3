"""Training: one run of the grid, and what it predicts."""


rule train:
    input:
        annotations(QUESTIONS.format(split="train")),
        named_files(CONFIG.model, "pretrained", "word_pieces"),
        explanations=f"{RESULTS}/explanations/train.parquet",
        regions=str(GRID.region_store("train")),
        vocabulary=f"{RESULTS}/vocabulary.json",
        start=pretrained,
    output:
        checkpoint=f"{RESULTS}/runs/{{setting}}/{{method}}/seed{{seed}}/checkpoint.pt",
        log=f"{RESULTS}/runs/{{setting}}/{{method}}/seed{{seed}}/log.jsonl",
        config=f"{RESULTS}/runs/{{setting}}/{{method}}/seed{{seed}}/config.yaml",
    log:
        f"{LOGS}/train_{{setting}}_{{method}}_seed{{seed}}.log",
    benchmark:
        f"{BENCHMARKS}/train_{{setting}}_{{method}}_seed{{seed}}.tsv"
    priority: training_priority
    conda:
        "../../envs/rex.yaml"
    threads: CONFIG.compute.training_threads
    resources:
        mem_mb=memory_of("train"),
        runtime=minutes_of("train"),
        gpu=TRAINING_GPUS,
        # torchrun starts all processes of a run on its own node
        nodes=1,
        cpus_per_task=TRAINING_CPUS,
        # Snakemake repeats nothing where resources change
        save_every=CONFIG.training.save_every,
    params:
        questions=questions_of("train"),
        config=training_configuration,
        launch=LAUNCH,
        start=start_option,
        run=subpath(output.checkpoint, parent=True),
    message:
        "train {wildcards.setting}/{wildcards.method}/seed{wildcards.seed}"
    shell:
        "{params.launch} train --config {params.config:q} --setting {wildcards.setting} "
        "--method {wildcards.method} --seed {wildcards.seed} "
        "--questions {params.questions:q} "
        "--explanations {input.explanations} --regions {input.regions} "
        "--vocabulary {input.vocabulary} {params.start} --save-every {resources.save_every} "
        '--tracking "$REX_TRACKING" --out {params.run} --log {log}'


rule predict:
    input:
        annotations(QUESTIONS),
        checkpoint=f"{RESULTS}/runs/{{setting}}/{{method}}/seed{{seed}}/checkpoint.pt",
        regions=regions_of,
    output:
        f"{RESULTS}/runs/{{setting}}/{{method}}/seed{{seed}}/predictions/{{split}}.parquet",
    log:
        f"{LOGS}/predict_{{setting}}_{{method}}_seed{{seed}}_{{split}}.log",
    benchmark:
        f"{BENCHMARKS}/predict_{{setting}}_{{method}}_seed{{seed}}_{{split}}.tsv"
    group:
        measuring_job
    conda:
        "../../envs/rex.yaml"
    threads: CONFIG.compute.training_threads
    resources:
        mem_mb=memory_of("predict"),
        runtime=minutes_of("predict"),
        gpu=GPU,
        cpus_per_task=max(CONFIG.compute.training_threads, 8 * GPU),
    params:
        questions=questions_of(),
        config=configuration(
            "evaluation.batch_size",
            "evaluation.beams",
            "compute.device",
            "compute.training_threads",
        ),
        run=subpath(input.checkpoint, parent=True),
    message:
        "predict {wildcards.split} by {wildcards.setting}/{wildcards.method}/seed{wildcards.seed}"
    shell:
        "rex predict --config {params.config:q} --run {params.run} "
        "--questions {params.questions:q} --regions {input.regions} --out {output} --log {log}"
