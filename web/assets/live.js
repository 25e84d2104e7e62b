// One stream of server-sent events for a page (docs/web.md, "Processes page"): resumes by cursor,
// tells people when the connection is lost, and does nothing while nobody looks.

const FIRST_WAIT = 1000; // ms between two attempts, doubled up to
const LONGEST_WAIT = 15000;
const SILENCE = 20000; // ms without the figures that come every 2 s: a network that is gone says nothing

/** Calls `work` every second, but only while somebody looks. */
export function everySecond(work) {
  let timer = 0;
  const turn = () => {
    clearInterval(timer);
    timer = document.hidden ? 0 : setInterval(work, 1000);
  };
  document.addEventListener('visibilitychange', turn);
  turn();
}

/**
 * Keeps a stream of `topics` open and calls back with what comes.
 *
 * `onReset()` comes before a full snapshot, which ends with `onReady()`; what the snapshot did
 * not name is gone. After a short loss neither comes: the stream goes on where it was, as it does
 * at first if `query` has a `cursor`.
 * `onState`, `onGone`, `onUsage`, `onEvent` get the parsed data; `onUp()` and `onDown()` tell
 * whether what is shown is live. Every callback may be left out.
 *
 * `address` (default `live`) is the stream, relative to the page; `query` what else to ask it.
 */
export function connect({
  topics = [], address = 'live', query = {}, handlers = {},
  onState, onGone, onUsage, onEvent, onReset, onReady, onUp, onDown,
}) {
  const all = { state: onState, gone: onGone, usage: onUsage, event: onEvent, ...handlers };
  const banner = document.getElementById('connection');
  let source = null;
  // where the page itself ends, if it says so
  let cursor = query.cursor ?? '';
  let timer = 0;
  let guard = 0;
  let heard = 0;
  let wait = FIRST_WAIT;
  let ended = false;

  function open() {
    clearTimeout(timer);
    timer = 0;
    if (ended || source || document.hidden) return;
    const parameters = new URLSearchParams(query);
    if (topics.length) parameters.set('topics', topics.join(','));
    if (cursor) parameters.set('cursor', cursor);
    source = new EventSource(`${address}?${parameters}`);
    const fresh = !cursor;
    source.onopen = () => {
      wait = FIRST_WAIT;
      tell('');
      if (fresh) onReset?.();
      onUp?.();
    };
    // the browser would try again only after some kinds of loss, and without our cursor
    source.onerror = () => lose('Connection lost. What you see is out of date.');
    listen('reset', () => {
      cursor = '';
      onReset?.();
    });
    listen('ready', () => onReady?.());
    listen('bye', () => lose('The daemon has ended. What you see is out of date.'));
    for (const [name, handler] of Object.entries(all)) {
      if (handler) listen(name, (event) => handler(JSON.parse(event.data), event));
    }
    heard = Date.now();
    if (!topics.includes('usage')) return;
    guard = setInterval(() => {
      if (Date.now() - heard > SILENCE) lose('Nothing is heard any more. What you see is out of date.');
    }, 5000);
  }

  function listen(name, handler) {
    source.addEventListener(name, (event) => {
      heard = Date.now();
      if (event.lastEventId) cursor = event.lastEventId;
      handler(event);
    });
  }

  function close() {
    clearTimeout(timer);
    clearInterval(guard);
    timer = 0;
    source?.close();
    source = null;
  }

  function lose(words) {
    close();
    tell(words);
    onDown?.();
    timer = setTimeout(open, wait);
    wait = Math.min(wait * 2, LONGEST_WAIT);
  }

  function tell(words) {
    if (!banner || banner.hidden === !words) return;
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = 'Try now';
    button.addEventListener('click', open);
    banner.replaceChildren(...(words ? [`${words} Trying again… `, button] : []));
    banner.hidden = !words;
  }

  // a page in the background costs nothing and catches up when it is looked at again
  document.addEventListener('visibilitychange', () => (document.hidden ? close() : open()));
  addEventListener('pagehide', close);
  addEventListener('pageshow', open);
  open();
  return {
    close() {
      ended = true;
      close();
    },
  };
}
