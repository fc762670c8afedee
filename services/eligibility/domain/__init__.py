"""What eligibility decides: registration, accreditation, statements, verdicts."""
