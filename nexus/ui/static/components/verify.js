// One PDF, chosen or dropped: sent to `POST /reports/verify`, which hashes it as it comes and keeps nothing.
const MARKUP = `
<div class="drop">
  <div class="idle">
    <p>Drop a PDF here, or</p>
    <label><input type="file" accept="application/pdf,.pdf"><span class="choose">Choose a file</span></label>
  </div>
  <div class="busy" hidden>
    <p class="what"></p>
    <progress max="100" value="0" aria-label="Read"></progress>
    <button type="button">Cancel</button>
  </div>
  <p class="small error" role="alert" hidden></p>
</div>`;

export default function ({ parentElement, setTriggerValue }) {
  let root = parentElement.querySelector(".drop");
  if (!root) {
    const holder = document.createElement("div");
    holder.innerHTML = MARKUP;
    root = holder.firstElementChild;
    parentElement.appendChild(root);
  }
  const find = (selector) => root.querySelector(selector);
  const input = find("input");
  let sending = null;

  const show = (busy, error = "") => {
    find(".idle").hidden = busy;
    find(".busy").hidden = !busy;
    find(".error").hidden = !error;
    find(".error").textContent = error;
    if (busy) find("button").focus();
    else if (error) input.focus();
    input.value = "";
  };

  const send = (file) => {
    if (!file || sending) return;
    find(".what").textContent = `Reading ${file.name} …`;
    find("progress").value = 0;
    show(true);
    sending = new XMLHttpRequest();
    sending.open("POST", "/reports/verify");
    sending.setRequestHeader("Content-Type", "application/octet-stream");
    sending.upload.onprogress = (event) => {
      find("progress").value = (100 * event.loaded) / event.total;
    };
    const ended = (error) => {
      sending = null;
      show(false, error);
    };
    sending.onload = () => {
      const { status, responseText } = sending;
      if (status === 200) {
        ended("");
        setTriggerValue("hashed", { name: file.name, sha256: JSON.parse(responseText).sha256 });
      } else if (status === 401) {
        window.location.reload();
      } else {
        ended(status < 500 || status === 503 ? responseText : "The file could not be read. Try it again in a minute.");
      }
    };
    sending.onerror = () => ended("The file broke off on its way. Check the connection, and try it again.");
    sending.onabort = () => ended("");
    sending.send(file);
  };

  input.onchange = () => send(input.files[0]);
  find("button").onclick = () => sending?.abort();
  root.ondragover = (event) => {
    event.preventDefault();
    root.classList.add("over");
  };
  root.ondragleave = () => root.classList.remove("over");
  root.ondrop = (event) => {
    event.preventDefault();
    root.classList.remove("over");
    send(event.dataTransfer.files[0]);
  };
  return () => sending?.abort();
}
