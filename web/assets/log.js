// The log page: what the server rendered becomes a view that follows the log, pauses, searches,
// and loads older lines as one scrolls up. Without this script the page works by its links.

import { connect as listen } from "./live.js";
import { KEPT, LogView } from "./logview.js";

const $ = (id) => document.getElementById(id);
const log = $("log");
const RETRY = 3000;
const CHUNK = 256 * 1024;
const LEVELS = ["CRIT", "ERRO", "WARN", "INFO", "DEBG", "TRAC", "BLAT"];
const grouped = (number) => number.toLocaleString().replace(/[,.]/g, "\u202f");

if (log && !log.dataset.hits) start();
else if ($("absent")?.dataset.waits) setTimeout(() => location.reload(), RETRY);

function start() {
  const { here, live } = log.dataset;
  /** The part of the file that is there: its place, the file it is of, what is loading. */
  const state = { place: null, file: null, stream: null, busy: false, atEnd: false, full: false };
  /**
   * The files that the lines are of, the present one last: `id` as the server names it, how
   * often the log was rotated since (`old`), whether it has been emptied since (`gone`).
   */
  let files = [];
  const beginFile = (id) => {
    files.push({ id, old: 0, gone: false });
    view.file = files[files.length - 1];
  };

  const view = new LogView(log, {
    onFollow(on) {
      $("follow").setAttribute("aria-pressed", String(on));
      $("follow").textContent = on ? "Following" : "Paused";
    },
    onNews(count) {
      $("news").hidden = count === 0;
      const lines = `${grouped(count)}${state.full ? " or more" : ""} new line${count === 1 ? "" : "s"}`;
      $("news").textContent = `↓ ${lines}`;
      counted();
    },
    onTop: () => older(),
    onBottom() {
      if (!state.atEnd) newer();
      else if (!view.following && !log.dataset.old) follow(true);
    },
    onFull() {
      // memory has an end: what comes now is read when it is asked for
      state.full = true;
      disconnect();
    },
  });
  if ($("level")) view.levelOf = (text) => {
    const found = /^.{19},\d{3} ([A-Z]{4}) /.exec(text);
    const level = found ? LEVELS.indexOf(found[1]) : -1;
    return level < 0 ? null : level;
  };

  // -- the file ----------------------------------------------------------------------------

  async function part(parameters) {
    const answer = await fetch(`${here}&format=json&${parameters}`, { cache: "no-store" });
    const found = await answer.json();
    if (!answer.ok) throw new Error(found.absent ?? answer.statusText);
    return found;
  }

  /** Shows a part of the file and nothing else. */
  function replace(found, following) {
    quietUntil = 0;
    disconnect();
    view.clear();
    Object.assign(state, { place: found.place, file: found.file, full: false });
    files = [];
    beginFile(found.file);
    state.atEnd = found.to >= found.size;
    view.following = false;
    if (found.text) view.append(found.text, found.from, found.to);
    else view.offset = found.from;
    view.news = 0;
    view.events.onNews(0);
    view.flush();
    follow(following);
    if (!following) log.scrollTop = view.lastTop = 0;
    if (state.atEnd) connect();
    where();
  }

  /** One request at a time; a failure is told, and the next scroll tries again. */
  async function load(work) {
    if (state.busy) return;
    state.busy = true;
    try {
      await work();
    } catch (error) {
      tell(String(error.message ?? error));
    }
    state.busy = false;
  }

  function older() {
    const { start, startFile } = view;
    if (!start || view.following || startFile.gone) return;
    load(async () => {
      // after a rotation the first lines are of an old file
      const old = startFile.old ? `&old=${startFile.old}` : "";
      const found = await part(`to=${start}&bytes=${CHUNK}${old}`);
      if (found.file !== startFile.id) startFile.gone = true;
      if (startFile.gone || view.start !== start || view.startFile !== startFile) return;
      if (found.text) view.prepend(found.text, found.from);
      where();
    });
  }

  function newer() {
    if (state.atEnd) return;
    load(async () => {
      const found = await part(`from=${view.offset}&bytes=${CHUNK}`);
      if (found.file !== state.file || found.from !== view.offset) return;
      if (found.text) view.append(found.text, found.from, found.to);
      view.news = 0;
      view.events.onNews(0);
      state.place = found.place;
      if (found.to >= found.size || !found.text) {
        state.atEnd = true;
        connect();
      }
      where();
    });
  }

  const toEnd = () => load(async () => replace(await part(`bytes=${CHUNK}`), true));

  function follow(on) {
    if (on && log.dataset.old) return void view.toEnd();
    if (on && (state.full || !state.atEnd)) toEnd();
    else view.setFollowing(on);
  }

  // -- the stream --------------------------------------------------------------------------

  function connect() {
    disconnect();
    // nothing comes to an old file any more
    if (log.dataset.old) return;
    const [address, query] = live.split("?");
    const acts = {
      at() {},
      lines({ text, from, to }) {
        view.append(text, from, to);
        counted();
        where();
      },
      rotated() {
        view.note("the log was rotated; a new file begins");
        for (const file of files) file.old++;
        beginFile(state.file);
      },
      truncated() {
        view.note("the log was emptied");
        files[files.length - 1].gone = true;
        beginFile(state.file);
      },
      gone: () => view.note("the log file was removed"),
      skipped: ({ bytes }) => view.note(bytes === null
        ? "some lines were rotated away before they came here"
        : `${grouped(bytes)} bytes were left out to catch up; they are in the file`),
    };
    const handlers = {};
    for (const [name, act] of Object.entries(acts)) {
      handlers[name] = (data, event) => {
        state.place = event.lastEventId;
        state.file = state.place.split("-")[0];
        act(data);
      };
    }
    const from = { ...Object.fromEntries(new URLSearchParams(query)), from: state.place };
    state.stream = listen({ address, query: from, handlers });
  }

  function disconnect() {
    state.stream?.close();
    state.stream = null;
  }

  // -- what is said ------------------------------------------------------------------------

  /** Where the file ends, there may be another. */
  function link(id, href) {
    let a = $(id);
    if (!a) {
      a = document.createElement("a");
      a.id = id;
      $("end").before(a, " ");
    }
    a.hidden = !href;
    a.href = href || "";
    a.textContent = id === "older" ? "Older file" : "Newer file";
  }

  let whereDue = false;
  let quietUntil = 0;
  function where() {
    if (whereDue) return;
    whereDue = true;
    setTimeout(() => {
      whereDue = false;
      // what was told can be read before it goes
      if (Date.now() < quietUntil) return;
      const from = view.start === null ? "…" : grouped(view.start);
      $("note").textContent = `Bytes ${from} to ${grouped(view.offset ?? 0)}, ${grouped(view.count)} lines.`;
      link("older", view.start === 0 && log.dataset.older);
      link("newer", state.atEnd && log.dataset.newer);
      $("end").hidden = !log.dataset.old;
    }, 300);
  }

  function tell(text) {
    quietUntil = Date.now() + 6000;
    $("note").textContent = text;
  }

  let countDue = false;
  function counted() {
    if (!view.query || countDue) return;
    countDue = true;
    setTimeout(() => {
      countDue = false;
      const total = view.matches.length;
      const at = view.current >= 0 ? `${grouped(view.current + 1)} of ` : "";
      $("count").textContent = total ? at + grouped(total) : "none here";
    }, 50);
  }

  // -- controls ----------------------------------------------------------------------------

  function keepOnly() {
    const least = LEVELS.indexOf($("level")?.value ?? "");
    const only = $("only").checked && view.query !== "";
    const tests = [];
    if (least >= 0) tests.push((line) => line.level === null || line.level <= least);
    if (only) tests.push((line) => line.matches);
    view.filter(tests.length ? (line) => tests.every((test) => test(line)) : null);
  }

  let typing;
  function searchNow() {
    clearTimeout(typing);
    const query = $("find").value;
    if (query === view.query) return false;
    view.current = -1;
    view.search(query);
    $("matches").hidden = !query;
    keepOnly();
    counted();
    return true;
  }

  function step(direction) {
    searchNow();
    view.step(direction);
    counted();
  }

  async function jump(text) {
    await load(async () => {
      const found = await part(`at=${encodeURIComponent(text)}&bytes=${CHUNK}`);
      if (!found.timed) {
        tell(`No line of this log says that it is from “${text}” or later, or that is no time.`);
        return;
      }
      replace(found, false);
      log.focus();
    });
  }

  $("find").addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(searchNow, 150);
  });
  $("find").addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    step(event.shiftKey ? -1 : 1);
  });
  $("search").textContent = "Search whole file";
  $("logbar").addEventListener("submit", (event) => {
    const by = event.submitter?.id;
    if (by === "search" && $("find").value) {
      // the server searches; the other fields are not meant
      $("at").disabled = true;
      return;
    }
    event.preventDefault();
    if (by === "jump" || document.activeElement === $("at")) {
      if ($("at").value.trim()) jump($("at").value);
    }
  });
  addEventListener("pageshow", () => { $("at").disabled = false; });
  $("previous").addEventListener("click", () => step(-1));
  $("next").addEventListener("click", () => step(1));
  $("only").addEventListener("change", keepOnly);
  $("level")?.addEventListener("change", keepOnly);
  if ($("show")) $("show").hidden = true;
  $("follow").hidden = Boolean(log.dataset.old);
  $("wrap").hidden = false;
  $("follow").addEventListener("click", () => follow(!view.following));
  $("news").addEventListener("click", () => follow(true));

  /** A browser that keeps nothing for us throws. */
  function remembered(act) {
    try {
      return act(localStorage);
    } catch {
      return null;
    }
  }
  function wrap(on) {
    $("wrap").setAttribute("aria-pressed", String(on));
    view.wrap(on);
    remembered((store) => store.setItem("log-wrap", on ? "on" : "off"));
  }
  $("wrap").addEventListener("click", () => wrap($("wrap").getAttribute("aria-pressed") !== "true"));

  // single keys only while the lines have the focus (WCAG 2.1.4)
  const KEYS = {
    "/": () => $("find").focus(), f: () => follow(!view.following), w: () => $("wrap").click(),
    n: () => step(1), N: () => step(-1), G: () => follow(true), g: () => view.toStart(),
    Home: () => view.toStart(), End: () => follow(true),
  };
  log.addEventListener("keydown", (event) => {
    const act = KEYS[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey || event.target !== log) return;
    event.preventDefault();
    act();
  });

  if (remembered((store) => store.getItem("log-wrap")) === "off") wrap(false);
  const asked = new URLSearchParams(location.search);
  const begin = log.dataset.end ? "" : ["from", "to", "at"]
    .filter((name) => asked.get(name))
    .map((name) => `${name}=${encodeURIComponent(asked.get(name))}`).join("&");
  const server = log.cloneNode(true);
  load(async () => {
    replace(await part(`${begin}&bytes=${CHUNK}`), !begin && !log.dataset.old);
    if (!begin) view.toEnd();
    if (asked.get("mark")) view.goTo(Number(asked.get("mark")));
  });
  if ($("find").value) searchNow();
  if ($("level")?.value) keepOnly();
  // for measuring and for tests
  window.logView = { view, state, KEPT, server };
}
