// Files that a click takes away: a PDF is printed and saved, rows of a view are saved by the browser while they come.
// Both say how far they are, can be cancelled, and end with one sentence. Without this script the links still work.
(() => {
  "use strict";
  const PDF = /^\/(dashboards|views|prompt-runs|reports)\/[^/]+\.pdf$/;
  const ROWS = /^\/views\/[^/]+\.(csv|xlsx|parquet|jsonl)$/;
  const LOOK_MS = 1000, PATIENCE_MS = 20000;
  const UNREACHABLE = "Nexus cannot be reached. Check the connection, then try again.";
  const running = new Set();
  let stack = null;

  // --- what is shown, at the lower right: one box a file, the newest on top ---

  const shelf = () => {
    if (!stack) {
      stack = document.createElement("section");
      stack.setAttribute("aria-label", "Downloads");
      Object.assign(stack.style, {
        position: "fixed", right: "16px", bottom: "16px", zIndex: "1000000", display: "flex", flexDirection: "column-reverse", gap: "8px",
        alignItems: "flex-end", maxWidth: "calc(100vw - 32px)",
      });
    }
    if (!stack.isConnected) document.body.append(stack);
    return stack;
  };

  const element = (name, style, text) => {
    const made = document.createElement(name);
    Object.assign(made.style, style);
    if (text) made.textContent = text;
    return made;
  };

  const box = (name) => {
    const look = getComputedStyle(document.querySelector(".stApp") || document.body);
    const made = element("div", {
      boxSizing: "border-box", width: "360px", maxWidth: "100%", padding: "10px 14px", borderRadius: "6px",
      border: "1px solid color-mix(in srgb, currentColor 30%, transparent)", boxShadow: "0 4px 16px rgb(0 0 0 / .2)",
      font: `13px/1.4 ${look.fontFamily}`, fontVariantNumeric: "tabular-nums", color: look.color, background: look.backgroundColor,
    });
    made.className = "nexus-download";
    made.setAttribute("role", "group");
    made.setAttribute("aria-label", name);
    const line = element("div", { display: "flex", gap: "12px", alignItems: "center", justifyContent: "space-between" });
    // What changes each second is seen; only beginnings and ends are said aloud.
    const words = element("span", { overflowWrap: "anywhere", minWidth: "0" });
    const button = element("button", {
      flex: "none", font: "inherit", color: "inherit", background: "none", border: "1px solid currentColor", borderRadius: "4px",
      padding: "2px 8px", minHeight: "26px", cursor: "pointer",
    });
    button.type = "button";
    const bar = element("progress", { width: "100%", height: "6px", marginTop: "6px", display: "none" });
    bar.max = 1;
    bar.setAttribute("aria-label", `How much of ${name} is saved`);
    const said = element("span", { position: "absolute", width: "1px", height: "1px", overflow: "hidden", clipPath: "inset(50%)" });
    said.setAttribute("role", "status");
    line.append(words, button);
    made.append(line, bar, said);
    shelf().append(made);
    const close = () => made.remove();
    return {
      words, button, bar, close,
      say: (text) => { said.textContent = text; },
      end: (text, failed, lasting) => {
        bar.style.display = "none";
        words.textContent = text;
        words.setAttribute("role", failed ? "alert" : "status");
        said.remove();
        button.disabled = false;
        button.textContent = "Close";
        button.onclick = close;
        if (!failed && !lasting) setTimeout(close, 8000);
      },
    };
  };

  const nameOf = (answer, address) => {
    const given = (answer && answer.headers.get("Content-Disposition")) || "";
    const wide = /filename\*=UTF-8''([^;]+)/i.exec(given);
    const plain = /filename="([^"]+)"/i.exec(given);
    return wide ? decodeURIComponent(wide[1]) : plain ? plain[1] : new URL(address, location.href).pathname.split("/").pop();
  };

  const click = (address, name) => {
    const link = document.createElement("a");
    link.href = address;
    link.download = name;
    document.body.append(link);
    link.click();
    link.remove();
  };

  const signIn = () => location.assign("/login?next=" + encodeURIComponent(location.pathname + location.search));
  const signedOut = (answer) => answer.type === "opaqueredirect" || answer.status === 401;
  const sentence = async (answer) => (answer.headers.get("Content-Type") || "").startsWith("text/plain") ? (await answer.text()).slice(0, 400) : "";

  // --- a PDF: printed first, then saved in one piece ---

  const print = async (address) => {
    const shown = box("PDF");
    const stop = new AbortController();
    const began = Date.now();
    const tell = () => { shown.words.textContent = `Printing the PDF, ${Math.round((Date.now() - began) / 1000)} s`; };
    const clock = setInterval(tell, 1000);
    shown.words.textContent = "Printing the PDF";
    shown.say("Printing the PDF");
    shown.button.textContent = "Cancel";
    shown.button.onclick = () => stop.abort();
    try {
      const answer = await fetch(address, { signal: stop.signal, headers: { Accept: "application/pdf" }, redirect: "manual" });
      if (signedOut(answer)) return signIn();
      if (answer.ok && (answer.headers.get("Content-Type") || "").startsWith("application/pdf")) {
        const name = nameOf(answer, address);
        const url = URL.createObjectURL(await answer.blob());
        click(url, name);
        setTimeout(() => URL.revokeObjectURL(url), 60000);
        shown.end(`Saved ${name}`, false);
      } else if (answer.status === 202) {
        // It is long, and printed in the background; the page shows how far it is, and cancels it.
        const { page } = await answer.json();
        shown.end("This is long, so it is printed in the background. ", false, true);
        const link = element("a", { color: "inherit" }, "See how far it is");
        link.href = page;
        shown.words.append(link);
      } else {
        shown.end((await sentence(answer)) || "The PDF could not be made. Try again, and tell an administrator if it stays.", true);
      }
    } catch (error) {
      if (error.name === "AbortError") shown.close();
      else shown.end(UNREACHABLE, true);
    } finally {
      clearInterval(clock);
    }
  };

  // --- rows: the browser saves them as they come, and the server is asked how far it is ---

  const count = (number) => number.toLocaleString("en");
  const size = (bytes) => bytes < 1e6 ? `${count(Math.ceil(bytes / 1e3))} kB` : bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
  const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const rowsOf = (told) => `${count(told.rows)} ${told.rows === 1 ? "row" : "rows"}`;

  const far = (shown, name, told) => {
    const about = told.expected_rows && told.expected_rows > told.rows ? ` of about ${count(told.expected_rows)}` : "";
    shown.words.textContent = `${name}: ${count(told.rows)}${about} rows, ${size(told.size_bytes)}`;
    shown.bar.style.display = "block";
    if (told.expected_rows) shown.bar.value = Math.min(0.99, told.rows / Math.max(told.expected_rows, 1));
  };

  const follow = async (shown, name, key) => {
    const began = Date.now();
    let heard = began;
    for (;;) {
      await wait(LOOK_MS);
      try {
        const answer = await fetch(`/exports/${key}`, { redirect: "manual" });
        if (signedOut(answer)) return signIn();
        if (answer.ok) {
          const told = await answer.json();
          heard = Date.now();
          if (told.state === "complete") return shown.end(`Saved ${name}: ${rowsOf(told)}, ${size(told.size_bytes)}. ${told.note}`.trim(), false, told.note);
          if (told.state !== "running") return shown.end(`${name}: ${told.note}`, told.state === "failed", true);
          if (!shown.button.disabled) far(shown, name, told);
        } else if (answer.status === 404 && Date.now() - began > PATIENCE_MS / 2) {
          return shown.end(`${name} could not be started. Try again, and tell an administrator if it stays.`, true);
        }
      } catch {
        if (Date.now() - heard > PATIENCE_MS) return shown.end(UNREACHABLE, true);
      }
    }
  };

  const take = async (address) => {
    const from = new URL(address, location.href);
    const key = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
    const name = nameOf(null, from.href);
    from.searchParams.set("export.key", key);
    const shown = box(name);
    shown.words.textContent = `${name} begins`;
    shown.say(`${name} is on its way`);
    shown.button.textContent = "Cancel";
    shown.button.onclick = async () => {
      shown.button.disabled = true;
      shown.words.textContent = `${name}: cancelling`;
      try {
        const answer = await fetch(`/exports/${key}/cancel`, { method: "POST" });
        if (!answer.ok) shown.button.disabled = false;
      } catch {
        shown.button.disabled = false;
      }
    };
    click(from.href, name);
    await follow(shown, name, key);
  };

  document.addEventListener("click", async (event) => {
    if (event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.composedPath().find((part) => part instanceof HTMLAnchorElement);
    if (!link || link.download || link.origin !== location.origin) return;
    const work = PDF.test(link.pathname) ? print : ROWS.test(link.pathname) ? take : null;
    if (!work) return;
    event.preventDefault();
    // A second click on the same link while it runs is a slip.
    const address = link.href;
    if (running.has(address)) return;
    running.add(address);
    try {
      await work(address);
    } finally {
      running.delete(address);
    }
  }, true);
})();
