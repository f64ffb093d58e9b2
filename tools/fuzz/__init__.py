"""An adversary that never tires: random inputs, and published builds that are damaged at random.

Every input comes from a seed. A file of gridded data is loaded with the values that xarray reads,
cell for cell, or rejected with a LucLoadError of one line; a damaged build is called damaged.
``make fuzz`` runs it; ``python -m tools.fuzz --seed N --inputs 1`` repeats one input.
"""
