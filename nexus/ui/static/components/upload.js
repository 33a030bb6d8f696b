// One file, chosen or dropped, sent to `data.address`, or `POST /uploads`; what comes back is the id to go on with.
const MARKUP = `
<div class="drop">
  <div class="idle">
    <p class="drop-words"></p>
    <label><input type="file"><span class="choose">Choose a file</span></label>
    <p class="small limit"></p>
  </div>
  <div class="busy" hidden>
    <p class="what"></p>
    <progress max="100" value="0" aria-label="Uploaded"></progress>
    <button type="button">Cancel</button>
  </div>
  <p class="small error" role="alert" hidden></p>
</div>`;

const megabytes = (bytes) => (bytes / 1048576).toLocaleString(undefined, { maximumFractionDigits: 1 });

export default function ({ data, parentElement, setTriggerValue }) {
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

  find(".drop-words").textContent = data.words ?? "Drop a CSV, XLSX or Parquet file here, or";
  input.accept = data.accept ?? ".csv,.tsv,.txt,.xlsx,.parquet,.pq,text/csv";
  find(".limit").textContent = data.limit ?? `At most ${data.most_mb} MB. What it holds is shown before anything is made of it.`;

  const show = (busy, error = "") => {
    find(".idle").hidden = busy;
    find(".busy").hidden = !busy;
    find(".error").hidden = !error;
    find(".error").textContent = error;
    find("button").hidden = false;
    if (busy) find("button").focus();
    else if (error) input.focus();
    input.value = "";
  };

  const send = (file) => {
    if (!file || sending) return;
    if (file.size > data.most_mb * 1048576) {
      show(false, `This file has ${megabytes(file.size)} MB, and ${data.most_mb} MB may be brought in. Upload it in parts, or ask an administrator for a higher limit.`);
      return;
    }
    if (!file.size) {
      show(false, "This file is empty. Choose another.");
      return;
    }
    find(".what").textContent = `Uploading ${file.name} …`;
    find("progress").value = 0;
    show(true);
    sending = new XMLHttpRequest();
    const query = new URLSearchParams({ source: data.source ?? "", filename: file.name.slice(0, 500) });
    sending.open("POST", data.address ?? `/uploads?${query}`);
    sending.setRequestHeader("Content-Type", "application/octet-stream");
    sending.upload.onprogress = (event) => {
      find("progress").value = (100 * event.loaded) / event.total;
      find(".what").textContent = `Uploading ${file.name}: ${megabytes(event.loaded)} of ${megabytes(event.total)} MB`;
    };
    const ended = (error) => {
      sending = null;
      show(false, error);
    };
    sending.onload = () => {
      const { status, responseText } = sending;
      if (status === 201) {
        find(".what").textContent = "Uploaded. Reading it …";
        find("button").hidden = true;
        sending = null;
        setTriggerValue("uploaded", JSON.parse(responseText).upload);
      } else if (status === 401) {
        window.location.reload();
      } else {
        ended(status < 500 || status === 503 ? responseText : "The upload failed. Try it again in a minute.");
      }
    };
    sending.onerror = () => ended("The upload broke off. Check the connection, and try it again.");
    sending.onabort = () => ended("The upload was cancelled, and nothing was kept.");
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
