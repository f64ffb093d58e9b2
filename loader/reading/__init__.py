"""Read source files into rows: open, understand the layout, plan blocks, read them in order."""
