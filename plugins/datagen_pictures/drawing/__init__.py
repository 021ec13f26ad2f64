"""Figures in one style, without pyplot: images, bars, histograms, curves and counts."""
