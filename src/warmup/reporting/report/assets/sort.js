"use strict";

/* Sort a table by the chosen column: numbers by value, the rest as text. */
function makeSortable(table) {
  table.querySelectorAll("thead th").forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const sign = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
      table.querySelectorAll("th").forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
      const rows = [...table.tBodies[0].rows];
      rows.sort((a, b) => compareCells(a.cells[column], b.cells[column], sign));
      table.tBodies[0].append(...rows);
    });
  });
}

function compareCells(a, b, sign) {
  const [x, y] = [a.dataset.value, b.dataset.value];
  if (x === undefined && y === undefined) {
    return sign * a.textContent.localeCompare(b.textContent, "en", { numeric: true });
  }
  // cells without a number come last whichever way the others go
  if (x === undefined || y === undefined) return (x === undefined) - (y === undefined);
  return sign * (Number(x) - Number(y));
}

document.querySelectorAll("table.sortable").forEach(makeSortable);

/* What is folded is printed, too. */
window.addEventListener("beforeprint", () => {
  document.querySelectorAll("details").forEach((part) => { part.open = true; });
});

/* A link into a folded part opens it. */
function unfold() {
  const target = document.getElementById(decodeURIComponent(window.location.hash.slice(1)));
  for (let part = target; part; part = part.parentElement) if (part.tagName === "DETAILS") part.open = true;
}
window.addEventListener("hashchange", unfold);
unfold();
