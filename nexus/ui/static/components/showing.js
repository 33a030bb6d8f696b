// What a dashboard that is looked at needs of its browser: when to ask again, which panels are in sight, and the Esc key.
//
// `data`: seconds (between two refreshes; null for none), turn_seconds (between two tabs; null for none), unseen (names of panels
// that are not drawn yet), said (what the pause button is called, in both states).
// It tells `tick`, `turn`, `seen` (names) and `leave`. Time passes only while the tab can be seen.

const NEAR = "600px";
const GATHER_MS = 120;

export default function ({ data, parentElement, setTriggerValue }) {
  const held = (parentElement.nexusShowing ??= { paused: recalled(data.key) });
  held.stop?.();
  const stops = [];
  held.stop = () => stops.splice(0).forEach((stop) => stop());

  drawPause();
  every(data.seconds, () => setTriggerValue("tick", Date.now()));
  every(data.turn_seconds, () => setTriggerValue("turn", Date.now()));
  watch(data.unseen ?? []);
  // Before anybody else hears the key: it shuts a menu or dialog that is open, which is then gone, and leads nowhere further.
  on(document, "keydown", (event) => event.key === "Escape" && leadsBack() && !somethingOpen() && setTriggerValue("leave", Date.now()), true);
  return held.stop;

  function on(target, what, listener, capture = false) {
    target.addEventListener(what, listener, capture);
    stops.push(() => target.removeEventListener(what, listener, capture));
  }

  // A refresh that came due while nobody looked is made up for once the tab is seen again.
  function every(seconds, act) {
    if (!seconds) return;
    let due = Date.now() + seconds * 1000;
    const look = () => {
      if (held.paused || document.visibilityState !== "visible" || Date.now() < due) return;
      // Nobody calls this script again where nothing of its data changes.
      due = Date.now() + seconds * 1000;
      act();
    };
    const timer = setInterval(look, Math.min(1000, seconds * 500));
    stops.push(() => clearInterval(timer));
    on(document, "visibilitychange", look);
  }

  function drawPause() {
    let button = parentElement.querySelector("button");
    if (!data.seconds && !data.turn_seconds) return button?.remove();
    if (!button) {
      button = document.createElement("button");
      button.type = "button";
      parentElement.append(button);
    }
    const draw = () => {
      const [title, words] = held.paused ? data.said.paused : data.said.running;
      button.textContent = words;
      button.title = title;
      button.setAttribute("aria-pressed", String(held.paused));
    };
    button.onclick = () => {
      held.paused = !held.paused;
      remember(data.key, held.paused);
      draw();
    };
    draw();
  }

  function watch(names) {
    if (!names.length) return;
    const found = new Set();
    let timer = 0;
    const tell = () => {
      timer = 0;
      if (found.size) setTriggerValue("seen", [...found]);
    };
    const observer = new IntersectionObserver(
      (entries) => {
        for (const entry of entries) {
          const name = entry.target.id.slice("panel-".length);
          if (entry.isIntersecting) found.add(name);
          else found.delete(name);
        }
        // Panels that somebody only scrolls past are not asked for.
        clearTimeout(timer);
        timer = setTimeout(tell, GATHER_MS);
      },
      // The page scrolls inside an element of its own, and only that one's edge can be moved outwards.
      { root: document.querySelector("[data-testid=stMain]"), rootMargin: `${NEAR} 0px` },
    );
    const begin = () => {
      const heads = names.map((name) => document.getElementById(`panel-${name}`));
      if (heads.some((head) => !head)) return false;
      heads.forEach((head) => observer.observe(head));
      return true;
    };
    stops.push(() => (observer.disconnect(), clearTimeout(timer)));
    if (begin()) return;
    const waiting = setInterval(() => begin() && clearInterval(waiting), 200);
    stops.push(() => clearInterval(waiting));
  }
}

// By the address, which says so before the page is drawn: a key pressed in between counts.
function leadsBack() {
  const asked = new URLSearchParams(location.search);
  return asked.has("present") || asked.has("panel");
}

function somethingOpen() {
  return Boolean(document.querySelector("[role=dialog], [role=menu]:not([popover]), [popover]:popover-open, [data-testid=stPopoverBody]"));
}

function recalled(key) {
  try {
    return sessionStorage.getItem(`nexus-paused-${key}`) === "yes";
  } catch {
    return false;
  }
}

function remember(key, paused) {
  try {
    sessionStorage.setItem(`nexus-paused-${key}`, paused ? "yes" : "no");
  } catch {
    // Without storage it holds until the page is left.
  }
}
