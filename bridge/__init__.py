"""The service: from many single complaints to a reviewed backlog, and back to the people who asked."""
