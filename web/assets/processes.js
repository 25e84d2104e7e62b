// The processes page, live: rows follow the daemon, search and selection happen at once, orders
// are given without leaving the page. Without this script the page does the same with forms.

import { connect, everySecond } from './live.js';
import { blank, cpu, draw, memory, push, unfold, uptime } from './figures.js';
import { badge, make, takeOver } from './orders.js';

const STATES = ['STOPPED', 'STARTING', 'RUNNING', 'BACKOFF', 'STOPPING', 'EXITED', 'FATAL', 'UNKNOWN'];
const LABELS = { start: 'Start', restart: 'Restart', stop: 'Stop', signal: 'Signal…', clearlog: 'Clear Log' };

const table = document.getElementById('processes');
const orders = document.getElementById('orders');
const search = document.getElementById('search');
const input = document.getElementById('filter');
const chips = document.getElementById('state-filter');
const may = table?.dataset.may === 'yes';
const rows = new Map(); // name => what is known of it and its row
const skew = table ? Number(table.dataset.now) - Date.now() / 1000 : 0; // of the daemon's clock
let whole = table?.dataset.part !== 'yes'; // every process has a row
let state = chips.querySelector('[aria-pressed=true]')?.value ?? 'all';
let live = false;

// ---------------------------------------------------------------- rows

/** What can be done at once with a process; the same in web/src/pages/status.rs. */
function verbs(state) {
  switch (state) {
    case 'RUNNING': return ['restart', 'stop'];
    case 'STARTING': case 'BACKOFF': return ['stop'];
    case 'STOPPED': case 'EXITED': case 'FATAL': return ['start'];
    default: return [];
  }
}

const field = (row, name) => row.querySelector(`[data-field=${name}]`);

function write(cell, text) {
  if (cell.textContent !== text) cell.textContent = text;
}

/** What the server's row says. */
function read(row) {
  const name = row.dataset.name;
  const group = row.parentNode.dataset.group ?? name;
  const entry = {
    name, group, row, state: field(row, 'state').firstChild.dataset.state, start: 0, seen: false, curve: [],
  };
  const svg = row.querySelector('svg');
  if (svg) entry.curve = unfold(svg);
  if (!row.querySelector('details')) fit(entry);
  rows.set(name, entry);
}

/** A row for a process that the page did not know. */
function add(data) {
  const row = make('tr', { 'data-name': data.name });
  if (may) row.append(make('td', { class: 'pick' }, tick(data.name)));
  row.append(
    make('td', { class: 'status', 'data-field': 'state' }, badge(data.state)),
    make('th', { scope: 'row' }, make('a', { href: `index.html?process=${encodeURIComponent(data.name)}` }, data.name)),
    ...['description', 'cpu', 'rss', 'restarts', 'why'].map((name) => make('td', { 'data-field': name })),
    make('td', { class: 'action' }),
  );
  const entry = { name: data.name, group: data.group, row, state: data.state, start: 0, seen: true, curve: [] };
  const home = bodyOf(data);
  const next = [...home.rows].find((other) => other.dataset.name > data.name);
  home.insertBefore(row, next ?? null);
  rows.set(data.name, entry);
  fit(entry);
  return entry;
}

function tick(name) {
  return make('input', { type: 'checkbox', name: 'pick', value: name, 'aria-label': `Select ${name}` });
}

/** Where a process stands: its group, or those that are a group of their own. */
function bodyOf({ group, process }) {
  const bodies = [...table.tBodies];
  const found = bodies.find((body) => body.dataset.group === group);
  if (found) return found;
  const first = bodies.find((body) => body.dataset.group === undefined);
  if (group === process) {
    if (first) return first;
    const body = make('tbody');
    table.tHead.after(body);
    return body;
  }
  const body = make('tbody', { 'data-group': group }, header(group));
  const next = bodies.find((other) => other.dataset.group > group);
  table.insertBefore(body, next ?? null);
  enhanceGroup(body);
  return body;
}

function header(group) {
  const button = (verb) => make('button', { name: 'group', value: `${verb} ${group}` }, LABELS[verb]);
  const actions = may ? [button('start'), ' ', button('restart'), ' ', button('stop')] : [];
  const all = make('input', { type: 'checkbox', 'aria-label': `All of ${group}` });
  return make('tr', { class: 'group' },
    ...(may ? [make('td', { class: 'pick' }, all)] : []),
    make('th', { colspan: 7, scope: 'rowgroup' },
      make('details', { open: true }, make('summary', {}, group)), ' ', make('span', { class: 'tally' })),
    make('td', { class: 'action' }, ...actions));
}

/** Gives a row the buttons of its state, and moves the focus if its button goes away. */
function fit({ name, row, state }) {
  const cell = row.querySelector('.action');
  const quoted = encodeURIComponent(name);
  if (!cell.querySelector('details')) {
    const link = (href, text) => make('a', { href, target: '_blank' }, text);
    const button = (verb) => make('button', { name: verb, value: name }, LABELS[verb]);
    cell.append(' ', make('a', { href: `log.html?name=${quoted}` }, 'Log'), ' ',
      make('details', { class: 'menu' }, make('summary', { 'aria-label': `More for ${name}` }, '⋯'),
        make('div', {}, ...(may ? [button('signal'), button('clearlog')] : []),
          link(`tail.html?processname=${quoted}`, 'Tail Stdout'),
          link(`logtail/${quoted}`, 'Tail -f Stdout'), link(`logtail/${quoted}/stderr`, 'Tail -f Stderr'))));
  }
  if (!may) return;
  const wanted = verbs(state);
  const present = [...cell.querySelectorAll(':scope > button')];
  let lost = false;
  for (const button of present) {
    if (!wanted.includes(button.name)) {
      lost ||= button === document.activeElement;
      button.remove();
    }
  }
  let before = cell.firstChild;
  for (const verb of wanted) {
    const button = present.find((other) => other.name === verb);
    if (button) {
      before = button.nextSibling;
    } else {
      cell.insertBefore(make('button', { name: verb, value: name }, LABELS[verb]), before);
      cell.insertBefore(document.createTextNode(' '), before);
    }
  }
  if (lost) (cell.querySelector(':scope > button') ?? row.querySelector('th a')).focus();
}

// ---------------------------------------------------------------- what the daemon tells

function onState(data) {
  if (!table) return location.reload(); // the page was made for no programs at all
  const entry = rows.get(data.name) ?? add(data);
  const changed = entry.state !== data.state;
  Object.assign(entry, { state: data.state, start: data.start, pid: data.pid, group: data.group, seen: true });
  const { row } = entry;
  entry.said = data.description;
  describe(entry);
  write(field(row, 'restarts'), String(data.restarts));
  write(field(row, 'why'), data.why === data.description ? '' : data.why);
  if (changed) {
    field(row, 'state').replaceChildren(badge(data.state));
    fit(entry);
  }
  if (!data.pid) use(entry, undefined);
  soon();
}

/** Uptimes go on by themselves; nobody tells them every second. */
function describe({ state, start, pid, said, row }) {
  const now = Date.now() / 1000 + skew;
  const text = state === 'RUNNING' && start ? `pid ${pid}, uptime ${uptime(now - start)}` : said;
  if (text !== undefined) write(field(row, 'description'), text);
}

function onGone({ name }) {
  const entry = rows.get(name);
  if (!entry) return;
  const body = entry.row.parentNode;
  const focused = entry.row.contains(document.activeElement);
  entry.row.remove();
  rows.delete(name);
  if (!body.querySelector('[data-name]')) body.remove();
  if (focused) input.focus();
  soon();
}

function onUsage(all) {
  for (const entry of rows.values()) use(entry, all[entry.name]);
}

function use(entry, sample) {
  const { row, curve } = entry;
  const cell = field(row, 'cpu');
  write(field(row, 'rss'), sample ? memory(sample.rss) : '');
  if (!sample) {
    curve.length = 0;
    cell.textContent = '';
    return;
  }
  push(curve, sample.cpu);
  if (cell.firstChild?.nodeType === Node.TEXT_NODE) cell.firstChild.data = cpu(sample.cpu);
  else cell.prepend(cpu(sample.cpu));
  if (curve.length > 1) draw(cell.querySelector('svg') ?? cell.appendChild(blank()), curve);
}

// ---------------------------------------------------------------- search, counts, selection

let planned = 0;

/** Once for all that changed together. */
function soon() {
  planned ||= requestAnimationFrame(() => {
    planned = 0;
    arrange();
  });
}

/** Shows what the filter shows and counts it; the same rule as in web/src/pages/filter.rs. */
function arrange() {
  const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
  const counts = new Map();
  let found = 0;
  let shown = 0;
  for (const entry of rows.values()) {
    const name = entry.name.toLowerCase();
    const finds = words.every((word) => name.includes(word));
    if (finds) {
      found += 1;
      counts.set(entry.state, (counts.get(entry.state) ?? 0) + 1);
    }
    const shows = finds && (state === 'all' || entry.state === state);
    entry.row.hidden = !shows;
    shown += shows;
    // nothing is acted on that is not seen
    if (!shows && may) entry.row.querySelector('input').checked = false;
  }
  for (const body of table.tBodies) {
    const members = [...body.querySelectorAll('[data-name]')];
    body.hidden = members.every((row) => row.hidden);
    const tally = body.querySelector('.tally');
    if (tally) write(tally, words_of(members.map((row) => rows.get(row.dataset.name).state)));
  }
  count(found, counts);
  document.getElementById('nothing').hidden = shown > 0;
  table.hidden = shown === 0;
  selected();
}

function words_of(states) {
  const parts = STATES.map((state) => [states.filter((other) => other === state).length, state]);
  return parts.filter(([count]) => count).map(([count, state]) => `${count} ${state.toLowerCase()}`).join(', ');
}

function count(found, counts) {
  const all = chips.querySelector('[value=all] b');
  write(all, String(found));
  let last = all.parentNode;
  for (const name of STATES) {
    let chip = chips.querySelector(`[value=${name}]`);
    const number = counts.get(name) ?? 0;
    if (!chip && number) {
      chip = make('button', { class: 'chip', name: 'state', value: name, 'data-state': name },
        `${name.toLowerCase()} `, make('b'));
      last.after(chip);
    }
    if (!chip) continue;
    write(chip.lastChild, String(number));
    last = chip;
  }
  for (const chip of chips.children) chip.setAttribute('aria-pressed', chip.value === state);
}

/** The address shows the filter, and a message is not repeated by a reload. */
function remember() {
  const parameters = new URLSearchParams();
  if (input.value.trim()) parameters.set('q', input.value.trim());
  if (state !== 'all') parameters.set('state', state);
  const text = parameters.toString();
  history.replaceState(history.state, '', text ? `?${text}` : location.pathname);
}

function filter() {
  arrange();
  remember();
}

const ticks = () => [...table.querySelectorAll('[data-name] > .pick > input')];
const seen = () => ticks().filter((box) => !box.closest('tr').hidden);

function selected() {
  if (!may) return;
  const shown = seen();
  const chosen = shown.filter((box) => box.checked).length;
  const part = document.getElementById('of-selected');
  write(part.firstElementChild, `${chosen} selected:`);
  for (const button of part.querySelectorAll('button')) button.disabled = chosen === 0;
  const heads = [[table.tHead.querySelector('input'), shown]];
  for (const body of table.tBodies) {
    heads.push([body.querySelector('.group input'), shown.filter((box) => body.contains(box))]);
  }
  for (const [head, boxes] of heads) {
    if (!head) continue;
    const checked = boxes.filter((box) => box.checked).length;
    head.checked = checked > 0 && checked === boxes.length;
    head.indeterminate = checked > 0 && checked < boxes.length;
  }
}

function enhanceGroup(body) {
  const head = body.querySelector('.group');
  if (!head) return;
  // a whole group is ticked by ticking what is seen of it
  head.querySelector('input')?.removeAttribute('name');
  const details = head.querySelector('details');
  const key = `folded ${body.dataset.group}`;
  if (sessionStorage.getItem(key)) details.open = false;
  details.addEventListener('toggle', () => {
    if (details.open) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, 'yes');
  });
}

let anchor = null; // of a range that is ticked with Shift

function onTick(event) {
  const box = event.target;
  if (box.type !== 'checkbox') return;
  const row = box.closest('tr');
  if (row.dataset.name === undefined) {
    const scope = row.parentNode === table.tHead ? table : row.parentNode;
    for (const other of seen()) if (scope.contains(other)) other.checked = box.checked;
  } else {
    const shown = seen();
    const [from, to] = [shown.indexOf(anchor), shown.indexOf(box)].sort((a, b) => a - b);
    if (event.shiftKey && from >= 0) for (const other of shown.slice(from, to + 1)) other.checked = box.checked;
    anchor = box;
  }
  selected();
}

/** Whom a button of the form is for. */
function targets(button) {
  const entries = [...rows.values()];
  const names = (some) => some.map((entry) => [entry.name, entry.state]);
  const programs = (count, which) => `${which}${count} ${count === 1 ? 'program' : 'programs'}`;
  if (button.name === 'all') {
    return { verb: button.value, many: true, names: names(entries), picks: [], whom: programs(entries.length, 'all ') };
  }
  if (button.name === 'group') {
    const [, verb, group] = /^(\w+) (.*)$/s.exec(button.value);
    const members = entries.filter((entry) => entry.group === group);
    return { verb, many: true, names: names(members), picks: [], whom: `group ${group}: ${programs(members.length, '')}` };
  }
  if (button.name === 'selected') {
    const picks = seen().filter((box) => box.checked).map((box) => box.value);
    const some = names(picks.map((name) => rows.get(name)));
    return { verb: button.value, many: true, names: some, picks, whom: programs(picks.length, '') };
  }
  return { verb: button.name, many: false, names: names([rows.get(button.value)]), picks: [], whom: button.value };
}

// ---------------------------------------------------------------- keyboard

function onKey(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || document.querySelector('dialog[open]')) return;
  if (event.target === input && event.key === 'Escape') {
    input.value = '';
    filter();
  }
  // single keys only while the table has the focus (WCAG 2.1.4)
  if (!event.target.closest('#processes')) return;
  if (event.key === '/') {
    event.preventDefault();
    input.focus();
    input.select();
  }
  const step = { j: 1, k: -1 }[event.key];
  if (!step || !table) return;
  const links = [...table.querySelectorAll('[data-name]:not([hidden]) th a')].filter((link) => link.checkVisibility());
  const at = links.findIndex((link) => link.closest('tr').contains(document.activeElement));
  links[at < 0 ? 0 : Math.min(Math.max(at + step, 0), links.length - 1)]?.focus();
}

// ---------------------------------------------------------------- beginning

function begin() {
  for (const row of table.querySelectorAll('[data-name]')) read(row);
  for (const body of table.tBodies) enhanceGroup(body);
  if (!document.getElementById('nothing')) {
    table.before(make('p', { id: 'nothing', hidden: true }, 'No program fits the search.'));
  }
  if (may) {
    table.tHead.querySelector('.pick').append(make('input', { type: 'checkbox', 'aria-label': 'Select all shown' }));
    table.addEventListener('click', onTick);
    takeOver(orders, targets);
  }
  input.addEventListener('input', () => whole && filter());
  search.addEventListener('submit', (event) => {
    if (!whole) return;
    event.preventDefault();
    const value = event.submitter?.closest('#state-filter') ? event.submitter.value : state;
    state = value === state && event.submitter?.closest('#state-filter') ? 'all' : value;
    filter();
  });
  search.querySelector(':scope > button').hidden = true;
  document.documentElement.classList.add('scripted');
  arrange();
  remember();
  everySecond(() => {
    if (live) for (const entry of rows.values()) describe(entry);
  });
}

if (table) begin();
document.addEventListener('keydown', onKey);
connect({
  topics: ['state', 'usage'],
  onState,
  onGone,
  onUsage,
  onReset: () => { for (const entry of rows.values()) entry.seen = false; },
  onReady: () => {
    for (const { name, seen } of [...rows.values()]) if (!seen) onGone({ name });
    whole = true;
    if (table) soon();
  },
  onUp: () => { live = true; },
  onDown: () => { live = false; },
});
