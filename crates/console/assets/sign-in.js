// Passkeys: asking the browser for one on the sign-in page, and making one on the account page.
const trouble = document.getElementById("trouble");

const tell = (text) => {
  trouble.textContent = text;
  trouble.hidden = false;
};

const bytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));

const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

const post = async (path, body, token) => {
  const headers = { "content-type": "application/json" };
  if (token) headers["x-blockworm-token"] = token;
  const response = await fetch(path, { method: "POST", headers, body: JSON.stringify(body ?? {}) });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.detail ?? response.statusText);
  return answer;
};

// Runs one exchange with the device; a person who cancels is told so.
const exchange = async (element, work) => {
  trouble.hidden = true;
  if (!window.PublicKeyCredential) return tell(element.dataset.missing);
  try {
    const { next } = await work();
    location.assign(next);
  } catch (error) {
    const cancelled = ["NotAllowedError", "AbortError", "InvalidStateError"].includes(error.name);
    tell(cancelled ? element.dataset.cancelled : error.message);
  }
};

const button = document.getElementById("passkey");
button?.addEventListener("click", () =>
  exchange(button, async () => {
    const { publicKey } = await post("/sign-in/passkey/challenge");
    publicKey.challenge = bytes(publicKey.challenge);
    const { rawId, response } = await navigator.credentials.get({ publicKey });
    return post("/sign-in/passkey", {
      id: text(rawId),
      handle: text(response.userHandle ?? new ArrayBuffer(0)),
      client_data: text(response.clientDataJSON),
      authenticator_data: text(response.authenticatorData),
      signature: text(response.signature),
      next: button.dataset.next,
    });
  }),
);

const form = document.getElementById("new-passkey");
form?.addEventListener("submit", (event) => {
  event.preventDefault();
  exchange(form, async () => {
    const { token } = form.dataset;
    const { publicKey } = await post("/account/passkeys/challenge", {}, token);
    publicKey.challenge = bytes(publicKey.challenge);
    publicKey.user.id = bytes(publicKey.user.id);
    for (const known of publicKey.excludeCredentials) known.id = bytes(known.id);
    const { response } = await navigator.credentials.create({ publicKey });
    const made = {
      label: form.elements.label.value,
      client_data: text(response.clientDataJSON),
      attestation: text(response.attestationObject),
    };
    return post("/account/passkeys", made, token);
  });
});
