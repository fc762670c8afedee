"""The documentation as pages to read without a network: all Markdown of the project, the APIs and the topics."""
