"""Programs for the developers of luc-load: torture, and what a block costs on a cluster."""
