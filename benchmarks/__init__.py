"""One script a claim: each runs something, and writes what came out to results/NAME.json."""
