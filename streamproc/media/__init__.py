"""Everything that touches PyAV or Pillow: sources, frames, encoded parts and the final join."""
