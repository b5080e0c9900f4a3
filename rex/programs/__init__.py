"""GQA's programs: the twelve atomic operations, their execution, and the phrases they make."""
