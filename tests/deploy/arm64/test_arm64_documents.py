"""What holds for the image with the typesetter holds for the one of arm64: the same layers and documents of the same bytes."""

from __future__ import annotations

import pytest

from tests.deploy.arm64.conftest import ARCHITECTURE
from tests.deploy.images.test_images_documents import (
    test_it_is_the_product_and_one_layer_more,
    test_it_makes_the_documents_that_are_made_here_byte_for_byte,
    test_the_bill_names_the_typesetter_with_a_reviewed_licence,
)
from tests.support.docker import PRODUCT, docker

__all__ = [
    "test_it_is_the_product_and_one_layer_more",
    "test_it_makes_the_documents_that_are_made_here_byte_for_byte",
    "test_the_bill_names_the_typesetter_with_a_reviewed_licence",
]


@pytest.fixture(scope="module")
def documents(product: str) -> str:
    """Return the image with the typesetter that belongs to the one without. Raises RuntimeError if it was not built."""
    reference = product.replace(f"{PRODUCT}:", f"{PRODUCT}-documents:")
    assert docker("image", "inspect", "--format", "{{.Architecture}}", reference).strip() == ARCHITECTURE
    return reference
