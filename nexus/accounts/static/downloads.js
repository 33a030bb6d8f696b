// A click on a PDF prints it and saves the file: progress while it is made, and one sentence when it fails.
// Without this script the link still works; then only the progress is missing.
(() => {
  "use strict";
  const PDF = /^\/(dashboards|views|prompt-runs|reports)\/[^/]+\.pdf$/;
  const running = new Map();

  const box = () => {
    const look = getComputedStyle(document.querySelector(".stApp") || document.body);
    const made = document.createElement("div");
    made.className = "nexus-download";
    Object.assign(made.style, {
      position: "fixed", right: "16px", bottom: `${16 + 56 * running.size}px`, zIndex: "1000000", display: "flex", gap: "12px",
      alignItems: "center", maxWidth: "min(420px, calc(100vw - 32px))", padding: "10px 14px", borderRadius: "6px",
      border: "1px solid color-mix(in srgb, currentColor 30%, transparent)", boxShadow: "0 4px 16px rgb(0 0 0 / .2)",
      font: `13px ${look.fontFamily}`, color: look.color, background: look.backgroundColor,
    });
    const words = document.createElement("span");
    words.setAttribute("role", "status");
    const button = document.createElement("button");
    button.type = "button";
    Object.assign(button.style, {
      font: "inherit", color: "inherit", background: "none", border: "1px solid currentColor", borderRadius: "4px", padding: "2px 8px", cursor: "pointer",
    });
    made.append(words, button);
    document.body.append(made);
    return { words, button, close: () => made.remove() };
  };

  const fileName = (answer, address) => {
    const given = answer.headers.get("Content-Disposition") || "";
    const wide = /filename\*=UTF-8''([^;]+)/i.exec(given);
    const plain = /filename="([^"]+)"/i.exec(given);
    return wide ? decodeURIComponent(wide[1]) : plain ? plain[1] : address.split("/").pop().split("?")[0];
  };

  const save = (file, name) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(file);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  };

  const download = async (address) => {
    if (running.has(address)) return;
    const shown = box();
    const stop = new AbortController();
    running.set(address, stop);
    const began = Date.now();
    const tell = () => { shown.words.textContent = `Printing the PDF, ${Math.round((Date.now() - began) / 1000)} s`; };
    const clock = setInterval(tell, 1000);
    shown.words.textContent = "Printing the PDF";
    shown.button.textContent = "Cancel";
    shown.button.onclick = () => stop.abort();
    let done = "";
    try {
      const answer = await fetch(address, { signal: stop.signal, headers: { Accept: "application/pdf" }, redirect: "manual" });
      if (answer.type === "opaqueredirect" || answer.status === 401) {
        location.assign("/login?next=" + encodeURIComponent(location.pathname + location.search));
        return;
      }
      const isFile = answer.ok && (answer.headers.get("Content-Type") || "").startsWith("application/pdf");
      if (isFile) {
        const name = fileName(answer, address);
        save(await answer.blob(), name);
        done = `Saved ${name}`;
      } else {
        const said = (answer.headers.get("Content-Type") || "").startsWith("text/plain") ? await answer.text() : "";
        done = said.slice(0, 400) || "The PDF could not be made. Try again, and tell an administrator if it stays.";
      }
      shown.failed = !isFile;
    } catch (error) {
      shown.failed = true;
      done = error.name === "AbortError" ? "" : "Nexus cannot be reached. Check the connection, then try again.";
    } finally {
      clearInterval(clock);
      running.delete(address);
    }
    if (!done) return shown.close();
    shown.words.textContent = done;
    shown.words.setAttribute("role", shown.failed ? "alert" : "status");
    shown.button.textContent = "Close";
    shown.button.onclick = shown.close;
    if (!shown.failed) setTimeout(shown.close, 6000);
  };

  document.addEventListener("click", (event) => {
    if (event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.composedPath().find((part) => part instanceof HTMLAnchorElement);
    if (!link || link.download || link.origin !== location.origin || !PDF.test(link.pathname)) return;
    event.preventDefault();
    download(link.href);
  }, true);
})();
