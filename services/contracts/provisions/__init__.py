"""The Bereitstellungsverträge that the catalog asks for: from the request to the contract."""
