// Orders of the processes page without leaving it: asks back in a dialog, posts, tells what came
// of it, and keeps the menus in order.

// the same as in web/src/pages/confirm.rs
const SIGNALS = [
  ['HUP', 'hang up; many read their configuration again'],
  ['USR1', 'what the program makes of it'],
  ['USR2', 'what the program makes of it'],
  ['WINCH', 'window changed'],
  ['INT', 'interrupt, as Ctrl-C'],
  ['TERM', 'end'],
  ['QUIT', 'end and leave a core file'],
  ['STOP', 'freeze'],
  ['CONT', 'go on after STOP'],
  ['KILL', 'end at once, unheard'],
];

const QUESTIONS = {
  start: 'Start', stop: 'Stop', restart: 'Restart', signal: 'Send a signal to', clearlog: 'Clear the logs of',
};
const LABELS = {
  start: 'Start', stop: 'Stop', restart: 'Restart', signal: 'Send the signal', clearlog: 'Clear logs',
};
const DOING = {
  start: 'Starting', stop: 'Stopping', restart: 'Restarting', signal: 'Signalling', clearlog: 'Clearing the logs of',
};

/** An element with attributes and children; texts are never read as HTML. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false && value != null) element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children);
  return element;
}

/** The badge of a state. */
export function badge(state) {
  const kind = state === 'RUNNING' ? 'running' : ['FATAL', 'BACKOFF'].includes(state) ? 'error' : 'nominal';
  return make('span', { class: `status${kind}`, 'data-state': state }, state.toLowerCase());
}

/**
 * Takes over the submissions of `form`. `targets(button)` tells whom a button is for, as
 * `{verb, many, names: [[name, state], ...], picks, whom}`.
 */
export function takeOver(form, targets) {
  const telling = result();
  form.addEventListener('submit', async (event) => {
    const button = event.submitter;
    event.preventDefault();
    if (!button) return;
    closeMenus();
    const order = targets(button);
    if (!order.names.length) {
      telling.say('Nothing is selected.', true);
      return;
    }
    const asks = order.verb === 'signal' || (order.many && order.verb !== 'start');
    const answer = asks ? await ask(order) : {};
    if (!answer) return;
    const fields = [[button.name, button.value], ...Object.entries(answer)];
    for (const pick of order.picks) fields.push(['pick', pick]);
    telling.say(`${DOING[order.verb]} ${order.whom}…`, false);
    telling.say(...await post(form.elements.token, fields));
  });
}

/** Posts an order; resolves to what to say, and whether it failed. */
async function post(token, fields) {
  const send = () => fetch('index.html', {
    method: 'POST',
    body: new URLSearchParams([['token', token.value], ...fields]),
    headers: { Accept: 'text/plain' },
  });
  try {
    let answer = await send();
    // the token was of the daemon's last run, or of a session that has ended
    if (answer.status === 403 && await renew(token)) answer = await send();
    if (is(answer, 'text/plain')) return [await answer.text(), !answer.ok];
    const page = await parsed(answer);
    return [page.querySelector('main p')?.textContent ?? `Refused: ${answer.status}`, true];
  } catch {
    return ['The daemon did not answer. It may or may not have done it.', true];
  }
}

const is = (answer, type) => (answer.headers.get('Content-Type') ?? '').startsWith(type);

async function parsed(answer) {
  return new DOMParser().parseFromString(await answer.text(), 'text/html');
}

/** Takes the token of a new page; tells whether it is another one. */
async function renew(token) {
  const page = await parsed(await fetch('index.html?q=-'));
  const fresh = page.querySelector('input[name=token]')?.value;
  if (!fresh || fresh === token.value) return false;
  token.value = fresh;
  return true;
}

/** Asks back; resolves to the fields of the answer, or null. */
function ask({ verb, names, whom }) {
  const select = verb === 'signal' && make('select', { name: 'which' },
    ...SIGNALS.map(([name, meaning]) => make('option', { value: name }, `${name}: ${meaning}`)));
  const list = make('ul', { class: 'targets', tabindex: 0, 'aria-label': 'Programs' },
    ...names.map(([name, state]) => make('li', {}, make('span', {}, name), badge(state))));
  const dialog = make('dialog', { 'aria-labelledby': 'question' },
    make('form', { method: 'dialog' },
      make('h2', { id: 'question' }, `${QUESTIONS[verb]} ${whom}?`),
      ...(names.length > 1 ? [list] : []),
      ...(select ? [make('p', {}, make('label', {}, 'Signal ', select))] : []),
      make('p', { class: 'buttons' },
        make('button', { class: 'danger', value: 'yes' }, LABELS[verb]),
        make('button', { value: '', autofocus: !select }, 'Cancel'))));
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      dialog.remove();
      const answer = select ? { which: select.value, confirmed: 'yes' } : { confirmed: 'yes' };
      resolve(dialog.returnValue === 'yes' ? answer : null);
    });
  });
}

/** Where results are told: over the page, so that nothing in it moves. */
function result() {
  const text = make('div', {});
  const close = make('button', { type: 'button', class: 'plain', 'aria-label': 'Dismiss' }, '✕');
  const box = make('div', { class: 'notice', hidden: true }, text, close);
  // the region is there before there is anything to say, or readers would miss it
  document.body.append(make('div', { id: 'result', role: 'status' }, box));
  const hide = () => { box.hidden = true; };
  close.addEventListener('click', hide);
  return {
    say(words, failed) {
      box.className = failed ? 'notice failed' : 'notice';
      text.textContent = words;
      box.hidden = false;
    },
  };
}

/** Closes every open menu but one. */
export function closeMenus(but) {
  for (const menu of document.querySelectorAll('details.menu[open]')) {
    if (menu !== but) menu.open = false;
  }
}

document.addEventListener('toggle', (event) => {
  const menu = event.target;
  if (!menu.matches?.('details.menu') || !menu.open) return;
  closeMenus(menu);
  const content = menu.lastElementChild;
  menu.classList.remove('up');
  menu.classList.toggle('up', content.getBoundingClientRect().bottom > innerHeight);
}, true);

document.addEventListener('click', (event) => {
  closeMenus(event.target.closest('details.menu'));
});

document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape') return;
  const menu = document.querySelector('details.menu[open]');
  if (!menu) return;
  menu.open = false;
  menu.querySelector('summary').focus();
});
