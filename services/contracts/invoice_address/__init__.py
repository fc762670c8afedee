"""Invoice addresses that organisations register: followed, so that their next invoice has the one of today."""
