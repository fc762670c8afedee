"""The acts of the story. Each scene acts over the public interfaces and checks what it states."""
