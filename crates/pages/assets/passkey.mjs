// Passkeys: makes one, and shows one. Without this file the pages are what they are without passkeys.

const read = text => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), letter => letter.charCodeAt(0));
const written = octets =>
  btoa(String.fromCharCode(...new Uint8Array(octets))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

// Longer than anybody looks for a finger, and shorter than a challenge lasts.
const TIMEOUT = 300000;

// What is picked among the names and what is pressed may both be answered: the first counts.
let sent = false;
function send(form, parts) {
  if (sent) return;
  sent = true;
  for (const [name, value] of Object.entries(parts)) {
    const field = document.createElement("input");
    Object.assign(field, { type: "hidden", name, value });
    form.append(field);
  }
  form.submit();
}

// A challenge is asked for each time: a page may have lain open for a day.
async function challenge() {
  const answer = await fetch("/api/v1/sessions/passkey/challenge", { headers: { accept: "application/json" } });
  if (!answer.ok) throw new Error("no challenge");
  return read((await answer.json()).challenge);
}

async function show(form, more) {
  const publicKey =
    { challenge: await challenge(), rpId: form.dataset.host, userVerification: "required", timeout: TIMEOUT };
  const { rawId, response } = await navigator.credentials.get({ publicKey, ...more });
  send(form, {
    id: written(rawId),
    user_handle: written(response.userHandle ?? []),
    client_data: written(response.clientDataJSON),
    authenticator_data: written(response.authenticatorData),
    signature: written(response.signature),
  });
}

async function make(form) {
  const { host, operator, challenge, handle, login, there } = form.dataset;
  const id = read(handle);
  const publicKey = {
    challenge: read(challenge),
    rp: { id: host, name: operator },
    user: { id, name: login, displayName: login },
    pubKeyCredParams: [-7, -8, -257].map(alg => ({ type: "public-key", alg })),
    excludeCredentials: there.split(" ").filter(Boolean).map(one => ({ type: "public-key", id: read(one) })),
    authenticatorSelection: { residentKey: "required", requireResidentKey: true, userVerification: "required" },
    attestation: "none",
    timeout: TIMEOUT,
  };
  const { rawId, response } = await navigator.credentials.create({ publicKey });
  send(form, {
    id: written(rawId),
    client_data: written(response.clientDataJSON),
    authenticator_data: written(response.getAuthenticatorData()),
    key: written(response.getPublicKey()),
    algorithm: String(response.getPublicKeyAlgorithm()),
  });
}

// What offers itself in the list of names waits until somebody presses the button, and goes on after that.
let waiting;
async function offer(form) {
  if (!await PublicKeyCredential.isConditionalMediationAvailable?.()) return;
  waiting = new AbortController();
  show(form, { mediation: "conditional", signal: waiting.signal }).catch(() => {});
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  const { host, passkey } = form.dataset;
  const isHere = location.hostname === host || location.hostname.endsWith(`.${host}`);
  const works = isHere && globalThis.PublicKeyCredential && AuthenticatorAttestationResponse.prototype.getPublicKey;
  const part = name => form.querySelector(`[data-${name}]`);
  const reveal = (name, is = true) => part(name)?.toggleAttribute("hidden", !is);
  reveal("unscripted", false);
  if (!works) {
    reveal("not-here");
    continue;
  }
  form.hidden = false;
  reveal("scripted");
  let busy = false;
  form.addEventListener("submit", async event => {
    event.preventDefault();
    if (busy) return;
    busy = true;
    waiting?.abort();
    reveal("told", false);
    reveal("there-told", false);
    try {
      await (passkey === "make" ? make(form) : show(form, {}));
    } catch (error) {
      reveal(error.name === "InvalidStateError" ? "there-told" : "told");
      if ("autofill" in form.dataset) offer(form);
    }
    busy = false;
  });
  if ("autofill" in form.dataset) offer(form);
}
