"""Generated descriptions of what travels: one JSON Schema per message type, and one AsyncAPI document of all topics."""
