// Follows a wish for another speed until the network has answered. Without this module the link does it.
const region = document.querySelector("[data-live]");
const first = 2000;
const longest = 30000;
let wait = first;
let timer = 0;
let ended = false;

function show(answer) {
  for (const part of ["title", "detail"]) {
    const place = region.querySelector(`[data-part=${part}]`);
    // Written only when it changes, so that it is read out once.
    if (place && place.textContent !== answer[part]) place.textContent = answer[part];
  }
  region.dataset.state = answer.state;
  const steps = ["accepted", "pending", "confirmed"];
  const reached = steps.indexOf(answer.state);
  for (const [index, step] of [...document.querySelectorAll("[data-step]")].entries()) {
    if (reached < 0) continue;
    step.dataset.step = index < reached || answer.done ? "done" : index === reached ? "now" : "next";
    if (step.dataset.step === "now") step.setAttribute("aria-current", "step");
    else step.removeAttribute("aria-current");
  }
  for (const place of document.querySelectorAll("[data-when]")) {
    place.hidden = place.dataset.when !== (answer.done ? "done" : "open");
  }
}

async function ask() {
  try {
    const answer = await fetch(region.dataset.live, {
      headers: { accept: "application/json" }, cache: "no-store", redirect: "error",
    });
    if (answer.status === 401 || answer.status === 403 || answer.status === 404) return location.reload();
    if (answer.ok) {
      const body = await answer.json();
      if (body.state !== region.dataset.state) wait = first;
      show(body);
      ended = body.done;
      if (ended) return;
    }
  } catch {
    // No answer this time; the next one may come.
  }
  wait = Math.min(wait * 2, longest);
  plan();
}

function plan() {
  clearTimeout(timer);
  if (!document.hidden && !ended) timer = setTimeout(ask, wait);
}

if (region && region.dataset.open === "yes") {
  document.addEventListener("visibilitychange", () => {
    wait = first;
    plan();
  });
  plan();
}
