"""Object types and colour codings, the composition kernel, decoding masks back, PNG and RLE."""
