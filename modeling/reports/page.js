/* SPDX-License-Identifier: Apache-2.0 */
/* Sorting of tables, and finding in lists. Without it, all is there and readable. */
"use strict";
(() => {
  const all = (root, selector) => [...root.querySelectorAll(selector)];

  /* Clicking a column's head sorts by it; clicking again turns the order around. */
  function makeSortable(table) {
    const heads = all(table, "thead th");
    const body = table.tBodies[0];
    const valueOf = (row, column) => {
      const cell = row.cells[column];
      return "value" in cell.dataset ? Number(cell.dataset.value) : cell.textContent;
    };
    const compare = (a, b) => {
      if (typeof a === "string" || typeof b === "string") {
        return String(a).localeCompare(String(b), undefined, {numeric: true});
      }
      return a - b;
    };
    const sort = (column) => {
      const rows = [...body.rows].map((row) => [valueOf(row, column), row]);
      const isNumber = rows.length > 0 && typeof rows[0][0] === "number";
      const before = heads[column].getAttribute("aria-sort");
      const first = isNumber ? "descending" : "ascending";
      const second = isNumber ? "ascending" : "descending";
      const order = before === first ? second : first;
      const sign = order === "ascending" ? 1 : -1;
      rows.sort(([a], [b]) => {
        /* A dash, which is no number, stays at the end. */
        if (Number.isNaN(a) || Number.isNaN(b)) {
          return Number.isNaN(a) - Number.isNaN(b);
        }
        return sign * compare(a, b);
      });
      body.append(...rows.map(([, row]) => row));
      heads.forEach((head, i) => {
        head.setAttribute("aria-sort", i === column ? order : "none");
      });
    };
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      button.addEventListener("click", () => sort(column));
      head.append(button);
    });
  }

  const plain = (text) => text.toLowerCase().split(/\s+/).join(" ").trim();

  /* The words of an item, without the tags between them. */
  function wordsOf(element) {
    const parts = [...element.querySelector("p").childNodes].filter(
      (node) => !(node.classList && node.classList.contains("tag")),
    );
    return plain(parts.map((node) => node.textContent).join(""));
  }

  function makeFilter(list) {
    const form = list.querySelector("form.filter");
    const groups = all(list, "details").map((details) => ({
      details,
      summary: details.querySelector("summary"),
      title: details.querySelector("summary").textContent,
      items: all(details, ".item").map((element, rank) => ({
        element,
        rank,
        kinds: element.dataset.kinds.split(" "),
        words: null,
      })),
    }));

    function update() {
      const wanted = all(form, "[name=kind]:checked").map((box) => box.value);
      const text = plain(form.elements.text.value);
      const isShown = (item) => {
        if (wanted.length && !wanted.some((kind) => item.kinds.includes(kind))) {
          return false;
        }
        /* Made when first needed: a page that is only read need not wait. */
        if (text && item.words === null) item.words = wordsOf(item.element);
        return !text || item.words.includes(text);
      };
      const isFiltered = Boolean(text || wanted.length);
      let total = 0;
      let shown = 0;
      for (const {summary, title, items} of groups) {
        let inGroup = 0;
        for (const item of items) {
          const hidden = !isShown(item);
          if (item.element.hidden !== hidden) item.element.hidden = hidden;
          inGroup += !hidden;
        }
        summary.textContent = isFiltered ? `${title}: ${inGroup} found` : title;
        total += items.length;
        shown += inGroup;
      }
      form.querySelector("output").value =
        `${shown.toLocaleString("en")} of ${total.toLocaleString("en")}`;
      list.dataset.shown = shown;
    }

    function sort() {
      const key = form.elements.order.value;
      const sign = key === "number" ? 1 : -1;
      for (const {details, items} of groups) {
        const valueOf = (item) => (key ? sign * item.element.dataset[key] : 0);
        items.sort((a, b) => valueOf(a) - valueOf(b) || a.rank - b.rank);
        details.append(...items.map((item) => item.element));
      }
    }

    /* A click in a table of what occurs: its words, and only its kind. */
    function find(button) {
      form.elements.text.value = button.dataset.find;
      for (const box of all(form, "[name=kind]")) {
        box.checked = box.value === button.dataset.kind;
      }
      update();
      form.scrollIntoView();
    }

    /* A link must not lead to an item that is filtered out or folded away. */
    function reveal() {
      const target = document.getElementById(location.hash.slice(1));
      if (!target || !list.contains(target)) return;
      if (target.hidden) {
        form.reset();
        sort();
        update();
      }
      const details = target.closest("details");
      if (details) details.open = true;
      target.scrollIntoView();
    }

    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("input", update);
    form.elements.order.addEventListener("change", sort);
    for (const button of all(document, "button.find")) {
      button.addEventListener("click", () => find(button));
    }
    addEventListener("hashchange", reveal);
    form.hidden = false;
    update();
    reveal();
  }

  all(document, "table.sortable").forEach(makeSortable);
  all(document, ".list").forEach(makeFilter);
  document.documentElement.dataset.ready = "true";
})();
