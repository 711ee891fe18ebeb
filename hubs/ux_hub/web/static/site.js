// Better with it, complete without it: no page needs this file.
(function () {
  "use strict";
  var root = document.documentElement;
  function all(selector, each) { Array.prototype.forEach.call(document.querySelectorAll(selector), each); }

  all("[data-theme-switch]", function (button) {
    button.hidden = false;
    button.addEventListener("click", function () {
      var system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
      var now = root.getAttribute("data-theme") || system;
      var next = now === "dark" ? "light" : "dark";
      root.setAttribute("data-theme", next);
      try { localStorage.setItem("theme", next); } catch (e) { /* private windows refuse */ }
    });
  });

  all("[data-print]", function (button) {
    button.hidden = false;
    button.addEventListener("click", function () { window.print(); });
  });

  all("[data-copy]", function (button) {
    var field = document.getElementById(button.getAttribute("data-copy"));
    if (!field || !navigator.clipboard) return;
    button.hidden = false;
    button.setAttribute("aria-live", "polite");
    button.addEventListener("click", function () {
      navigator.clipboard.writeText(field.value).then(function () {
        button.textContent = button.getAttribute("data-done");
      }, function () { field.focus(); field.select(); });
    });
  });

  // Narrow a table by what is typed; accents and case do not matter.
  function fold(text) { return text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase(); }
  all("[data-narrow]", function (field) {
    var table = document.getElementById(field.getAttribute("data-narrow"));
    var input = field.querySelector("input");
    if (!table || !input) return;
    field.hidden = false;
    var rows = Array.prototype.map.call(table.tBodies[0].rows, function (row) { return [row, fold(row.textContent)]; });
    input.addEventListener("input", function () {
      var wanted = fold(input.value.trim());
      rows.forEach(function (pair) { pair[0].hidden = wanted !== "" && pair[1].indexOf(wanted) < 0; });
    });
  });

  // Lists follow their filters as one types (after 300 ms); the button does the same.
  all("form[data-live]", function (form) {
    var results = document.querySelector("[data-results]"), timer = 0, running = null;
    if (!results || !window.fetch || !window.DOMParser) return;
    results.setAttribute("aria-live", "polite");
    function refresh() {
      var query = new URLSearchParams();
      new FormData(form).forEach(function (value, name) { if (value) query.append(name, value); });
      var address = form.action.split("?")[0] + (query.toString() ? "?" + query : "");
      if (running) running.abort();
      running = new AbortController();
      results.setAttribute("aria-busy", "true");
      fetch(address, { signal: running.signal, headers: { Accept: "text/html" } })
        .then(function (answer) { return answer.ok ? answer.text() : Promise.reject(answer.status); })
        .then(function (html) {
          var page = new DOMParser().parseFromString(html, "text/html");
          var fresh = page.querySelector("[data-results]");
          if (!fresh) return;
          results.replaceChildren.apply(results, Array.prototype.slice.call(fresh.childNodes));
          results.removeAttribute("aria-busy");
          history.replaceState(null, "", address);
          var twin = page.querySelector("a.twin"), mine = document.querySelector("a.twin");
          if (twin && mine) mine.setAttribute("href", twin.getAttribute("href"));
        })
        .catch(function (problem) { if (!problem || problem.name !== "AbortError") results.removeAttribute("aria-busy"); });
    }
    form.addEventListener("input", function () { clearTimeout(timer); timer = setTimeout(refresh, 300); });
  });

  // Suggestions come from the record as one types.
  all("input[data-suggest]", function (input) {
    var list = document.getElementById(input.getAttribute("list")), timer = 0;
    if (!list || !window.fetch) return;
    input.addEventListener("input", function () {
      clearTimeout(timer);
      var text = input.value.trim();
      if (text.length < 2) return;
      timer = setTimeout(function () {
        fetch(input.getAttribute("data-suggest") + "?limit=8&q=" + encodeURIComponent(text.slice(0, 100)))
          .then(function (answer) { return answer.ok ? answer.json() : { data: [] }; })
          .then(function (found) {
            list.replaceChildren.apply(list, found.data.map(function (text) {
              var option = document.createElement("option");
              option.value = text;
              return option;
            }));
          })
          .catch(function () { /* the search works without */ });
      }, 300);
    });
  });

  // What is under way is shown as it goes, while somebody looks.
  (function watch() {
    var box = document.querySelector("[data-refresh]");
    if (!box || !window.fetch) return;
    setTimeout(function () {
      // Whoever is on a link in it must not lose it under the fingers.
      if (document.hidden || box.contains(document.activeElement)) { watch(); return; }
      fetch(location.href, { headers: { Accept: "text/html" } })
        .then(function (answer) { return answer.ok ? answer.text() : Promise.reject(answer.status); })
        .then(function (html) {
          var fresh = new DOMParser().parseFromString(html, "text/html").querySelector("[data-results]");
          if (!fresh) return;
          box.replaceChildren.apply(box, Array.prototype.slice.call(fresh.childNodes));
          if (!fresh.hasAttribute("data-refresh")) box.removeAttribute("data-refresh");
          watch();
        })
        .catch(function () { setTimeout(watch, 5000); });
    }, Number(box.getAttribute("data-refresh")));
  })();
})();
