// Comfort on the sign-in and password pages; all of them work without it.
"use strict";
for (const button of document.querySelectorAll("button[data-shows]")) {
  const field = document.getElementById(button.dataset.shows);
  button.hidden = false;
  button.addEventListener("click", () => {
    const shown = field.type === "text";
    field.type = shown ? "password" : "text";
    button.textContent = shown ? "Show" : "Hide";
    button.setAttribute("aria-pressed", String(!shown));
    field.focus();
  });
}
for (const time of document.querySelectorAll("time[datetime]")) {
  time.textContent = new Date(time.dateTime).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}
for (const form of document.forms) {
  form.addEventListener("submit", () => {
    const button = form.querySelector("button.main");
    // After the browser has taken the form, or the button would not be sent.
    setTimeout(() => { button.disabled = true; button.textContent = button.dataset.busy || button.textContent; });
  });
  if (form.dataset.send === "now") form.requestSubmit();
}
// Back from the page cache: the button works again.
window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
