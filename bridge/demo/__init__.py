"""The sample company: Ternwing, an invented small airline, and what people said about it in 26 weeks."""
