"""The marketplace's services. None imports another; they talk over topics."""
