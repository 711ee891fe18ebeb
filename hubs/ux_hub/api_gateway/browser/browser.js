// Draws /openapi.json as a page on which every operation can be tried; nothing is loaded from elsewhere.
"use strict";
const lang = document.documentElement.lang === "fr" ? "fr" : "en";
const words = {
  en: { find: "Find", token: "Token or API key (kept in this page only)", send: "Send", body: "Body", answer: "Answer",
    away: "Not available now:", empty: "Nothing found.", required: "required" },
  fr: { find: "Chercher", token: "Jeton ou clé d’API (gardé dans cette page seulement)", send: "Envoyer", body: "Corps",
    answer: "Réponse", away: "Indisponible pour l’instant :", empty: "Rien trouvé.", required: "obligatoire" },
}[lang];
const make = (name, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
};
const token = make("input", { type: "password", autocomplete: "off", id: "token" });
document.getElementById("who").append(make("label", {}, words.token + " ", token));
document.getElementById("find-label").textContent = words.find;

function resolve(document_, node) {
  while (node && node.$ref) node = node.$ref.slice(2).split("/").reduce((at, key) => at[key], document_);
  return node || {};
}

function sample(document_, schema, depth = 0) {
  const found = resolve(document_, schema);
  if (found.default !== undefined) return found.default;
  if (found.enum) return found.enum[0];
  const first = (found.anyOf || found.oneOf || [])[0];
  if (first) return sample(document_, first, depth);
  if (found.type === "object" && depth < 4) {
    return Object.fromEntries((found.required || []).map((key) =>
      [key, sample(document_, (found.properties || {})[key], depth + 1)]));
  }
  return { string: "", integer: 0, number: 0, boolean: false, array: [] }[found.type] ?? null;
}

function operation(document_, path, method, about) {
  const inputs = new Map();
  const form = make("form");
  for (const given of about.parameters || []) {
    const parameter = resolve(document_, given);
    const input = make("input", { name: parameter.name, required: parameter.required === true });
    inputs.set(parameter, input);
    const hint = [parameter.in, parameter.required ? words.required : "", parameter.description || ""]
      .filter(Boolean).join(" · ");
    form.append(make("label", { title: hint }, make("code", { textContent: parameter.name }), ` (${hint}) `, input));
  }
  const content = about.requestBody && Object.entries(resolve(document_, about.requestBody).content || {})[0];
  let body = null;
  if (content) {
    body = make("textarea", { value: content[0].includes("json")
      ? JSON.stringify(sample(document_, content[1].schema), null, 2) : "" });
    form.append(make("label", {}, `${words.body} (${content[0]})`, body));
  }
  const shown = make("pre", { hidden: true });
  form.append(make("button", { textContent: words.send }), shown);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    let url = path;
    const query = new URLSearchParams();
    const headers = { "Accept-Language": lang };
    for (const [parameter, input] of inputs) {
      if (!input.value) continue;
      if (parameter.in === "path") url = url.replace(`{${parameter.name}}`, encodeURIComponent(input.value));
      else if (parameter.in === "query") query.append(parameter.name, input.value);
      else if (parameter.in === "header") headers[parameter.name] = input.value;
    }
    if (token.value) headers.Authorization = `Bearer ${token.value}`;
    if (body) headers["Content-Type"] = content[0];
    shown.hidden = false;
    try {
      const answer = await fetch(url + (query.size ? `?${query}` : ""),
        { method: method.toUpperCase(), headers, body: body ? body.value : undefined, credentials: "omit" });
      const text = await answer.text();
      let pretty = text;
      try { pretty = JSON.stringify(JSON.parse(text), null, 2); } catch { /* not JSON: shown as it is */ }
      const head = [...answer.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
      shown.textContent = `${answer.status} ${answer.statusText}\n${head}\n\n${pretty.slice(0, 100000)}`;
    } catch (error) {
      shown.textContent = String(error);
    }
  });
  const title = make("summary", {}, make("span", { className: "method", textContent: method.toUpperCase() }),
    make("code", { textContent: path }), " ", about.summary || "");
  return make("details", {}, title, make("p", { textContent: about.description || "" }), form);
}

async function draw() {
  const document_ = await (await fetch("/openapi.json")).json();
  const place = document.getElementById("operations");
  const find = document.getElementById("find");
  const show = () => {
    const wanted = find.value.toLowerCase();
    const groups = new Map();
    for (const [path, methods] of Object.entries(document_.paths)) {
      for (const [method, about] of Object.entries(methods)) {
        if (wanted && !`${method} ${path} ${about.summary || ""}`.toLowerCase().includes(wanted)) continue;
        const tag = (about.tags || [about["x-hub"]])[0];
        if (!groups.has(tag)) groups.set(tag, []);
        groups.get(tag).push(operation(document_, path, method, about));
      }
    }
    const sections = [...groups].sort().map(([tag, list]) =>
      make("section", {}, make("h2", { textContent: tag }), ...list));
    place.replaceChildren(...(sections.length ? sections : [make("p", { textContent: words.empty })]));
    const away = document_["x-unavailable"] || [];
    if (away.length) place.prepend(make("p", { textContent: `${words.away} ${away.join(", ")}` }));
  };
  find.addEventListener("input", show);
  show();
}
draw();
