"""The values that the rooms of the core hand to each other: inputs, results, states, layouts."""
