"""The custom components, one folder each; none imports another one's inside."""
