"""Programs for developers: faults in builds, random sources, what a block costs on a cluster."""
