"""The runs of an experiment, and where the workflow keeps what it makes of a data set."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rex.config import SCENE_GRAPH_SPLITS, SPLITS, Config, ForeignAnswers
from rex.experiment import FEWEST, PRIOR_OF_FEW, REFERENCE, SETTINGS


@dataclass(frozen=True)
class Results:
    """The folder `results/<dataset>` of a configuration."""

    config: Config
    folder: Path

    @classmethod
    def of(cls, config: Config) -> Results:
        """Return where the workflow puts them."""
        return cls(config, Path("results", config.dataset))

    def run(self, setting: str, method: str, seed: int) -> Path:
        """Return the folder of one run."""
        return self.folder / "runs" / setting / method / f"seed{seed}"

    def runs(self) -> list[Path]:
        """Return the folder of every run of the grid."""
        experiment = self.config.experiment
        return [
            self.run(run.setting, run.method, seed)
            for run in experiment.runs
            for seed in experiment.seeds
        ]

    def shown_runs(self) -> list[Path]:
        """Return the gallery's runs: of one seed, those that learn from all questions, if any."""
        experiment = self.config.experiment
        whole = [run for run in experiment.runs if not SETTINGS[run.setting].transfer]
        return [
            self.run(run.setting, run.method, experiment.seeds[0])
            for run in whole or experiment.runs
        ]

    def references(self) -> dict[Path, list[str]]:
        """Return the folder of each reference row with the splits that it is measured on."""
        splits: list[str] = list(self.config.evaluation.splits)
        # random regions need true explanations
        explained = [split for split in splits if split in SCENE_GRAPH_SPLITS]
        experiment = self.config.experiment
        transfer = any(SETTINGS[run.setting].percent == FEWEST for run in experiment.runs)
        # the few questions are other ones with another seed
        seeds = experiment.seeds if transfer else ()
        return {
            self.run(REFERENCE, "answer-prior", 0): splits,
            **{self.run(REFERENCE, PRIOR_OF_FEW, seed): splits for seed in seeds},
            self.run(REFERENCE, "random-regions", 0): explained,
        }

    def foreign(self) -> dict[Path, ForeignAnswers]:
        """Return the metrics file of each row of another model, with what it is made from."""
        evaluation, rows = self.config.evaluation, [*self.config.evaluation.foreign]
        if self.config.source == "world" and evaluation.stand_in:
            name = f"Rule-based stand-in ({evaluation.stand_in} questions)"
            rows.append(ForeignAnswers(name=name, file=str(self.stand_in()), format="qwen2.5-vl"))
        return {self.folder / "foreign" / row.folder / f"{row.split}.json": row for row in rows}

    def stand_in(self) -> Path:
        """Return the file of what the rule-based stand-in answers."""
        return self.folder / "foreign" / "stand-in.jsonl"

    def metrics(self) -> list[Path]:
        """Return the metrics files of all rows on the splits that each is measured on."""
        measured = {run: list(self.config.evaluation.splits) for run in self.runs()}
        made = [
            folder / "metrics" / f"{split}.json"
            for folder, splits in (measured | self.references()).items()
            for split in splits
        ]
        return [*made, *self.foreign()]

    def region_store(self, split: str) -> Path:
        """Return the region store of a split; imported features may serve several splits."""
        folder, regions, name = self.folder / "regions", self.config.regions, split
        if regions.features is not None:
            name = f"imported-{self.imported().index(getattr(regions.features, split))}"
        return (folder if regions.features_from is None else folder / "described") / f"{name}.h5"

    def imported(self) -> list[str]:
        """Return the files and folders that region stores are imported from, in order."""
        features = self.config.regions.features
        files = {getattr(features, split) for split in SPLITS} if features else set()
        return sorted(files - {None})
