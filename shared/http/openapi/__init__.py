"""The OpenAPI document of an API: what FastAPI finds in the types, completed by what each field and answer means."""
