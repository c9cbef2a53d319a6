"""Coverage-guided fuzzing of every border over which something of others comes in; run ``python -m fuzz``.

A border is a module of this folder with two functions: ``seeds()``, inputs made by our own code, and
``opened(folder)``, a context whose value takes one input. What it raises is a fault: each border's own refusals are
caught in it.
"""
