"use strict";

const at = (id) => document.getElementById(id);
const stage = at("stage");
const view = at("view");
const picture = at("picture");
const boxes = at("boxes");
const result = at("result");
const question = at("question");

/** What is asked about: {name: of an offered image} or {file: of one's own}. */
let chosen = null;
/** Counts questions, so that a late answer never stands under another image. */
let turn = 0;

function made(name, text, ...classes) {
  const element = document.createElement(name);
  element.textContent = text;
  element.classList.add(...classes);
  return element;
}

function complain(text) {
  at("problem").textContent = text;
  at("problem").hidden = !text;
}

function forget() {
  turn += 1;
  result.hidden = true;
  document.body.classList.remove("answered");
  boxes.replaceChildren();
  complain("");
}

/** Show the image that is to be asked about. */
function choose(image, address, label) {
  forget();
  chosen = image;
  if (picture.src.startsWith("blob:")) URL.revokeObjectURL(picture.src);
  picture.src = address;
  picture.alt = label;
  at("chosen").textContent = label;
  at("drop").hidden = true;
  view.hidden = false;
  for (const one of document.querySelectorAll("#thumbnails button")) {
    one.setAttribute("aria-pressed", String(one.dataset.name === image.name));
  }
}

function chooseFile(file) {
  if (!file) return;
  if (file.size > Number(document.body.dataset.largest)) {
    complain(`“${file.name}” is larger than ${Number(document.body.dataset.largest) / 2 ** 20} MiB: choose a smaller image.`);
    return;
  }
  choose({file}, URL.createObjectURL(file), file.name);
}

function chooseOffered(name) {
  at("file").value = "";
  choose({name}, `/images/${encodeURIComponent(name)}`, name);
}

picture.addEventListener("error", () => {
  view.hidden = true;
  at("drop").hidden = false;
  chosen = null;
  at("chosen").textContent = "";
  complain(`“${picture.alt}” cannot be shown as an image: choose a JPEG, PNG or WebP file.`);
});
// a small image is drawn larger, for its boxes to be legible
picture.addEventListener("load", () => {
  view.classList.toggle("small", picture.naturalWidth < 480);
  placeLabels();
});
addEventListener("resize", placeLabels);

function point(key) {
  document.body.classList.toggle("pointing", key !== null);
  for (const one of document.querySelectorAll("[data-key]")) {
    one.classList.toggle("pointed", one.dataset.key === key);
  }
}

function lightUp(element, key) {
  element.dataset.key = key;
  for (const event of ["pointerenter", "focus"]) element.addEventListener(event, () => point(key));
  for (const event of ["pointerleave", "blur"]) element.addEventListener(event, () => point(null));
}

function box(word, reply, key) {
  const [left, top, right, bottom] = word.box;
  const drawn = made("div", "", "box");
  const label = made("span", word.region === null ? word.text : `#${word.region} ${word.name ?? ""}`);
  drawn.append(label);
  drawn.style.left = `${(100 * left) / reply.width}%`;
  drawn.style.top = `${(100 * top) / reply.height}%`;
  drawn.style.width = `${(100 * (right - left)) / reply.width}%`;
  drawn.style.height = `${(100 * (bottom - top)) / reply.height}%`;
  if (word.color) drawn.style.setProperty("--color", word.color);
  drawn.classList.toggle("cell", word.region === null);
  lightUp(drawn, key);
  return drawn;
}

/** Put each label at a corner of its box where it covers no other and stays in the image. */
function placeLabels() {
  const frame = boxes.getBoundingClientRect();
  const taken = [];
  const free = (one) => one.left >= frame.left && one.right <= frame.right && one.top >= frame.top
    && one.bottom <= frame.bottom && !taken.some((other) => one.left < other.right
    && other.left < one.right && one.top < other.bottom && other.top < one.bottom);
  // the smallest box chooses first: its label is the hardest to find elsewhere
  for (const drawn of [...boxes.children].reverse()) {
    const label = drawn.firstChild;
    drawn.dataset.label = ["above", "above-right", "below", "below-right", "inside", "inside-below"]
      .find((place) => {
        drawn.dataset.label = place;
        return free(label.getBoundingClientRect());
      }) ?? "inside";
    taken.push(label.getBoundingClientRect());
  }
}

/** Draw the boxes, and put the words that point at them in the same colors. */
function show(reply) {
  const words = at("explanation");
  words.replaceChildren();
  boxes.replaceChildren();
  const drawn = new Map();
  for (const word of reply.words) {
    const said = made("span", word.text, "word");
    if (word.box) {
      const key = word.region === null ? `c${word.cell}` : `r${word.region}`;
      if (word.name && word.text.startsWith("#")) said.textContent += ` ${word.name}`;
      said.classList.add("points");
      said.classList.toggle("cell", word.region === null);
      if (word.color) said.style.setProperty("--color", word.color);
      said.tabIndex = 0;
      lightUp(said, key);
      if (!drawn.has(key)) drawn.set(key, box(word, reply, key));
    }
    words.append(said, " ");
  }
  // small boxes last: a large one would cover them
  const area = (one) => parseFloat(one.style.width) * parseFloat(one.style.height);
  boxes.append(...[...drawn.values()].sort((one, other) => area(other) - area(one)));
  at("asked").textContent = reply.question;
  at("answer").textContent = reply.answer ?? "–";
  const sure = reply.verdict.match(/\(([^()]*)\)$/);
  at("sure").textContent = reply.answer === null ? reply.verdict : sure ? sure[1] : "";
  at("why").hidden = reply.sentence === null;
  at("sentence").textContent = reply.sentence ?? "";
  at("hint").hidden = drawn.size === 0;
  const notes = reply.notes.map((note) => made("li", note));
  if (reply.entails_answer === false) notes.push(made("li", "the explanation does not entail the answer"));
  if (reply.sentence === null) notes.push(made("li", "this run gives no explanation"));
  at("notes").replaceChildren(...notes);
  result.hidden = false;
  document.body.classList.add("answered");
  placeLabels();
}

async function ask() {
  if (!chosen) {
    complain("Choose an image first.");
    return;
  }
  forget();
  const mine = turn;
  at("send").disabled = true;
  at("busy").hidden = false;
  try {
    const query = new URLSearchParams({question: question.value});
    if (chosen.name) {
      query.set("image", chosen.name);
      history.replaceState(null, "", `/?${query}`);
    }
    const answer = await fetch(`/ask?${query}`, {method: "POST", body: chosen.file ?? null});
    const reply = await answer.json();
    if (mine !== turn) return;
    if (answer.ok) show(reply);
    else complain(`${reply.error[0].toUpperCase()}${reply.error.slice(1)}.`);
  } catch {
    if (mine === turn) complain("No answer: is rex serve still running?");
  } finally {
    at("send").disabled = false;
    at("busy").hidden = true;
  }
}

at("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  ask();
});
for (const one of document.querySelectorAll("#tries button")) {
  one.addEventListener("click", () => {
    question.value = one.textContent;
    question.focus();
  });
}
at("file").addEventListener("change", (event) => chooseFile(event.target.files[0]));
for (const event of ["dragenter", "dragover", "dragleave", "drop"]) {
  stage.addEventListener(event, (dragged) => {
    dragged.preventDefault();
    stage.classList.toggle("over", event === "dragenter" || event === "dragover");
    if (event === "drop") chooseFile(dragged.dataTransfer.files[0]);
  });
}

/** Show the offered images whose names hold `text`. */
async function find(text) {
  let images, found;
  try {
    const answer = await fetch(`/images?${new URLSearchParams({find: text})}`);
    ({images, found} = await answer.json());
    if (!answer.ok) throw new Error();
  } catch {
    at("count").textContent = "the images cannot be listed: is rex serve still running?";
    return;
  }
  if (text !== at("find").value) return;
  const buttons = images.map((name) => {
    const button = made("button", "");
    button.type = "button";
    button.title = name;
    button.dataset.name = name;
    button.setAttribute("aria-pressed", String(chosen?.name === name));
    const small = document.createElement("img");
    small.loading = "lazy";
    small.alt = name;
    small.src = `/thumbnails/${encodeURIComponent(name)}`;
    button.append(small);
    button.addEventListener("click", () => chooseOffered(name));
    return button;
  });
  at("thumbnails").replaceChildren(...buttons);
  at("count").textContent = found === images.length ? `${found}` : `${images.length} of ${found}: type to find others`;
  if (!found) at("count").textContent = "no such name";
}

if (at("find")) {
  at("find").addEventListener("input", () => find(at("find").value));
  find("");
}

// an address may hold the question: /?image=dog.jpg&question=What+color+is+the+dog%3F
const given = new URLSearchParams(location.search);
question.value = given.get("question") ?? "";
if (at("find") && given.get("image")) {
  chooseOffered(given.get("image"));
  if (question.value) ask();
}
