"""Machine-driven design exploration: a design space, a proposer, and a study of short trainings."""
