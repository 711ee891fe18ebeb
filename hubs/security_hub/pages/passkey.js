// Passkeys need the browser's own interface; without this script the pages offer the password alone.
(() => {
  "use strict";
  const place = document.querySelector("[data-passkey]");
  if (!place || !window.PublicKeyCredential) return;
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const post = async (url, body) => {
    const headers = { "Content-Type": "application/json", "X-CSRF-Token": place.dataset.csrf };
    const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(body), credentials: "same-origin" });
    if (!answer.ok) throw new Error((await answer.json()).detail);
    return answer.json();
  };
  const plain = (credential) => {
    const response = {};
    for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (credential.response[name]) response[name] = text(credential.response[name]);
    }
    return { id: credential.id, rawId: text(credential.rawId), type: credential.type, response };
  };
  const run = async () => {
    const question = await post(place.dataset.options, {});
    const key = question.public_key;
    key.challenge = bytes(key.challenge);
    let credential;
    if (place.dataset.passkey === "create") {
      key.user.id = bytes(key.user.id);
      key.excludeCredentials = (key.excludeCredentials || []).map((c) => ({ ...c, id: bytes(c.id) }));
      credential = await navigator.credentials.create({ publicKey: key });
    } else {
      credential = await navigator.credentials.get({ publicKey: key });
    }
    const answer = await post(place.dataset.answer, { challenge: question.challenge, credential: plain(credential) });
    window.location.assign(answer.next);
  };
  const button = document.createElement("button");
  button.type = "button";
  button.className = "quiet";
  button.textContent = place.dataset.label;
  const problem = document.createElement("p");
  problem.setAttribute("role", "alert");
  button.addEventListener("click", () => run().catch((error) => { problem.textContent = error.message; }));
  place.append(button, problem);
})();
