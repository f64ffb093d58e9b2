"""Regions: polygons to the share that they have in each cell of a grid."""
