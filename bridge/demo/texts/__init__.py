"""Hand-written sentences of the sample company, as text files read by `bridge.demo.library`."""
