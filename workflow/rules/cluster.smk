"""What jobs ask of a cluster, and what its executor is taught."""

from rex.cluster import NodeShare, check_nodes, listed_nodes, parts, request

# asked of a cluster; on one machine, limit jobs at once with --resources gpu=N
GPU = int(CONFIG.compute.device == "cuda")
TRAINING_GPUS = CONFIG.compute.gpus * GPU
# beside the threads that compute, which are part of the result, a GPU's batches are loaded
TRAINING_CPUS = max(CONFIG.compute.training_threads, 8 * TRAINING_GPUS)
DETECTOR_CPUS = max(CONFIG.compute.detector_threads, 8 * GPU)
LAUNCH = (
    f"torchrun --standalone --nproc-per-node {TRAINING_GPUS} -m rex.cli"
    if TRAINING_GPUS > 1
    else "rex"
)


def asked_of_a_cluster(job, wildcards):
    """Return the memory (MB) and time (minutes) that a rule's job asks for at its first attempt."""
    known = dict(wildcards.items())
    setting = known.get("setting", "multi-task")
    return request(
        CONFIG,
        job,
        split=known.get("split", "train"),
        setting=setting if setting in SETTINGS else "multi-task",
        shards=int(known.get("scatteritem", "1-of-1").rpartition("-")[2]),
    )


def memory_of(job):
    """Return a function that gives the memory of a rule's job; each attempt has as much again."""

    def memory(wildcards, attempt):
        return attempt * asked_of_a_cluster(job, wildcards).memory_mb

    return memory


def minutes_of(job):
    """Return a function that gives the time of a rule's job; each attempt has as much again."""

    def minutes(wildcards, attempt):
        return attempt * asked_of_a_cluster(job, wildcards).minutes

    return minutes


def measuring_job(wildcards):
    """Return the name of a cluster's job: what is predicted is measured in the same one.

    None for what is predicted on a GPU, which would be kept as long.
    """
    setting = wildcards.get("setting", "reference")
    if GPU and setting != "reference":
        return None
    method = wildcards.get("method", "random-regions")
    return f"measure_{setting}_{method}_{wildcards.get('seed', 0)}_{wildcards.split}"


def refuse_small_nodes():
    """Exit with code 2, in a line, where a job asks Slurm for more than any node has."""
    if workflow.executor_plugin.name != "slurm":
        return
    nodes = listed_nodes()
    with exit_on_bad_input():
        for job in workflow.dag.needrun_jobs():
            asked = job.resources
            share = NodeShare(
                int(asked.get("mem_mb", 0)),
                int(asked.get("cpus_per_task", job.threads)),
                int(asked.get("gpu", 0)),
                float(asked.get("runtime", 0)),
            )
            check_nodes(
                nodes, job.rule.name, share, str(asked.get("slurm_partition", ""))
            )


def know_cancelled_jobs():
    """Have Slurm's executor see by sacct, too, that a job was cancelled.

    `CANCELLED by 0` it takes for a job that still runs (version 2.8), and waits for ever.
    """
    if workflow.executor_plugin.name != "slurm":
        return
    import snakemake_executor_plugin_slurm as executor

    asked = executor.query_job_status

    async def states_alone(command, logger):
        states, seconds = await asked(command, logger)
        if states is not None:
            states = {job: state.partition(" ")[0] for job, state in states.items()}
        return states, seconds

    executor.query_job_status = states_alone
