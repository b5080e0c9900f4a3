"""Measures of answers and explanations: accuracy, caption measures, grounding, reference rows."""
