// The page of one process, live. The server says what is on it; this asks again when that has
// changed, and keeps figures and uptime going in between.

import { connect, everySecond } from './live.js';
import { blank, cpu, draw, memory, push, unfold, uptime } from './figures.js';
import { takeOver } from './orders.js';

const main = document.getElementById('main');
const name = main.querySelector('[data-name]').dataset.name;
const FIRST_WAIT = 1000; // ms between two attempts, doubled up to
const LONGEST_WAIT = 15000;
let skew = clock();
let known = null; // what the daemon last said of it
let asked = 0;
let curve = [];

const field = (name) => main.querySelector(`[data-field=${name}]`);

function clock() {
  return Number(main.querySelector('[data-now]').dataset.now) - Date.now() / 1000;
}

function begin() {
  const svg = field('curve').querySelector('svg');
  if (svg) curve = unfold(svg);
  takeOver(main.querySelector('form'), (button) => ({
    verb: button.name,
    many: false,
    names: [[name, field('state').dataset.state]],
    picks: [],
    whom: name,
  }));
  document.documentElement.classList.add('scripted');
  const address = new URLSearchParams({ process: name });
  history.replaceState(history.state, '', `?${address}`);
}

/** Takes the server's new version of what the page says; tries again until there is one. */
async function renew(wait = FIRST_WAIT) {
  const mine = asked += 1;
  let page = null;
  try {
    const answer = await fetch(location.href);
    if (answer.status < 500) page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  } catch {
    // the connection was lost
  }
  if (mine !== asked) return;
  if (!page) {
    setTimeout(() => mine === asked && renew(Math.min(wait * 2, LONGEST_WAIT)), wait);
    return;
  }
  const news = page.getElementById('about');
  if (!news) {
    location.reload(); // it is gone, and the server says so
    return;
  }
  const focused = document.activeElement?.name;
  const had = main.contains(document.activeElement);
  // the token stays: the form is the same
  document.getElementById('about').replaceWith(news);
  document.getElementById('verbs').replaceWith(page.getElementById('verbs'));
  if (had && document.activeElement === document.body) {
    (main.querySelector(`#verbs [name=${focused}]`) ?? main.querySelector('#verbs button, #verbs a')).focus();
  }
  skew = clock();
}

function onState(data) {
  if (data.name !== name) return;
  const before = known;
  known = data;
  if (before?.state !== data.state || before.pid !== data.pid || before.restarts !== data.restarts) {
    if (before) curve = before.pid === data.pid ? curve : [];
    renew();
  }
}

function onUsage(all) {
  const sample = all[name];
  if (!sample) return;
  push(curve, sample.cpu);
  field('cpu').textContent = cpu(sample.cpu);
  field('rss').textContent = memory(sample.rss);
  field('processes').textContent = String(sample.processes);
  if (curve.length > 1) {
    const cell = field('curve');
    draw(cell.querySelector('svg') ?? cell.appendChild(blank()), curve);
  }
}

begin();
connect({
  topics: ['state', 'usage'],
  onState,
  onUsage,
  onGone: (data) => data.name === name && renew(),
});
everySecond(() => {
  if (known?.state !== 'RUNNING') return;
  const text = `pid ${known.pid}, uptime ${uptime(Date.now() / 1000 + skew - known.start)}`;
  if (field('description').textContent !== text) field('description').textContent = text;
});
