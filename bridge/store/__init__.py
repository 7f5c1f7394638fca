"""All SQL stands here: one function a question, named after its answer."""
