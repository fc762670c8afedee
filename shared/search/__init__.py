"""Text search for German administration: what services and public bodies are called, in every spelling people type."""
