"use strict";

const filters = document.getElementById("filters");
const examples = [...document.querySelectorAll(".example")];

/** Show the boxes of one panel of an example. */
function show(example, panel) {
  for (const part of example.querySelectorAll("[data-panel]")) {
    const chosen = part.dataset.panel === panel;
    part.classList.toggle(part.matches("g") ? "shown" : "active", chosen);
  }
}

/** The panel that an example shows while nobody points at anything. */
function resting(example) {
  const panels = [...example.querySelectorAll(".panel:not(.truth):not([hidden])")];
  const explained = panels.filter((panel) => panel.querySelector(".points"));
  return (explained[0] ?? example.querySelector(".truth")).dataset.panel;
}

/** Light up the box that a word points at. */
function point(example, key) {
  example.classList.toggle("pointing", key !== null);
  for (const shape of example.querySelectorAll(".shapes.shown rect")) {
    shape.classList.toggle("pointed", shape.dataset.key === key);
  }
}

function applyFilters() {
  const wanted = Object.fromEntries(new FormData(filters));
  document.body.classList.toggle("gates", "gates" in wanted);
  let shown = 0;
  for (const example of examples) {
    let any = false;
    for (const panel of example.querySelectorAll(".panel:not(.truth)")) {
      const fits = ["method", "verdict", "grounded"].every(
        (name) => !wanted[name] || panel.dataset[name] === wanted[name],
      );
      panel.hidden = !fits;
      any ||= fits;
    }
    const operations = example.dataset.operations.split(" ");
    const visible = any && (!wanted.operation || operations.includes(wanted.operation));
    example.hidden = !visible;
    shown += visible;
    show(example, resting(example));
  }
  document.getElementById("count").textContent = `${shown} of ${examples.length} examples`;
  document.getElementById("nothing").hidden = shown > 0;
}

for (const example of examples) {
  for (const panel of example.querySelectorAll(".panel")) {
    panel.addEventListener("pointerenter", () => show(example, panel.dataset.panel));
    panel.addEventListener("focusin", () => show(example, panel.dataset.panel));
  }
  for (const word of example.querySelectorAll(".points")) {
    const on = () => {
      show(example, word.closest(".panel").dataset.panel);
      point(example, word.dataset.key);
    };
    word.addEventListener("pointerenter", on);
    word.addEventListener("focus", on);
    word.addEventListener("pointerleave", () => point(example, null));
    word.addEventListener("blur", () => point(example, null));
  }
  example.addEventListener("pointerleave", () => {
    point(example, null);
    show(example, resting(example));
  });
}
filters.addEventListener("input", applyFilters);
applyFilters();
