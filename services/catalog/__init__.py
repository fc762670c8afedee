"""The catalog: offers of EfA services from the standard form to the Schaufenster, and the reference data OZG and LeiKa."""
