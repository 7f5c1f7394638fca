"""What tickets and their notes say, by templates that users can replace, in each tracker's format."""
