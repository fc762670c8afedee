"""In-house relations (§ 108 GWB) that offered contracts rest on: asked of eligibility, and followed."""
