"""Ask the data, as it is drawn: the question, its progress, the answer, and the questions before it."""
