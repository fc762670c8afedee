"""Eligibility: who is registered and accredited, who belongs to whom, and whether an award needs no tender (§ 108 GWB)."""
