// Joins the views, fills the last section and opens the page at the knee.
(() => {
  'use strict';
  const page = globalThis.cairnPage;
  const { escape } = page.format;
  const { data, state, charts } = page;
  const { study } = data.document;
  const at = (name) => document.getElementById(name);

  at('command').textContent = study.command;
  at('resolved-yaml').textContent = study.resolved_yaml ?? '';
  const facts = [['run', study.run_id], ['seed', study.seed], ['date', study.date], ['Cairn', study.version]];
  at('repeat-facts').innerHTML = facts.filter(([, value]) => value !== undefined && value !== '').map(([name, value]) => `<div><dt>${name}</dt><dd>${escape(value)}</dd></div>`).join('');

  const toggle = at('theme-toggle');
  const label = () => {
    toggle.textContent = charts.isDark() ? 'Light' : 'Dark';
    toggle.setAttribute('aria-pressed', String(charts.isDark()));
  };
  toggle.addEventListener('click', () => {
    charts.setTheme(charts.isDark() ? 'light' : 'dark');
  });
  charts.onTheme(label);
  at('print-page').addEventListener('click', () => print());
  label();

  if (data.rows === 0) {
    for (const name of ['section-trade-offs', 'section-parallel', 'designs', 'section-refined', 'section-design']) at(name).hidden = true;
    at('section-empty').hidden = false;
  }
  charts.observe();

  /** For tests and for the console: what is selected and how many designs the scatter shows. */
  window.cairn = {
    selected: () => (state.selected < 0 ? null : data.id[state.selected]),
    rows: () => page.scatter?.rows() ?? 0,
    scatter: () => page.scatter?.chart() ?? null,
    settled: () => charts.settled(),
    openedAfter: performance.now() / 1000,  // seconds since the browser began to read the file
    ready: true,
  };
})();
