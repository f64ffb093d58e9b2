"""An adversary that never tires: random inputs, and published builds that are damaged at random.

Every input comes from a seed. A file of gridded data is loaded with the values that xarray reads,
cell for cell, or rejected with a LucLoadError of one line; a damaged build is called damaged.
Run it with ``python -m fuzz`` (``make fuzz``); ``python -m fuzz --seed N --inputs 1`` repeats one.
"""
