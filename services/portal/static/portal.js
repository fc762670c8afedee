/* All pages work without this. A search whose state was changed by a script is said to screen readers by role=status. */
"use strict";
/* The secret of an invitation stands behind "#", which no server is sent. It outlives the login here, and goes into its field. */
(() => {
  if (!/^(\/en)?\/invitations\//.test(location.pathname)) return;
  const place = location.pathname.replace(/^\/en/, "");
  if (location.hash.length > 1) {
    sessionStorage.setItem(place, location.hash.slice(1));
    history.replaceState(null, "", location.pathname);
  }
  const field = document.getElementById("secret");
  const held = sessionStorage.getItem(place);
  if (field === null || held === null) return;
  if (field.value === "") field.value = held;
  sessionStorage.removeItem(place);
})();
