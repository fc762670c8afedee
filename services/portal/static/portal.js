/* All pages work without this. A search whose state was changed by a script is said to screen readers by role=status. */
"use strict";
