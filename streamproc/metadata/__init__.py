"""Frame metadata: records, the accumulator that flushes a file a chunk, the reader and the JSON Schema."""
