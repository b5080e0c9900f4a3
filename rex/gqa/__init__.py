"""The data model of GQA: questions, scene graphs, layout, word categories."""
