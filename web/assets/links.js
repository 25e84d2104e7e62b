// Without JavaScript the ways to our own pages are buttons, for scripts that walk the page follow
// all its links. Here they become links, which can be opened beside, bookmarked and copied.

for (const button of document.querySelectorAll('#go button, [form=p], [form=l]')) {
  const link = document.createElement('a');
  const { name, value } = button;
  const page = button.getAttribute('formaction') ?? button.form.getAttribute('action');
  link.href = name ? `${page}?${name}=${encodeURIComponent(value)}` : page;
  link.textContent = button.textContent;
  if (button.ariaCurrent) link.ariaCurrent = button.ariaCurrent;
  button.replaceWith(link);
}

const skip = document.createElement('a');
skip.className = 'skip';
skip.href = '#main';
skip.textContent = 'Skip to content';
document.body.prepend(skip);
