"""What measures read: predictions, questions, true explanations, the facts in a text."""
