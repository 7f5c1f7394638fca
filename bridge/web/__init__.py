"""The page: what the bridge knows, to look at. It changes nothing; decisions are taken on the command line."""
