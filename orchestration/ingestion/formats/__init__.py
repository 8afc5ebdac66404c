"""What files look like: each format as a relation of texts. Not here: what the fields mean (`records`, `portal`)."""
