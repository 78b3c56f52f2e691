// A page taken back from the browser's memory is asked for anew: its session may have ended elsewhere.
addEventListener("pageshow", event => {
  if (event.persisted) {
    document.documentElement.hidden = true;
    location.reload();
  }
});

// The error summary is what a person must read first.
document.querySelector("[data-focus]")?.focus();

// One press, one wish: a second press on the same form waits for the answer of the first.
for (const form of document.querySelectorAll("form[data-once]")) {
  let sent = false;
  form.addEventListener("submit", event => {
    if (sent) event.preventDefault();
    sent = true;
  });
  addEventListener("pageshow", () => { sent = false; });
}

// A password may be looked at while it is typed.
for (const button of document.querySelectorAll("button[data-reveal]")) {
  const field = document.getElementById(button.getAttribute("aria-controls"));
  button.hidden = false;
  button.addEventListener("click", () => {
    const shown = field.type === "password";
    field.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", String(shown));
  });
}

// A day of the chart may be picked: what the table says of it is said below the chart.
const plot = document.querySelector("[data-plot]");
if (plot) {
  const said = document.querySelector("[data-picked]");
  for (const hint of document.querySelectorAll("[data-scripted]")) hint.hidden = false;
  plot.addEventListener("click", event => {
    const box = plot.getBoundingClientRect();
    const day = Math.floor((event.clientX - box.left) / box.width * 31) + 1;
    const row = document.querySelector(`tr[data-day="${day}"]`);
    said.hidden = !row;
    said.textContent = row ? `${row.firstElementChild.textContent} ${row.lastElementChild.textContent}` : "";
  });
}

if ("serviceWorker" in navigator) {
  const policy = globalThis.trustedTypes?.createPolicy("sw", {
    createScriptURL: text => {
      if (text === "/sw.js") return text;
      throw new TypeError("register only the own worker");
    },
  });
  const url = policy ? policy.createScriptURL("/sw.js") : "/sw.js";
  navigator.serviceWorker.register(url, { updateViaCache: "none" }).catch(() => {});
}
