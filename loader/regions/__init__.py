"""Compute which share of each grid cell a region's polygons cover."""
