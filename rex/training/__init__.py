"""From explanations and regions to a trained run, and from a run to predictions.

`dataset.py` joins what is known of each question, `batches.py` orders it, `loop.py` trains,
`checkpoints.py` keeps, `prediction.py` answers and explains, `run.py` leads from file to file.
"""
