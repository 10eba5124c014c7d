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

// Label: keys toggle, Enter saves. A label that could not be saved stays on the page.
function openGuess() {
  const guess = byId("guess");
  if (!guess) return;
  guess.open = localStorage.getItem("guess") === "shown";
  guess.addEventListener("toggle", () => {
    localStorage.setItem("guess", guess.open ? "shown" : "hidden");
    if (guess.open) byId("label").elements.guess_shown.value = "1";
  });
}

let saving = false;
async function save(form, button) {
  if (saving) return;
  saving = true;
  try {
    const answer = await fetch("/label", { method: "POST", body: new FormData(form, button) });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const main = page.getElementById("main");
    if ((answer.ok || answer.status === 409) && main) {
      byId("main").replaceWith(main);
      openGuess();
      window.scrollTo(0, 0);
      main.focus();
      say(!answer.ok ? "Not saved: see above." : button?.name === "skip" ? "Skipped." : "Saved.");
    } else {
      say("Not saved: " + (main ? main.querySelector("[role=alert]").textContent : "the server refused it."));
    }
  } catch {
    say("Not saved: the server cannot be reached. Press Enter to try again.");
  } finally {
    saving = false;
  }
}

openGuess();
document.addEventListener("submit", (event) => {
  if (event.target.id === "label") {
    event.preventDefault();
    save(event.target, event.submitter);
  }
});
document.addEventListener("keydown", (event) => {
  const form = byId("label");
  if (!form || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  const boxes = form.elements.domain.length ? [...form.elements.domain] : [form.elements.domain];
  const key = event.key.toLowerCase();
  if (boxes[key - 1]) boxes[key - 1].click();
  else if (key === "g") byId("guess").open = !byId("guess").open;
  else if (key === "s") byId("skip").click();
  else if (key === "b") byId("back")?.click();
  else if (key === "enter" && !event.target.closest("a, summary, #skip")) save(form);
  else return;
  event.preventDefault();
});
