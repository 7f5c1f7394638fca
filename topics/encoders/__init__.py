"""The encoders behind `topics.embed`: each turns texts into vectors in its own way."""
