"""The page: what the bridge knows, to look at. It changes nothing; people decide on the command line."""
