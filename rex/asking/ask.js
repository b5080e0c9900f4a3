"use strict";

const form = document.getElementById("ask");
const result = document.getElementById("result");
const picture = result.querySelector("img");
const drawing = result.querySelector("svg");

function element(name, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function point(key) {
  result.classList.toggle("pointing", key !== null);
  for (const box of drawing.querySelectorAll("rect")) {
    box.classList.toggle("pointed", box.dataset.key === key);
  }
}

/** Draw the boxes, and put the words that point at them in the same colours. */
function show(reply) {
  drawing.setAttribute("viewBox", `0 0 ${reply.width} ${reply.height}`);
  const shapes = drawing.querySelector("g");
  const words = document.getElementById("explanation");
  shapes.replaceChildren();
  words.replaceChildren();
  const drawn = new Set();
  for (const word of reply.words) {
    const said = document.createElement("span");
    said.className = "word";
    said.textContent = word.text;
    if (word.box) {
      const key = word.region === null ? `c${word.cell}` : `r${word.region}`;
      said.classList.add("points");
      said.tabIndex = 0;
      said.dataset.key = key;
      if (word.color) said.style.setProperty("--color", word.color);
      if (word.name) {
        const name = document.createElement("small");
        name.textContent = ` ${word.name}`;
        said.append(name);
      }
      if (!drawn.has(key)) {
        const [x, y, right, bottom] = word.box;
        const box = element("rect", {x, y, width: right - x, height: bottom - y});
        box.setAttribute("class", word.color ? "box" : "cell");
        if (word.color) box.style.setProperty("--color", word.color);
        box.dataset.key = key;
        shapes.append(box);
        drawn.add(key);
      }
      for (const event of ["pointerenter", "focus"]) said.addEventListener(event, () => point(key));
      for (const event of ["pointerleave", "blur"]) said.addEventListener(event, () => point(null));
    }
    words.append(said, " ");
  }
  document.getElementById("answer").textContent = reply.answer;
  document.getElementById("sure").textContent = `${Math.round(100 * reply.probability)} % sure`;
  document.getElementById("sentence").textContent = reply.sentence ?? "this run gives no explanation";
  result.hidden = false;
}

async function ask(offered, file, question) {
  const problem = document.getElementById("error");
  const button = form.querySelector("button");
  const busy = document.getElementById("busy");
  problem.textContent = "";
  result.hidden = true;
  button.disabled = true;
  busy.hidden = false;
  try {
    const query = new URLSearchParams({question});
    let answer;
    if (offered) {
      query.set("image", offered);
      picture.src = `/images/${encodeURIComponent(offered)}`;
      answer = await fetch(`/ask?${query}`);
    } else if (file) {
      if (picture.src.startsWith("blob:")) URL.revokeObjectURL(picture.src);
      picture.src = URL.createObjectURL(file);
      answer = await fetch(`/ask?${query}`, {method: "POST", body: file});
    } else {
      throw new Error("choose an image first");
    }
    const reply = await answer.json();
    if (!answer.ok) throw new Error(reply.error);
    show(reply);
  } catch (error) {
    problem.textContent = error.message;
  } finally {
    button.disabled = false;
    busy.hidden = true;
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  ask(form.offered?.value, form.file.files[0], form.question.value);
});

// an address may hold the question: /?image=dog.jpg&question=What+color+is+the+dog%3F
const given = new URLSearchParams(location.search);
if (given.get("question")) {
  form.question.value = given.get("question");
  if (form.offered) form.offered.value = given.get("image") ?? "";
  ask(form.offered?.value, null, form.question.value);
}
