"use strict";

const byId = (id) => document.getElementById(id);

function say(text) {
  byId("status").textContent = text;
}

// Read: the result follows the text without a click.
const text = byId("text");
if (text) {
  let waiting;
  let latest = 0;
  text.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(async () => {
      const number = ++latest;
      try {
        const answer = await fetch("/", {
          method: "POST",
          headers: { "X-Fragment": "1" },
          body: new FormData(byId("read")),
        });
        const page = await answer.text();
        if (number !== latest) return;
        if (answer.ok) byId("result").innerHTML = page;
        say(answer.ok ? "" : "The text was refused; press Tag to see why.");
      } catch {
        say("The server cannot be reached.");
      }
    }, 150);
  });
}

// Library: drop files anywhere on the form; filters act at once.
const drop = byId("drop");
if (drop) {
  for (const kind of ["dragover", "dragleave", "drop"]) {
    drop.addEventListener(kind, (event) => {
      event.preventDefault();
      drop.classList.toggle("over", kind === "dragover");
    });
  }
  drop.addEventListener("drop", (event) => {
    byId("file").files = event.dataTransfer.files;
    drop.requestSubmit();
  });
  drop.addEventListener("submit", () => say("Reading and tagging …"));
}
