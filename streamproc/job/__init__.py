"""Jobs: naming, chunks, the journal, the pipeline a frame goes through, and batches of inputs."""
