"""streamproc: anonymise video and images, write masks and frame metadata."""

__version__ = "0.1.0"
