// Links of the class `nexus-here`, which lead to another place of the page that they are on: followed without loading all of it anew.
//
// It tells `to`: the query of the address that the link has. A click that asks for a new tab or window gets one, as from any link.

export default function ({ setTriggerValue }) {
  const follow = (event) => {
    const link = event.target.closest?.("a.nexus-here");
    if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    if (link.origin !== location.origin || link.pathname !== location.pathname) return;
    event.preventDefault();
    document.querySelector('[data-testid="stMain"]')?.scrollTo(0, 0);
    setTriggerValue("to", link.search.slice(1));
  };
  document.addEventListener("click", follow);
  return () => document.removeEventListener("click", follow);
}
