(function () {
  "use strict";
  var root = document.documentElement, kept = null;
  root.classList.remove("no-js");
  try { kept = localStorage.getItem("theme"); } catch (e) { kept = null; }
  if (kept === "dark" || kept === "light") root.setAttribute("data-theme", kept);
})();
