"""Kernels that blur, pixelate or blacken regions on the planes of a picture."""
