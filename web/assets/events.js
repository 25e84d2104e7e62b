// The event page, live: new events come on top, filters act at once, and no more rows are kept
// than one can look through.

import { paint } from "./ansi.js";
import { connect } from "./live.js";

const $ = (id) => document.getElementById(id);
const ROWS = 1000;
const table = $("events");
const body = table.tBodies[0];
const offset = Number(table.dataset.offset) * 60000;
let held = [];
let paused = false;
let dropped = 0;

const nameOf = ({ group, process }) =>
  process === null || process === undefined ? group ?? ""
    : group === process ? process : `${group}:${process}`;

function cell(content, className) {
  const td = document.createElement("td");
  if (className) td.className = className;
  td.append(content);
  return td;
}

/** Any bytes may be in a payload: what is no text is shown as a picture of it. */
const shown = (payload) => payload.replace(/\n+$/, "").split("\n")
  .map((line) => paint(line).spans.map((span) => span.text).join("")).join("\n");

function row(event) {
  const name = nameOf(event);
  const tr = document.createElement("tr");
  tr.dataset.type = event.type;
  tr.dataset.name = name;
  const time = document.createElement("time");
  const instant = new Date(event.at);
  time.dateTime = instant.toISOString();
  time.textContent = new Date(event.at + offset).toISOString().replace("T", " ").slice(0, 23);
  let type = event.type;
  let who = name;
  const state = /^PROCESS_STATE_(.+)$/.exec(event.type);
  if (state) {
    type = document.createElement("span");
    type.dataset.state = state[1];
    type.textContent = event.type;
    who = document.createElement("a");
    who.href = `index.html?process=${encodeURIComponent(name)}`;
    who.textContent = name;
  }
  tr.append(cell(time), cell(type), cell(who), cell(shown(event.payload), "payload"),
    cell(event.serial === null ? "" : String(event.serial), "number"));
  return tr;
}

function fits(tr) {
  const [type, name, text] = ["type", "name", "text"].map((id) => $(id).value);
  const own = tr.dataset.type ?? "";
  return (!type || own === type || own.startsWith(`${type}_`))
    && tr.dataset.name.includes(name)
    && tr.cells[3].textContent.toLowerCase().includes(text.toLowerCase());
}

function put(events) {
  const rows = events.map(row);
  for (const tr of rows) tr.hidden = !fits(tr);
  // what is being read stays where it is
  const before = document.documentElement.scrollHeight;
  body.prepend(...rows.reverse());
  const grown = document.documentElement.scrollHeight - before;
  if (scrollY > 0 && !CSS.supports("overflow-anchor", "auto")) scrollBy(0, grown);
  while (body.rows.length > ROWS) body.rows[body.rows.length - 1].remove();
  tell();
}

let due = false;
let waiting = [];
/** Many events are one change of the page. */
function come(event) {
  if (paused) {
    held.push(event);
    if (held.length > ROWS) {
      held.shift();
      dropped++;
    }
    tell();
    return;
  }
  waiting.push(event);
  if (waiting.length > ROWS) waiting.shift();
  if (due) return;
  due = true;
  setTimeout(() => {
    due = false;
    put(waiting);
    waiting = [];
  }, 100);
}

function filter() {
  for (const tr of body.rows) tr.hidden = !fits(tr);
  tell();
}

function tell() {
  const shown = [...body.rows].filter((tr) => !tr.hidden).length;
  const news = held.length + dropped;
  const more = paused ? ` Paused; ${news} new.` : "";
  $("note").textContent = `${shown} of the last ${body.rows.length} events.${more}`;
}

function pause(on) {
  paused = on;
  $("pause").setAttribute("aria-pressed", String(on));
  $("pause").textContent = on ? "Go on" : "Pause";
  if (on) return tell();
  if (isLost) return void renew();
  dropped = 0;
  put(held);
  held = [];
}

for (const id of ["type", "name", "text"]) $(id).addEventListener("input", filter);
$("eventbar").addEventListener("submit", (event) => {
  event.preventDefault();
  filter();
});
$("show").hidden = true;
$("pause").hidden = false;
$("pause").addEventListener("click", () => pause(!paused));

// -- what the server has forgotten ---------------------------------------------------------

let stream = null;
function listen(cursor) {
  stream = connect({ topics: ["event"], query: { cursor }, onEvent: come, onReset: lost });
}

/** The server no longer knows what came after our last event: the page has all it has now. */
let isLost = false;
function lost() {
  stream.close();
  isLost = true;
  // what is being read stays
  if (!paused) renew();
}

const FIRST_WAIT = 1000;
const LONGEST_WAIT = 15000;
async function renew(wait = FIRST_WAIT) {
  let page = null;
  try {
    const answer = await fetch(location.pathname, { cache: "no-store" });
    if (answer.ok) page = new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch {
    // the daemon is not there yet
  }
  const news = page?.getElementById("events");
  if (!news) {
    setTimeout(renew, wait, Math.min(wait * 2, LONGEST_WAIT));
    return;
  }
  isLost = false;
  waiting = [];
  held = [];
  dropped = 0;
  body.replaceChildren(...news.tBodies[0].rows);
  filter();
  listen(news.dataset.cursor);
}

listen(table.dataset.cursor);
