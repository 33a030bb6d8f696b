// Leads an open page to the sign-in page when its session has ended, and back to where it was afterwards.
(() => {
  "use strict";
  // Pages have addresses like /dashboard; without the first, the app asks below each of them for its server. With the second it opens its
  // socket at once, and not only when the server has said how it is and what it allows.
  window.__streamlit = {
    BACKEND_BASE_URL: location.origin + "/",
    HOST_CONFIG: { allowedOrigins: [location.origin], useExternalAuthToken: false, enableCustomParentMessages: false, blockErrorDialogs: false },
  };

  const Native = window.WebSocket;
  let leaving = false;
  let asking = false;

  const leave = () => {
    if (leaving) return;
    leaving = true;
    location.replace("/login?next=" + encodeURIComponent(location.pathname + location.search));
  };

  // A socket that is refused or lost does not say why: ask, until the server answers.
  const ask = async () => {
    if (asking || leaving) return;
    asking = true;
    try {
      for (;;) {
        try {
          const answer = await fetch("/_stcore/health", { cache: "no-store", redirect: "manual" });
          if (answer.status === 401 || answer.status === 403) return leave();
          if (answer.ok) return;
        } catch { /* not reachable: go on asking */ }
        await new Promise((done) => setTimeout(done, 2000));
      }
    } finally {
      asking = false;
    }
  };

  window.WebSocket = class extends Native {
    constructor(...given) {
      super(...given);
      this.addEventListener("close", (event) => (event.code === 4401 ? leave() : ask()));
    }
  };

  // A page that the browser kept from before the sign-out must not be shown again.
  window.addEventListener("pageshow", (event) => { if (event.persisted) ask(); });
})();
