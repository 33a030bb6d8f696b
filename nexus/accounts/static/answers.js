// Where a figure of an answer comes from stays open when the page draws the answer anew, and opens for those who come by its address.
// Without this script a figure still leads there; only the next redraw closes it.
(() => {
  "use strict";
  let shown = null;
  let address = "";

  const look = () => {
    const hash = location.hash.startsWith("#why-") ? location.hash : "";
    const there = hash ? document.getElementById(hash.slice(1)) : null;
    if (shown && shown !== there) shown.classList.remove("open");
    if (there && there !== shown) {
      there.classList.add("open");
      // A redraw leaves the reader where they are; an address that was opened before its answer was there leads to it now.
      if (address !== hash && !there.matches(":target")) there.scrollIntoView();
    }
    if (!hash || there) address = hash;
    shown = there;
  };

  addEventListener("hashchange", look);
  new MutationObserver(look).observe(document, { childList: true, subtree: true });
})();
