// Shows very many lines of a log and stays quick: lines are kept as text, in blocks, and only
// blocks near the visible part have elements. A block that is far away is one empty element as
// high as its lines.

import { PLAIN, dress, isPlain, paint } from "./ansi.js";

/** Lines in a block. */
const BLOCK = 50;
/** Lines that are kept while the end is followed; twice as many while it is not. */
export const KEPT = 100000;
/** Characters shown of a line before it is asked to be shown whole. */
const LONG = 10000;
/** Characters after which an endless line is broken. */
const ENDLESS = 65536;

/** Sequences that set a style: nearly all there are in logs. */
const SIMPLE = /\x1b\[[0-9;:]*m/g;

const encoder = new TextEncoder();
const bytesOf = (text) => (/^[\x00-\x7f]*$/.test(text) ? text.length : encoder.encode(text).length);

class Block {
  constructor(offset, file) {
    this.lines = [];
    /** Where its first line begins in the file; null if that is not known. */
    this.offset = offset;
    /** Which file that is. */
    this.file = file;
    this.element = document.createElement("div");
    this.element.className = "block";
    this.element.block = this;
    this.filled = false;
    /** How many of its lines have been drawn while it is filled. */
    this.drawn = 0;
  }
}

export class LogView {
  /**
   * @param {HTMLElement} scroller which contains nothing but this view
   * @param {{onFollow: function(boolean), onNews: function(number), onTop: function(),
   *   onBottom: function(), onFull: function()}} events
   */
  constructor(scroller, events) {
    this.scroller = scroller;
    this.events = events;
    this.content = document.createElement("div");
    this.content.className = "lines";
    scroller.replaceChildren(this.content);
    this.measure();
    this.watcher = new IntersectionObserver((entries) => this.seen(entries), {
      root: scroller, rootMargin: "100% 0px",
    });
    this.query = "";
    this.keep = null;
    this.clear();
    scroller.addEventListener("scroll", () => this.scrolled(), { passive: true });
    new ResizeObserver(() => this.resized()).observe(scroller);
  }

  clear() {
    this.watcher.disconnect();
    this.content.replaceChildren();
    this.blocks = [];
    this.count = 0;
    this.open = null;
    this.style = PLAIN;
    this.level = null;
    this.offset = 0;
    /** What is appended is of this file: any value that tells files apart. */
    this.file = null;
    this.news = 0;
    this.matches = [];
    this.current = -1;
    this.lastTop = 0;
    this.dirty = new Set();
    this.stale = new Set();
  }

  // -- lines in ----------------------------------------------------------------------------

  /** The next text of the file, which begins at this offset. */
  append(text, from, to) {
    this.offset = from;
    const exact = !text.includes("\ufffd");
    const parts = text.split("\n");
    const start = this.count;
    for (let at = 0; at < parts.length; at++) {
      const ends = at < parts.length - 1;
      if (parts[at] || ends) this.put(parts[at], ends);
      this.offset = exact && this.offset !== null ? this.offset + bytesOf(parts[at]) + ends : null;
    }
    this.offset = to;
    this.added(this.count - start);
  }

  /** Text of the open line, or of a new one. */
  put(text, ends) {
    if (this.open) {
      this.open.text += text;
      this.find(this.open);
      this.stale.add(this.open);
    } else {
      this.add({ text, style: this.style, level: null, own: null, note: false });
    }
    const line = this.last;
    if (!ends && line.text.length < ENDLESS) {
      this.open = line;
      return;
    }
    this.open = null;
    this.style = isPlain(line.text) ? line.style : paint(line.text, line.style).style;
    line.own = this.levelOf?.(line.text) ?? null;
    line.level = this.level = line.own ?? this.level;
    if (line.own !== null) this.stale.add(line);
  }

  /** A remark between lines: what happened to the file. */
  note(text) {
    this.open = null;
    this.style = PLAIN;
    this.add({ text, style: PLAIN, level: null, own: null, note: true });
    this.added(1);
  }

  add(line) {
    let block = this.blocks[this.blocks.length - 1];
    if (!block || block.lines.length >= BLOCK) {
      block = new Block(this.offset, this.file);
      this.blocks.push(block);
      this.content.append(block.element);
      this.watcher.observe(block.element);
    }
    line.block = block;
    block.lines.push(line);
    line.level ??= this.levelOf?.(line.text) ?? this.level;
    this.last = line;
    this.count++;
    this.find(line);
    this.dirty.add(block);
  }

  added(lines) {
    if (this.following) {
      while (this.count > KEPT && this.blocks.length > 1) this.dropFirst();
    } else {
      this.news += lines;
      if (lines) this.events.onNews(this.news);
      if (this.count > 2 * KEPT) this.events.onFull();
    }
    // however much comes, it is drawn once a frame, and not at all while nobody looks
    this.frame ||= requestAnimationFrame(() => this.flush());
  }

  /** Draws what is new. Of many new lines only the last are drawn. */
  flush() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    const near = this.following ? this.blocks.slice(-2) : [];
    for (const block of near) {
      if (!block.filled) this.fill(block);
    }
    for (const block of this.dirty) {
      if (!block.element.isConnected) continue;
      if (!block.filled) this.reserve(block);
      for (; block.filled && block.drawn < block.lines.length; block.drawn++) {
        const line = block.lines[block.drawn];
        if (this.shows(line)) block.element.append(this.draw(line));
      }
    }
    for (const line of this.stale) if (this.shows(line)) this.redraw(line);
    this.dirty.clear();
    this.stale.clear();
    if (this.following) this.toEnd();
  }

  dropFirst() {
    do {
      const [block] = this.blocks.splice(0, 1);
      this.watcher.unobserve(block.element);
      block.element.remove();
      this.count -= block.lines.length;
      const gone = new Set(block.lines);
      if (this.matches.length && gone.has(this.matches[0])) {
        const kept = this.matches.findIndex((line) => !gone.has(line));
        const cut = kept < 0 ? this.matches.length : kept;
        this.matches.splice(0, cut);
        this.current = Math.max(-1, this.current - cut);
      }
      // older lines can be had again only from a place that is known
    } while (this.blocks.length > 1 && this.blocks[0].offset === null);
    this.lastTop = 0;
  }

  /** Where the first line begins. */
  get start() {
    return this.blocks.length ? this.blocks[0].offset : this.offset;
  }

  /** The file of the first line. */
  get startFile() {
    return this.blocks.length ? this.blocks[0].file : this.file;
  }

  /** Text of the same file that comes before everything that is there, from this offset. */
  prepend(text, from) {
    const { scroller } = this;
    const [height, top] = [scroller.scrollHeight, scroller.scrollTop];
    const lines = text.replace(/\n$/, "").split("\n");
    const exact = !text.includes("\ufffd");
    let [offset, style, level] = [from, PLAIN, null];
    const blocks = [];
    const file = this.startFile;
    for (const text of lines) {
      let block = blocks[blocks.length - 1];
      if (!block || block.lines.length >= BLOCK) {
        block = new Block(exact || !blocks.length ? offset : null, file);
        blocks.push(block);
      }
      const own = this.levelOf?.(text) ?? null;
      level = own ?? level;
      block.lines.push({ text, style, level, own, note: false, block });
      if (!isPlain(text)) style = paint(text, style).style;
      offset += bytesOf(text) + 1;
    }
    this.blocks.unshift(...blocks);
    this.count += lines.length;
    this.content.prepend(...blocks.map((block) => block.element));
    for (const block of blocks) {
      this.reserve(block);
      this.watcher.observe(block.element);
    }
    if (this.query) this.search(this.query);
    // browsers keep the place by themselves, but not at the very top
    const wanted = top + scroller.scrollHeight - height;
    if (Math.abs(scroller.scrollTop - wanted) > 1) scroller.scrollTop = wanted;
    this.lastTop = scroller.scrollTop;
  }

  // -- lines shown -------------------------------------------------------------------------

  shows(line) {
    return line.note || !this.keep || this.keep(line);
  }

  /** Shows only lines of which this is true; null for all. */
  filter(keep) {
    this.keep = keep;
    this.redrawAll();
  }

  redrawAll() {
    for (const block of this.blocks) {
      if (block.filled) this.fill(block);
      else this.reserve(block);
    }
    if (this.following) this.toEnd();
  }

  seen(entries) {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting && !target.block.filled) this.fill(target.block);
      else if (!isIntersecting && target.block.filled) this.empty(target.block);
    }
    if (this.following) this.toEnd();
  }

  fill(block) {
    block.filled = true;
    block.drawn = block.lines.length;
    block.element.style.removeProperty("height");
    block.element.replaceChildren(
      ...block.lines.filter((line) => this.shows(line)).map((line) => this.draw(line)));
  }

  empty(block) {
    const { height } = block.element.getBoundingClientRect();
    block.filled = false;
    block.element.replaceChildren();
    block.element.style.setProperty("height", `${height}px`);
    for (const line of block.lines) line.element = null;
  }

  /** An empty block is as high as its lines will be. */
  reserve(block) {
    let rows = 0;
    for (const line of block.lines) {
      if (!this.shows(line)) continue;
      const length = Math.min(line.text.length, LONG);
      rows += this.wraps ? Math.max(1, Math.ceil(length / this.columns)) : 1;
    }
    block.element.style.setProperty("height", `${rows * this.lineHeight}px`);
  }

  measure() {
    const probe = document.createElement("div");
    probe.className = "line";
    const text = document.createElement("span");
    text.textContent = "0".repeat(100);
    probe.append(text);
    this.content.append(probe);
    this.lineHeight = probe.getBoundingClientRect().height || 18;
    const width = text.getBoundingClientRect().width / 100 || 8;
    this.columns = Math.max(10, Math.floor(probe.getBoundingClientRect().width / width));
    this.wraps = !this.scroller.classList.contains("nowrap");
    probe.remove();
  }

  resized() {
    const before = this.columns;
    this.measure();
    if (before !== this.columns) this.rereserve();
    if (this.following) this.toEnd();
  }

  rereserve() {
    for (const block of this.blocks) if (!block.filled) this.reserve(block);
  }

  wrap(on) {
    this.scroller.classList.toggle("nowrap", !on);
    this.measure();
    this.rereserve();
    if (this.following) this.toEnd();
  }

  draw(line) {
    const element = document.createElement("div");
    element.className = line.note ? "line note" : "line";
    if (line.own !== null && line.own < 3) element.classList.add(line.own < 2 ? "bad" : "warn");
    if (line.marked) element.classList.add("current");
    line.element = element;
    let text = line.text;
    const isLong = text.length > LONG && !line.whole;
    if (isLong) text = text.slice(0, LONG);
    this.paintInto(element, text, line.style);
    if (isLong) {
      const more = document.createElement("button");
      more.textContent = `show all ${line.text.length.toLocaleString()} characters`;
      more.addEventListener("click", () => {
        line.whole = true;
        this.redraw(line);
      });
      element.append(" … ", more);
    }
    if (this.matches[this.current] === line) element.classList.add("current");
    // an empty line is as high as any
    if (!element.firstChild) element.append("\u200b");
    return element;
  }

  redraw(line) {
    line.element?.replaceWith(this.draw(line));
  }

  paintInto(element, text, style) {
    const simple = !this.query && style === PLAIN && isPlain(text);
    if (simple) {
      element.textContent = text;
      return;
    }
    const { spans } = paint(text, style);
    const places = this.placesIn(spans.map((span) => span.text).join(""));
    let at = 0;
    for (const span of spans) {
      const end = at + span.text.length;
      let parent = element;
      if (span.style !== PLAIN) {
        parent = document.createElement("span");
        dress(parent, span.style);
        element.append(parent);
      }
      while (at < end) {
        const place = places[0];
        if (!place || place[0] >= end) {
          parent.append(text_(spans, at, end, span, end));
          at = end;
        } else if (place[0] > at) {
          parent.append(text_(spans, at, place[0], span, end));
          at = place[0];
        } else {
          const stop = Math.min(place[1], end);
          const mark = document.createElement("mark");
          mark.textContent = text_(spans, at, stop, span, end);
          parent.append(mark);
          at = stop;
          if (stop === place[1]) places.shift();
        }
      }
    }
  }

  // -- search ------------------------------------------------------------------------------

  /** Marks a text everywhere. Case counts only if it has a capital letter. */
  search(query) {
    this.query = query;
    this.anyCase = query === query.toLowerCase();
    const current = this.matches[this.current];
    this.matches = [];
    if (query) for (const block of this.blocks) for (const line of block.lines) this.find(line);
    this.current = current ? this.matches.indexOf(current) : -1;
    this.redrawAll();
  }

  find(line) {
    line.matches = Boolean(this.query) && !line.note && this.isIn(line);
    if (line.matches && this.matches[this.matches.length - 1] !== line) this.matches.push(line);
  }

  isIn(line) {
    let read = line.text;
    if (read.includes("\x1b")) {
      read = read.replace(SIMPLE, "");
      if (!isPlain(read)) read = paint(read).spans.map((span) => span.text).join("");
    }
    return (this.anyCase ? read.toLowerCase() : read).includes(this.query);
  }

  placesIn(text) {
    const places = [];
    if (!this.query) return places;
    const lower = this.anyCase ? text.toLowerCase() : text;
    if (lower.length !== text.length) return places;
    for (let at = lower.indexOf(this.query); at >= 0;) {
      places.push([at, at + this.query.length]);
      at = lower.indexOf(this.query, at + this.query.length);
    }
    return places;
  }

  /** Goes to the next match (1) or the one before (-1), round and round. */
  step(direction) {
    const total = this.matches.length;
    if (!total) return;
    const old = this.matches[this.current];
    if (!old) this.current = direction > 0 ? this.firstBelow() : total - 1;
    else this.current = (this.current + direction + total) % total;
    if (old) this.redraw(old);
    const line = this.matches[this.current];
    this.setFollowing(false);
    this.show(line);
  }

  /** The first match at or below the top of the visible part. */
  firstBelow() {
    const top = this.scroller.getBoundingClientRect().top;
    const at = this.matches.findIndex(
      ({ block }) => block.element.getBoundingClientRect().bottom > top);
    return Math.max(0, at);
  }

  /** Goes to the line at this offset of the file, if it is there and its place is known. */
  goTo(offset) {
    const block = this.blocks.findLast((block) => block.offset !== null && block.offset <= offset);
    if (!block) return;
    let at = block.offset;
    const line = block.lines.find(({ text }) => {
      at += bytesOf(text) + 1;
      return at > offset;
    });
    if (!line) return;
    this.setFollowing(false);
    line.marked = true;
    this.show(line);
  }

  show(line) {
    if (!line.block.filled) this.fill(line.block);
    else this.redraw(line);
    line.element?.scrollIntoView({ block: "center", inline: "nearest" });
    this.lastTop = this.scroller.scrollTop;
  }

  // -- following ---------------------------------------------------------------------------

  setFollowing(on) {
    if (this.following === on) return;
    this.following = on;
    if (on) {
      this.news = 0;
      this.events.onNews(0);
      this.toEnd();
    }
    this.events.onFollow(on);
  }

  toEnd() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.lastTop = this.scroller.scrollTop;
  }

  toStart() {
    this.setFollowing(false);
    this.scroller.scrollTop = this.lastTop = 0;
  }

  scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    const fromEnd = scrollHeight - scrollTop - clientHeight;
    if (fromEnd < 4) this.events.onBottom();
    else if (scrollTop < this.lastTop - 2) this.setFollowing(false);
    this.lastTop = scrollTop;
    if (scrollTop < 2 * clientHeight) this.events.onTop();
  }
}

/** A part of the text of a span that ends at `end`. */
const text_ = (spans, from, to, span, end) => {
  const start = end - span.text.length;
  return span.text.slice(from - start, to - start);
};
